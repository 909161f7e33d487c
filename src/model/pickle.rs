//! Pickles told by their opcodes: walked, never run. The opcodes and what they take are those of Python's `pickletools`.
//!
//! What counts is the first name that an unpickler imports, since importing a module runs it. Whatever either of Python's
//! unpicklers (the one in C, the one in Python that joblib and dill build on) gets through, the walk gets through as well.

mod argument;
mod value;

use value::{Stack, Value};

/// What the opcodes at the start of a file amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) ending: Ending,
    /// A pickle ended at its STOP; what follows may be another one, and is walked as well.
    pub(super) stops: bool,
    /// How many opcodes there are.
    codes: u32,
    /// Something was imported by name before it ended, be it by the first lines of a list of words.
    pub(super) imports: bool,
    /// Something was imported, or something registered was called, and it is no list of words; or it has all of a pickle,
    /// from the protocol in front to the STOP.
    pub(super) calls: bool,
}

impl Reading {
    /// Whether it ended, and after more opcodes than raw weights begin with by chance.
    pub(super) const fn is_long_data(&self) -> bool {
        self.stops && self.is_long()
    }

    /// Whether there are more opcodes than raw weights begin with by chance.
    pub(super) const fn is_long(&self) -> bool {
        self.codes >= MIN_CODES
    }
}

/// How the walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Where something runs: what follows does not matter.
    Runs,
    /// Where the bytes at hand end; all up to there was well-formed.
    Cut,
    /// At something that no unpickler accepts.
    Broken,
    /// Nowhere: more well-formed opcodes than any other content has.
    Endless,
}

/// Walks the opcodes; `is_whole` says that the file has no more bytes.
pub(super) fn read(head: &[u8], is_whole: bool) -> Reading {
    let mut rest = head;
    let reading = Walk::new(&mut rest, is_whole).finish();
    match reading.ending {
        Ending::Cut if is_whole || head.is_empty() => Reading { ending: Ending::Broken, ..reading },
        _ => reading,
    }
}

/// Walks the opcodes to the end of the input, or so far that it can be nothing but a pickle.
pub(super) fn read_from(input: &mut dyn Input) -> Reading {
    Walk::new(input, true).finish()
}

/// Bytes that come one after the other.
pub(super) trait Input {
    /// The next byte; `None` at the end, or where reading fails.
    fn next_byte(&mut self) -> Option<u8>;

    /// Passes over so many bytes; `false` where there are not as many.
    fn pass(&mut self, count: u64) -> bool;
}

impl Input for &[u8] {
    fn next_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.split_first()?;
        *self = rest;
        Some(*first)
    }

    fn pass(&mut self, count: u64) -> bool {
        let rest = usize::try_from(count).ok().and_then(|count| self.get(count..));
        *self = rest.unwrap_or_default();
        rest.is_some()
    }
}

/// The unpickler's machine, with as much of the values as tells which may name something.
#[expect(clippy::struct_excessive_bools, reason = "what was seen on the way, each by itself")]
struct Walk<'a> {
    rest: &'a mut dyn Input,
    /// Where the input ends, the file does.
    is_whole: bool,
    stack: Stack,
    /// How many bytes were read, and where the last frame ends.
    at: u64,
    frame_end: u64,
    /// Every byte so far is one of text.
    is_text: bool,
    imports: bool,
    /// It goes on as no list of words does, or names what runs when it is imported.
    is_certain: bool,
    /// Something registered under a number was named, which only pickles with a protocol do.
    extends: bool,
    has_protocol: bool,
    begins_with_protocol: bool,
    stops: bool,
    codes: u32,
}

impl<'a> Walk<'a> {
    fn new(rest: &'a mut dyn Input, is_whole: bool) -> Self {
        Self {
            rest,
            is_whole,
            stack: Stack::default(),
            at: 0,
            frame_end: 0,
            is_text: true,
            imports: false,
            is_certain: false,
            extends: false,
            has_protocol: false,
            begins_with_protocol: false,
            stops: false,
            codes: 0,
        }
    }

    fn finish(mut self) -> Reading {
        let ending = loop {
            match self.step() {
                Ok(()) if self.runs() => break Ending::Runs,
                Ok(()) if self.codes >= MAX_CODES => break Ending::Endless,
                Ok(()) => {}
                Err(ending) => break ending,
            }
        };
        if self.imports {
            // Of a list of words, the next are words as well.
            for _ in 0..MAX_WORDS_BYTES {
                if self.runs() || self.byte().is_err() {
                    break;
                }
            }
        }
        let calls = self.runs() || (self.begins_with_protocol && self.stops);
        Reading { ending, stops: self.stops, codes: self.codes, imports: self.imports, calls }
    }

    /// Whether something was imported that was meant to be, or something registered called.
    ///
    /// A list of words may begin with two lines that import something (`cat`, `dog`: `dog` of `at`). It is none if it has
    /// other bytes than those of text, ends like a pickle, calls something, or names a module that is worth it.
    const fn runs(&self) -> bool {
        self.is_certain || (self.imports && (!self.is_text || self.stops))
    }

    /// One opcode; the error is how the walk ends.
    ///
    /// No pickle that was not forged has an opcode that begins in a frame and ends behind it, or a frame in a frame: the
    /// unpickler in C leaves out what it has of that opcode, and goes on behind the frame.
    fn step(&mut self) -> Result<(), Ending> {
        let (begin, frame_end) = (self.at, self.frame_end);
        let code = self.byte()?;
        self.codes = self.codes.saturating_add(1);
        let value = self.argument(code);
        self.is_certain |= begin < frame_end && (code == FRAME || frame_end < self.at);
        let value = value?;
        match code {
            0x80 => {
                self.has_protocol = true;
                self.begins_with_protocol |= begin == 0;
            }
            0x82..=0x84 => self.extends = true,
            0x93 => self.import_from_stack()?,
            b'.' => return self.stop(),
            _ => {}
        }
        self.stack.apply(code, value).ok_or(Ending::Broken)?;
        let is_call = matches!(code, b'R' | b'i' | b'b' | b'o' | 0x81 | 0x92);
        self.is_certain |= is_call && (self.imports || (self.extends && self.has_protocol));
        Ok(())
    }

    /// A pickle ends with a value, and another one may follow. Behind a frame that goes on, loaders differ in where.
    fn stop(&mut self) -> Result<(), Ending> {
        if !self.stack.end() {
            return Err(Ending::Broken);
        }
        self.stops = true;
        self.is_certain |= self.at < self.frame_end;
        Ok(())
    }

    /// Where a frame ends; one that no file holds is read to the file's end, if at all.
    fn frame(&mut self) -> Result<(), Ending> {
        match self.number(8)? {
            length @ ..=MAX_LENGTH => self.frame_end = self.at.saturating_add(length),
            length if i64::try_from(length).is_err() => return Err(Ending::Broken),
            _ => self.frame_end = 0,
        }
        Ok(())
    }

    fn import_from_stack(&mut self) -> Result<(), Ending> {
        let [module, name] = self.stack.top_two().ok_or(Ending::Broken)?;
        if !module.is_text() || !name.is_text() {
            return Err(Ending::Broken);
        }
        if module.is_module() {
            (self.imports, self.is_certain) = (true, true);
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Ending> {
        let byte = self.rest.next_byte().ok_or(Ending::Cut)?;
        self.at = self.at.saturating_add(1);
        self.is_text &= byte >= b' ' || byte.is_ascii_whitespace();
        Ok(byte)
    }

    fn pass(&mut self, mut count: u64) -> Result<(), Ending> {
        for _ in 0..count.min(MAX_SEEN_BYTES) {
            self.byte()?;
            count = count.saturating_sub(1);
        }
        self.at = self.at.saturating_add(count);
        if count == 0 || self.rest.pass(count) { Ok(()) } else { Err(Ending::Cut) }
    }

    /// Reads what stands behind an opcode: the value that it makes, as far as that is told there.
    fn argument(&mut self, code: u8) -> Result<Value, Ending> {
        match code {
            b'K' | 0x82 => self.pass(1)?,
            b'M' | 0x83 => self.pass(2)?,
            b'J' | 0x84 => self.pass(4)?,
            b'G' => self.pass(8)?,
            FRAME => self.frame()?,
            b'C' | 0x8a => self.counted(1).and_then(|length| self.pass(length))?,
            b'B' | 0x8b => self.counted(4).and_then(|length| self.pass(length))?,
            0x8e | 0x96 => self.counted(8).and_then(|length| self.pass(length))?,
            _ => return self.telling_argument(code),
        }
        Ok(Value::Data)
    }
}

const FRAME: u8 = 0x95;
const HIGHEST_PROTOCOL: u8 = 5;
/// What the smallest dictionary takes.
const MIN_CODES: u32 = 8;
/// So many opcodes in a row are no chance.
const MAX_CODES: u32 = 1 << 20;
/// No file is as long.
const MAX_LENGTH: u64 = 1 << 48;
/// How much of what is passed over is seen, whether it is text.
const MAX_SEEN_BYTES: u64 = 16;
/// How much of what follows has to be text.
const MAX_WORDS_BYTES: usize = 512;

#[cfg(test)]
mod tests;
