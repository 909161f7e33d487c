/// Takes out of a text from elsewhere whatever may be a secret: services repeat what they were sent, whole or in pieces.
///
/// Out goes every run of base64url characters that begins as a JSON web token does (RFC 7519), is as long as a key, or
/// looks like chance.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (between, run) = rest.split_at(start);
        let (run, behind) = run.split_at(run.find(|c| !is_part(c)).unwrap_or(run.len()));
        safe.push_str(between);
        safe.push_str(if may_be_secret(run) { "(secret)" } else { run });
        rest = behind;
    }
    safe.push_str(rest);
    safe
}

fn may_be_secret(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.bytes().any(|byte| kind(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    run.starts_with("eyJ") || run.len() >= KEY_CHARS || (run.len() >= CHANCE_CHARS && is_mixed)
}

/// No word and no name is as long as this.
const KEY_CHARS: usize = 40;
/// From here on letters and digits without order are no name.
const CHANCE_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_their_pieces_go_and_words_stay() {
        assert_eq!(
            without_secrets("bad token eyJhbGciOi.eyJzdWIi.c2ln, sorry"),
            "bad token (secret).(secret).c2ln, sorry"
        );
        assert_eq!(without_secrets("CNx9mBDmbsyaI77c-nUjJppCXwzSQzRg"), "(secret)");
        assert_eq!(without_secrets(&"f".repeat(40)), "(secret)");
        let words = "http://127.0.0.1:36373/api/v2/signingCert: certificateSigningRequest of dev@example.test is wrong";
        assert_eq!(without_secrets(words), words);
        assert_eq!(without_secrets("\u{e9}t\u{e9}"), "\u{e9}t\u{e9}");
        assert_eq!(without_secrets(""), "");
    }
}
