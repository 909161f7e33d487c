//! What the program does where a person sits at a terminal: it asks for a passphrase, unseen, and shows colour and
//! progress. The terminal is made by `script` of util-linux.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use secureml::crypto::Curve;
use secureml::sign::SigningKey as _;

use crate::openssl::OpenSsl;
use crate::support::{Fixture, assert_accepted, secureml, skip};

const PASSPHRASE: &str = "corvus-corax-41";

/// The program in a terminal of its own.
struct Terminal {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    /// The terminal's device.
    device: String,
}

#[test]
fn asks_for_the_passphrase_and_does_not_show_it() {
    let fixture = Fixture::new();
    let Some(()) = make_encrypted_key(&fixture) else { return };
    let Some(mut terminal) = Terminal::open(&fixture, SIGN, None) else { return };
    terminal.answer(format!("{PASSPHRASE}\n").as_bytes());
    let (code, shown) = terminal.close();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains(&format!("Passphrase of {}: ", fixture.path("key.pem").display())), "{shown}");
    assert!(shown.contains("Signing succeeded"), "{shown}");
    assert!(!shown.contains(PASSPHRASE), "{shown}");
    assert!(fixture.signature().exists());
}

#[test]
fn a_wrong_answer_and_none_are_told_apart() {
    let fixture = Fixture::new();
    let Some(()) = make_encrypted_key(&fixture) else { return };
    let end_of_input: &[u8] = &[4];
    for (answer, reason) in [
        (b"pica-pica-17\n".as_slice(), "the passphrase does not open the private key"),
        (end_of_input, "no passphrase was given"),
    ] {
        let Some(mut terminal) = Terminal::open(&fixture, SIGN, None) else { return };
        terminal.answer(answer);
        let (code, shown) = terminal.close();
        assert_eq!(code, 3, "{shown}");
        assert!(shown.contains(reason), "{shown}");
        assert!(!shown.contains("pica-pica-17"), "{shown}");
        assert!(!fixture.signature().exists());
    }
}

/// Nothing but a yes pins signers.
#[test]
fn signers_are_pinned_when_a_person_says_so() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let policy = fixture.path("p.yaml");
    for (answer, code, written) in [
        (b"n\n".as_slice(), 1, false),
        (b"\n", 1, false),
        (b"yes, why not\n", 1, false),
        (b"\x04", 2, false),
        (b"Yes\n", 0, true),
    ] {
        let Some(mut terminal) = Terminal::open(&fixture, LOCK, None) else { return };
        terminal.child.stdin.as_mut().expect("a pipe").write_all(answer).expect("somebody listens");
        let (found, shown) = terminal.close();
        assert_eq!(found, code, "{shown}");
        assert!(
            shown.contains(&format!("signer: key {}, known by key.pub.pem", key.key.public_key().hint())),
            "{shown}"
        );
        assert!(shown.contains("Are these the right signers, to be pinned in "), "{shown}");
        assert_eq!(policy.exists(), written, "{shown}");
    }
}

/// Somebody may look at the signers for minutes, and somebody else be quicker.
#[test]
fn what_was_pinned_while_a_person_looked_is_not_lost() {
    let fixture = Fixture::new();
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    let policy = fixture.path("p.yaml");
    let Some(mut terminal) = Terminal::open(&fixture, LOCK, None) else { return };
    let mut shown = Vec::new();
    terminal.output.read_until(b'?', &mut shown).expect("a question");
    let other = "# by somebody else\n";
    fs::write(&policy, other).unwrap();
    terminal.child.stdin.as_mut().expect("a pipe").write_all(b"yes\n").expect("somebody listens");
    let (code, shown) = terminal.close();
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("changed while the signers were looked at, and was left as it is"), "{shown}");
    assert_eq!(fs::read_to_string(&policy).unwrap(), other);
}

const LOCK: &str = r#"policy lock --policy "$(dirname "$KEY")/p.yaml" --public-key "$(dirname "$KEY")/key.pub.pem" --signature "$SIGNATURE" "$MODEL""#;

#[test]
fn does_not_ask_in_continuous_integration() {
    let fixture = Fixture::new();
    let Some(()) = make_encrypted_key(&fixture) else { return };
    let Some(terminal) = Terminal::open(&fixture, SIGN, Some(("CI", "true"))) else { return };
    let (code, shown) = terminal.close();
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("no passphrase was given"), "{shown}");
    assert!(!shown.contains("Passphrase of"), "{shown}");
}

#[test]
fn colours_errors_unless_told_not_to() {
    let fixture = Fixture::with(&[("x/y", b"")]);
    let words = r#"digest --allow-symlinks "$MODEL/absent""#;
    for (variable, coloured) in [(("TERM", "xterm"), true), (("NO_COLOR", "1"), false), (("TERM", "dumb"), false)] {
        let Some(terminal) = Terminal::open(&fixture, words, Some(variable)) else { return };
        let (code, shown) = terminal.close();
        assert_eq!(code, 3, "{shown}");
        assert!(shown.contains("error:"), "{shown}");
        assert_eq!(shown.contains("\u{1b}[31m") || shown.contains("\u{1b}[1m"), coloured, "{variable:?}: {shown:?}");
    }
}

#[test]
fn shows_progress_unless_quiet_or_unattended() {
    let fixture = Fixture::new();
    fixture.key("key", Curve::P256);
    // Zeros that take no room on the disk, and long enough to hash that a bar is worth it.
    File::create(fixture.model().join("large.bin")).unwrap().set_len(1 << 30).unwrap();
    let quiet = format!("--quiet {SIGN}");
    let json = format!("--format json {SIGN}");
    for (words, variable, bar) in [
        (SIGN, None, true),
        (quiet.as_str(), None, false),
        (json.as_str(), None, false),
        (SIGN, Some(("CI", "true")), false),
    ] {
        let Some(terminal) = Terminal::open(&fixture, words, variable) else { return };
        let (code, shown) = terminal.close();
        assert_eq!(code, 0, "{shown}");
        assert_eq!(shown.contains(" left "), bar, "{words} {variable:?}: {shown:?}");
        assert_eq!(shown.contains("/8 files"), bar, "{words} {variable:?}: {shown:?}");
    }
}

const SIGN: &str = r#"sign key --private-key "$KEY" --signature "$SIGNATURE" "$MODEL""#;

impl Terminal {
    /// Starts the program with these words, in which `$KEY`, `$SIGNATURE` and `$MODEL` stand for the fixture's files;
    /// where there is no terminal to be had the caller skips, and this says so.
    fn open(fixture: &Fixture, words: &str, variable: Option<(&str, &str)>) -> Option<Self> {
        let version = Command::new("script").arg("--version").output();
        if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
            skip("there is no `script` of util-linux on this machine");
            return None;
        }
        let program = secureml();
        let mut command = Command::new("script");
        for (name, value) in program.get_envs() {
            assert!(value.is_none(), "the clean environment only leaves out");
            command.env_remove(name);
        }
        let line = format!(r#"tty; exec "$PROGRAM" {words}"#);
        command.args(["-q", "-e", "-c", &line, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm");
        command.env("PROGRAM", program.get_program()).env("KEY", fixture.path("key.pem"));
        command.env("SIGNATURE", fixture.signature()).env("MODEL", fixture.model()).envs(variable);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut device = String::new();
        output.read_line(&mut device).expect("the terminal's name");
        Some(Self { child, output, device: device.trim().to_owned() })
    }

    /// Types an answer, once the terminal does not echo any more: before that, nobody has asked.
    fn answer(&mut self, text: &[u8]) {
        let mut asked = false;
        for _ in 0..5000 {
            let settings = Command::new("stty").arg("-F").arg(&self.device).arg("-a").output().expect("stty starts");
            let settings = String::from_utf8_lossy(&settings.stdout).into_owned();
            asked = settings.split_whitespace().any(|word| word == "-echo");
            if asked || self.child.try_wait().expect("a child").is_some() {
                break;
            }
        }
        assert!(asked, "the program does not ask");
        self.child.stdin.as_mut().expect("a pipe").write_all(text).expect("somebody listens");
    }

    /// How the program ended, and all that stood on the terminal.
    fn close(mut self) -> (i32, String) {
        let mut shown = Vec::new();
        self.output.read_to_end(&mut shown).expect("the terminal can be read");
        let status = self.child.wait().expect("a child");
        (status.code().expect("script ends by itself"), String::from_utf8_lossy(&shown).into_owned())
    }
}

/// Makes `key.pem`, which [`PASSPHRASE`] opens.
fn make_encrypted_key(fixture: &Fixture) -> Option<()> {
    let openssl = OpenSsl::find(&fixture.path(""))?;
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem");
    openssl.run(&format!("pkcs8 -topk8 -in plain.pem -passout pass:{PASSPHRASE} -out key.pem"));
    Some(())
}
