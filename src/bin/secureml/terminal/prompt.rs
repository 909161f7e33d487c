use std::io::{self, BufRead as _, Read as _, Write as _};

use secrecy::SecretString;
use secureml::prompt::Prompt;

/// Asks at the terminal, without showing what is typed.
pub(crate) struct TerminalPrompt;

impl Prompt for TerminalPrompt {
    fn secret(&self, what: &str) -> Option<SecretString> {
        ask(what)
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        // Standard output is for results.
        let mut shown = anstream::stderr().lock();
        write!(shown, "{question} [y/N] ").and_then(|()| shown.flush()).ok()?;
        let mut answer = String::new();
        let read = io::stdin().lock().take(MAX_ANSWER_BYTES).read_line(&mut answer).ok()?;
        if read == 0 {
            return None;
        }
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    fn visit(&self, url: &str, open: bool) -> bool {
        let opened = open && open::that_detached(url).is_ok();
        if open && !opened {
            // The page would lead back to this machine, where nobody can open it.
            return false;
        }
        let what = if opened { "If no browser opens, visit" } else { "Visit" };
        // Standard output is for results.
        let shown = writeln!(anstream::stderr(), "{what}: {url}");
        drop(shown);
        opened
    }
}

/// A longer answer is not `yes`.
const MAX_ANSWER_BYTES: u64 = 1024;

#[cfg(not(unix))]
fn ask(what: &str) -> Option<SecretString> {
    rpassword::prompt_password(format!("{what}: ")).ok().map(SecretString::from)
}

#[cfg(unix)]
use unix::ask;

/// The keys are read one by one, interrupts among them: a program that dies at its prompt leaves the terminal mute.
#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, Read as _, Write as _};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use secrecy::SecretString;
    use secrecy::zeroize::Zeroizing;

    /// Asks for one line; `None` where there is no terminal, or the question was interrupted.
    pub(super) fn ask(what: &str) -> Option<SecretString> {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let mut hidden = Hidden::new(tty).ok()?;
        write!(hidden.tty, "{what}: ").ok()?;
        let line = hidden.line().ok()?;
        writeln!(hidden.tty).ok()?;
        let line = line?;
        std::str::from_utf8(&line).ok().map(SecretString::from)
    }

    /// A terminal that shows nothing of what is typed, until this is dropped.
    struct Hidden {
        tty: File,
        before: Termios,
    }

    impl Hidden {
        fn new(tty: File) -> io::Result<Self> {
            let before = tcgetattr(&tty)?;
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            tcsetattr(&tty, OptionalActions::Flush, &hidden)?;
            Ok(Self { tty, before })
        }

        /// What is typed up to the end of the line, with the usual keys to correct it; `None` on an interrupt.
        fn line(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
            let mut line = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
            let mut key = [0];
            while line.len() < MAX_BYTES {
                if self.tty.read(&mut key)? == 0 {
                    return Ok(None);
                }
                match key {
                    [b'\n' | b'\r'] => return Ok(Some(line)),
                    [INTERRUPT | END | QUIT] => return Ok(None),
                    [BACKSPACE | DELETE] => {
                        // The bytes of a character that follow its first all begin with the bits 10.
                        while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                    }
                    [KILL_LINE] => line.clear(),
                    [byte] => line.push(byte),
                }
            }
            Ok(None)
        }
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            // If the terminal is gone, nobody misses its settings.
            let restored = tcsetattr(&self.tty, OptionalActions::Now, &self.before);
            drop(restored.map_err(io::Error::from));
        }
    }

    /// A line that is longer is no passphrase; the room is made once, so that no copy of it stays behind.
    const MAX_BYTES: usize = 4096;
    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const BACKSPACE: u8 = 0x08;
    const KILL_LINE: u8 = 0x15;
    const QUIT: u8 = 0x1c;
    const DELETE: u8 = 0x7f;
}
