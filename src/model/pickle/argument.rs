use super::value::Value;
use super::{Ending, HIGHEST_PROTOCOL, MAX_LENGTH, Walk};

impl Walk<'_> {
    /// Reads an argument that counts: text, names, keys of the memo, numbers in words.
    pub(super) fn telling_argument(&mut self, code: u8) -> Result<Value, Ending> {
        match code {
            0x80 if self.byte()? > HIGHEST_PROTOCOL => return Err(Ending::Broken),
            b'c' | b'i' => self.import()?,
            b'I' | b'L' | b'F' => self.number_in_words().map(drop)?,
            b'g' => {
                let key = self.number_in_words()?;
                return self.stack.recall(key).ok_or(Ending::Broken);
            }
            b'h' | b'j' => {
                let key = self.number(if code == b'h' { 1 } else { 4 })?;
                return self.stack.recall(u32::try_from(key).ok()).ok_or(Ending::Broken);
            }
            b'p' => {
                let key = self.number_in_words()?;
                self.stack.memorize(key).ok_or(Ending::Broken)?;
            }
            b'q' | b'r' => {
                let key = self.number(if code == b'q' { 1 } else { 4 })?;
                self.stack.memorize(u32::try_from(key).ok()).ok_or(Ending::Broken)?;
            }
            0x94 => self.stack.memorize_next().ok_or(Ending::Broken)?,
            b'V' => return Ok(self.line()?.escaped()),
            b'S' => {
                let line = self.line()?;
                return if line.is_quoted() { Ok(line.escaped()) } else { Err(Ending::Broken) };
            }
            // What it is, the loader says.
            b'P' => return self.line().map(|_| Value::Any),
            b'Q' => return Ok(Value::Any),
            b'U' => return self.counted(1).and_then(|length| self.text(length, false)),
            b'T' => return self.counted(4).and_then(|length| self.text(length, false)),
            0x8c => return self.counted(1).and_then(|length| self.text(length, true)),
            b'X' => return self.number(4).and_then(|length| self.text(length, true)),
            0x8d => return self.counted(8).and_then(|length| self.text(length, true)),
            _ => {}
        }
        Ok(Value::Data)
    }

    /// A number without a sign.
    pub(super) fn number(&mut self, width: u32) -> Result<u64, Ending> {
        let mut number = 0;
        for place in 0..width {
            number |= u64::from(self.byte()?) << (8 * place);
        }
        Ok(number)
    }

    /// A length with a sign, where it has room for one.
    pub(super) fn counted(&mut self, width: u32) -> Result<u64, Ending> {
        let length = self.number(width)?;
        let is_possible = length < MAX_LENGTH && (width != 4 || i32::try_from(length).is_ok());
        if is_possible { Ok(length) } else { Err(Ending::Broken) }
    }

    /// Text of so many bytes.
    fn text(&mut self, length: u64, is_utf8: bool) -> Result<Value, Ending> {
        let mut kept = Vec::new();
        while kept.len() < MAX_KEPT_BYTES && u64::try_from(kept.len()).is_ok_and(|count| count < length) {
            kept.push(self.byte()?);
        }
        let left = length.saturating_sub(u64::try_from(kept.len()).unwrap_or(u64::MAX));
        if is_utf8 && !may_be_utf8(&kept, left == 0) {
            return Err(Ending::Broken);
        }
        self.pass(left)?;
        Ok(Value::Text { is_module: is_module(&kept) })
    }

    /// Two lines: module and name.
    ///
    /// Where the file ends instead, unpicklers import all the same.
    fn import(&mut self) -> Result<(), Ending> {
        let module = self.line_or_end()?;
        let name = self.line_or_end()?;
        let kept = &module.kept;
        let names = [&module, &name].map(|line| may_be_utf8(&line.kept, !line.is_long));
        if names.contains(&false) {
            return Err(Ending::Broken);
        }
        if is_module(kept) {
            self.imports = true;
            self.is_certain |= is_telling(kept);
        }
        Ok(())
    }

    fn number_in_words(&mut self) -> Result<Option<u32>, Ending> {
        let line = self.line()?;
        if line.is_number() { Ok(line.key()) } else { Err(Ending::Broken) }
    }

    fn line(&mut self) -> Result<Line, Ending> {
        let mut line = Line::default();
        loop {
            match self.byte()? {
                b'\n' => return Ok(line),
                byte => line.push(byte)?,
            }
        }
    }

    fn line_or_end(&mut self) -> Result<Line, Ending> {
        let mut line = Line::default();
        loop {
            match self.byte() {
                Ok(b'\n') => return Ok(line),
                Ok(byte) => line.push(byte)?,
                Err(Ending::Cut) if self.is_whole => {
                    // The last byte is taken for the end of the line.
                    line.kept.pop();
                    return Ok(line);
                }
                Err(ending) => return Err(ending),
            }
        }
    }
}

/// A line without its end, as far as it counts.
#[derive(Debug, Default)]
struct Line {
    kept: Vec<u8>,
    is_long: bool,
    length: u64,
    last: u8,
}

impl Line {
    fn push(&mut self, byte: u8) -> Result<(), Ending> {
        self.length = self.length.saturating_add(1);
        if self.kept.len() < MAX_KEPT_BYTES {
            self.kept.push(byte);
        } else {
            self.is_long = true;
        }
        if !is_space(byte) {
            self.last = byte;
        }
        if self.length < MAX_LINE_BYTES { Ok(()) } else { Err(Ending::Endless) }
    }

    /// The text that it stands for, with or without quotes.
    fn escaped(&self) -> Value {
        let text = if matches!(self.kept.first(), Some(b'\'' | b'"')) { self.kept.get(1..) } else { None };
        let text = text.unwrap_or(&self.kept);
        let text = text.strip_suffix(&[self.last]).filter(|_| matches!(self.last, b'\'' | b'"')).unwrap_or(text);
        Value::Text { is_module: is_module(text) || is_module(&self.kept) }
    }

    fn is_quoted(&self) -> bool {
        matches!(self.kept.as_slice(), [quote @ (b'\'' | b'"'), _, ..] if *quote == self.last)
    }

    /// A number as Python writes and reads it: `12`, `-3L`, `1e-5`, `0x1f`, `1_000`, `nan`, `-inf`. A NUL ends it.
    fn is_number(&self) -> bool {
        let line = self.up_to_nul().to_ascii_lowercase();
        let digits = line.strip_prefix(b"-").or_else(|| line.strip_prefix(b"+")).unwrap_or(&line);
        matches!(digits, b"nan" | b"inf" | b"infinity")
            || (digits.iter().any(u8::is_ascii_digit)
                && digits.iter().all(|byte| byte.is_ascii_hexdigit() || b".+-_lxo".contains(byte)))
    }

    /// The key of the memo that it spells in the plain way.
    fn key(&self) -> Option<u32> {
        str::from_utf8(self.up_to_nul()).ok()?.parse().ok()
    }

    fn up_to_nul(&self) -> &[u8] {
        let line = self.kept.split(|byte| *byte == 0).next().unwrap_or_default();
        let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
        let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last.saturating_add(1));
        line.get(start..end).unwrap_or_default()
    }
}

/// What C takes for a space.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether a module may have this name, escaped perhaps: what stands before its first dot is imported first.
fn is_module(name: &[u8]) -> bool {
    let first = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    !first.is_empty()
        && first.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\\' | 0x80..=0xff))
}

/// Whether a module is worth importing for what it does then, or for what is in it.
fn is_telling(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| *byte == b'.');
    let first = parts.next().unwrap_or_default();
    let is_known = TELLING.split_ascii_whitespace().any(|known| known.as_bytes() == first);
    is_known || name.starts_with(b"__") || parts.any(|part| part.starts_with(b"__"))
}

/// UTF-8 as Python reads it in pickles, with halves of surrogate pairs.
fn may_be_utf8(text: &[u8], is_whole: bool) -> bool {
    match str::from_utf8(text) {
        Ok(_) => true,
        Err(error) => match text.get(error.valid_up_to()) {
            Some(0xed) => true,
            _ => !is_whole && error.error_len().is_none(),
        },
    }
}

/// How much is kept of a line or text: more than names have.
const MAX_KEPT_BYTES: usize = 1024;
/// No line of a pickle that anybody loads is as long.
const MAX_LINE_BYTES: u64 = 1 << 30;
/// Modules of the standard library that run something, let others run something, or reach the system.
const TELLING: &str = "
    aifc antigravity asyncio bdb builtins cProfile code codeop codecs commands concurrent copyreg ctypes dbm distutils
    doctest ensurepip ftplib functools glob http idlelib imaplib imp importlib inspect io lib2to3 linecache logging
    marshal mmap multiprocessing nntplib nt ntpath operator os pathlib pdb pickle pip pkgutil platform poplib posix
    posixpath profile pty py_compile pydoc requests runpy shelve shutil signal site smtplib socket socketserver
    sqlite3 ssl subprocess sys tarfile tempfile test this threading timeit torch trace turtledemo types unittest urllib
    uuid venv webbrowser winreg xmlrpc zipfile zipimport _io _pickle _posixsubprocess";
