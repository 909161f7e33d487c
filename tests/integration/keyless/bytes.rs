//! Every byte of the file counts, also those of names, quotes and brackets.

use super::subject::{Subject, made_subjects, published_subjects};

#[test]
fn no_byte_of_the_file_bears_a_flip() {
    let mut subjects = made_subjects();
    subjects.extend(published_subjects().into_iter().flatten());
    let accepted: Vec<String> = subjects.iter().flat_map(flip_file).collect();
    assert!(accepted.is_empty(), "{} flips were accepted: {accepted:#?}", accepted.len());
}

/// Turns over the last bit of each byte of the signature's file, one at a time; gives the accepted ones.
fn flip_file(subject: &Subject) -> Vec<String> {
    let text = subject.bundle.to_string();
    let mut accepted = Vec::new();
    let mut unwritable = 0;
    for byte in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[byte] ^= 1;
        match String::from_utf8(bytes) {
            Err(_) => unwritable += 1,
            Ok(flipped) if subject.judge(&flipped).is_err() => {}
            Ok(_) => accepted.push(format!("{}: byte {byte} of {text}", subject.name)),
        }
    }
    eprintln!("{}: {} bytes, {unwritable} not UTF-8, {} accepted", subject.name, text.len(), accepted.len());
    accepted
}
