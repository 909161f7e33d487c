//! Swaps of the proof that the entry is in the log: tree, path and checkpoint.

use serde_json::{Value, json};

use super::{Swap, WITNESS, add, entry, proof, rewrite};

pub(super) const SWAPS: &[Swap] = &[
    Swap("another's proof", "signature-log", "", |b, o| {
        entry(b)["inclusionProof"] = o["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].clone();
    }),
    Swap("proof: number of the next tree", "signature-malformed", "out of range", |b, _| {
        let size = proof(b)["treeSize"].clone();
        proof(b)["logIndex"] = size;
    }),
    Swap("proof: number one lower", "signature-log", "", |b, _| add(&mut proof(b)["logIndex"], -1)),
    Swap("proof: first number", "signature-log", "", |b, _| proof(b)["logIndex"] = json!("0")),
    Swap("proof: tree one larger", "signature-log", "about different trees", |b, _| add(&mut proof(b)["treeSize"], 1)),
    Swap("proof: tree one smaller", "signature-log", "about different trees", |b, _| {
        add(&mut proof(b)["treeSize"], -1)
    }),
    Swap("proof: tree of nothing", "signature-log", "about different trees", |b, _| proof(b)["treeSize"] = json!("0")),
    Swap("proof: tree and checkpoint one larger", "signature-log", "", |b, _| {
        let size = proof(b)["treeSize"].as_str().expect("a size").to_owned();
        let larger = (size.parse::<u64>().expect("a size") + 1).to_string();
        proof(b)["treeSize"] = json!(larger);
        rewrite(b, |note| note.replacen(&format!("\n{size}\n"), &format!("\n{larger}\n"), 1));
    }),
    Swap("proof: hashes reversed", "signature-log", "", |b, _| hashes(b).reverse()),
    Swap("proof: two hashes exchanged", "signature-log", "", |b, _| hashes(b).swap(0, 1)),
    Swap("proof: first hash missing", "signature-log", "", |b, _| drop(hashes(b).remove(0))),
    Swap("proof: last hash missing", "signature-log", "", |b, _| drop(hashes(b).pop())),
    Swap("proof: hash added", "signature-log", "", |b, _| {
        let first = hashes(b)[0].clone();
        hashes(b).push(first);
    }),
    Swap("proof: hash doubled in front", "signature-log", "", |b, _| {
        let first = hashes(b)[0].clone();
        hashes(b).insert(0, first);
    }),
    Swap("proof: no hashes", "signature-log", "", |b, _| hashes(b).clear()),
    Swap("proof: a short hash", "signature-log", "is not SHA-256", |b, _| hashes(b)[0] = json!("AAAA")),
    Swap("proof: an empty hash", "signature-malformed", "a hash of an inclusion proof", |b, _| {
        hashes(b)[0] = json!("")
    }),
    Swap("proof: hashes without end", "signature-malformed", "a list of at most 64", |b, _| {
        let first = hashes(b)[0].clone();
        hashes(b).resize(65, first);
    }),
    Swap("proof: a short root", "signature-log", "about different trees", |b, _| proof(b)["rootHash"] = json!("AAAA")),
    Swap("proof: another's root", "signature-log", "about different trees", |b, o| {
        proof(b)["rootHash"] = o["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["rootHash"].clone();
    }),
    Swap("checkpoint: another's", "signature-log", "about different trees", |b, o| {
        proof(b)["checkpoint"] = o["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"].clone();
    }),
    Swap("checkpoint: another's signature", "signature-log", "did not sign the checkpoint", |b, o| {
        let other = &o["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"];
        let by = other.as_str().expect("a text").split_once("\n\n").expect("a note").1.to_owned();
        rewrite(b, |note| format!("{}\n\n{by}", note.split_once("\n\n").expect("a note").0));
    }),
    Swap("checkpoint: empty", "signature-log", "", |b, _| rewrite(b, |_| String::new())),
    Swap("checkpoint: no signature", "signature-log", "", |b, _| {
        rewrite(b, |note| format!("{}\n\n", note.split_once("\n\n").expect("a note").0));
    }),
    Swap("checkpoint: signer renamed", "signature-log", "did not sign the checkpoint", |b, _| {
        rewrite(b, |note| note.replace("\u{2014} rekor.sigstore.dev ", "\u{2014} rekor.example.org "));
    }),
    Swap("checkpoint: signer's name cut short", "signature-log", "did not sign the checkpoint", |b, _| {
        rewrite(b, |note| note.replace("\u{2014} rekor.sigstore.dev ", "\u{2014} rekor.sigstore "));
    }),
    Swap("checkpoint: another log", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replacen("rekor.sigstore.dev - ", "rekor.example.org - ", 1));
    }),
    Swap("checkpoint: another tree of the log", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replacen(" - 1193050959916656506", " - 2605736670972794746", 1));
    }),
    Swap("checkpoint: key named otherwise", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replace(" wNI9a", " xNI9a"));
    }),
    Swap("checkpoint: hyphen for the dash", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replace("\u{2014} ", "- "));
    }),
    Swap("checkpoint: a line behind", "signature-log", "", |b, _| rewrite(b, |note| format!("{note}more\n"))),
    Swap("checkpoint: an empty line behind", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| format!("{note}\n"));
    }),
    Swap("checkpoint: a paragraph behind", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| format!("{note}\nmore\n"));
    }),
    Swap("checkpoint: a line in front", "signature-log", "", |b, _| rewrite(b, |note| format!("more\n{note}"))),
    Swap("checkpoint: a line in the text", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replacen("\n\n", "\nmore\n\n", 1));
    }),
    Swap("checkpoint: a word behind the signature", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| format!("{} more\n", note.trim_end()));
    }),
    Swap("checkpoint: no newline at the end", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| note.trim_end().to_owned());
    }),
    Swap("checkpoint: lines end as on Windows", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replace('\n', "\r\n"))
    }),
    Swap("checkpoint: two spaces", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| note.replace("\u{2014} ", "\u{2014}  "));
    }),
    Swap("checkpoint: size with a zero in front", "signature-log", "", |b, _| {
        rewrite(b, |note| note.replacen('\n', "\n0", 1));
    }),
    Swap("checkpoint: a witness alone", "signature-log", "did not sign the checkpoint", |b, _| {
        rewrite(b, |note| format!("{}\n\n{WITNESS}", note.split_once("\n\n").expect("a note").0));
    }),
    Swap("checkpoint: a witness who writes otherwise", "signature-log", "written as a signed note", |b, _| {
        rewrite(b, |note| format!("{note}{} \n", WITNESS.trim_end()));
    }),
    Swap("checkpoint: a witness without a signature", "signature-log", "", |b, _| {
        rewrite(b, |note| format!("{note}\u{2014} witness.example AAAA\n"));
    }),
];

fn hashes(bundle: &mut Value) -> &mut Vec<Value> {
    proof(bundle)["hashes"].as_array_mut().expect("a list")
}
