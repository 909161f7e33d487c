//! Pickles told by their opcodes: walked, never run. The opcodes and what they take are those of Python's `pickletools`.

/// What the opcodes at the start of a file amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) ending: Ending,
    /// A pickle ended at its STOP; what follows may be another one, and is walked as well.
    pub(super) stops: bool,
    /// How many opcodes there are.
    codes: u32,
    /// Something was imported by name before it ended.
    pub(super) imports: bool,
    /// Something imported was called, or given a state, before it ended.
    pub(super) calls: bool,
}

impl Reading {
    /// Whether it ended, and after more opcodes than raw weights begin with by chance.
    pub(super) const fn is_long_data(&self) -> bool {
        self.stops && self.codes >= MIN_CODES
    }
}

/// How the walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// At a STOP, with a value.
    Stop,
    /// Where the bytes at hand end; all up to there was well-formed.
    Cut,
    /// At something that no unpickler accepts.
    Broken,
    /// At an argument that Python does not write; whether every unpickler refuses it is not known.
    Odd,
    /// Nowhere: more well-formed opcodes than any other content has.
    Endless,
}

/// Walks the opcodes; `is_whole` says that the file has no more bytes.
pub(super) fn read(head: &[u8], is_whole: bool) -> Reading {
    let mut rest = head;
    let reading = read_from(&mut rest);
    match reading.ending {
        Ending::Cut if is_whole || head.is_empty() => Reading { ending: Ending::Broken, ..reading },
        _ => reading,
    }
}

/// Walks the opcodes to the end of the input, or so far that it can be nothing but a pickle.
pub(super) fn read_from(input: &mut dyn Input) -> Reading {
    let mut walk = Walk::new(input);
    let mut stops = false;
    let ending = loop {
        match walk.step() {
            Ok(None) if walk.codes >= MAX_CODES => break Ending::Endless,
            Ok(None) => {}
            Ok(Some(Ending::Stop)) if !walk.calls => {
                stops = true;
                (walk.depth, walk.below) = (0, Vec::new());
            }
            Ok(Some(ending)) => break ending,
            Err(Short) => break Ending::Cut,
        }
    };
    Reading {
        ending,
        stops: stops || ending == Ending::Stop,
        imports: walk.imports,
        calls: walk.calls,
        codes: walk.codes,
    }
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

/// The unpickler's machine, with numbers of values in place of values.
#[expect(clippy::struct_excessive_bools, reason = "what was seen on the way, each by itself")]
struct Walk<'a> {
    rest: &'a mut dyn Input,
    /// How many values lie above the last mark.
    depth: usize,
    /// The same for the marks below.
    below: Vec<usize>,
    imports: bool,
    /// Something registered under a number was named, which only pickles with a protocol do.
    extends: bool,
    has_protocol: bool,
    calls: bool,
    codes: u32,
}

/// The bytes at hand end within an opcode.
struct Short;

/// What an opcode does to the stack.
enum Effect {
    /// Takes some values and leaves others.
    Values {
        takes: usize,
        leaves: usize,
    },
    /// Takes all values above the last mark, and the mark; of those below, as in `Values`.
    ToMark {
        takes: usize,
        leaves: usize,
    },
    Mark,
    Pop,
    Stop,
}

impl<'a> Walk<'a> {
    fn new(rest: &'a mut dyn Input) -> Self {
        Self {
            rest,
            depth: 0,
            below: Vec::new(),
            imports: false,
            extends: false,
            has_protocol: false,
            calls: false,
            codes: 0,
        }
    }

    /// One opcode; says how the walk ends, if it does.
    fn step(&mut self) -> Result<Option<Ending>, Short> {
        let code = self.byte()?;
        self.codes = self.codes.saturating_add(1);
        let Some(effect) = effect(code) else { return Ok(Some(Ending::Broken)) };
        if !self.skip_argument(code)? {
            return Ok(Some(Ending::Odd));
        }
        self.has_protocol |= code == 0x80;
        self.imports |= matches!(code, b'c' | b'i') || (code == 0x93 && self.depth >= 2);
        self.extends |= matches!(code, 0x82..=0x84);
        let above = self.depth;
        let holds = match effect {
            Effect::Stop => return Ok(Some(if self.depth > 0 { Ending::Stop } else { Ending::Broken })),
            Effect::Mark => {
                self.below.push(self.depth);
                self.depth = 0;
                true
            }
            Effect::Pop if self.depth == 0 => self.unwind(),
            Effect::Pop => self.values(1, 0),
            Effect::Values { takes, leaves } => self.values(takes, leaves),
            Effect::ToMark { takes, leaves } => self.unwind() && self.values(takes, leaves),
        };
        let is_call = matches!(code, b'R' | b'i' | b'b' | 0x81 | 0x92) || (code == b'o' && above > 0);
        self.calls |= holds && (self.imports || (self.extends && self.has_protocol)) && is_call;
        Ok((!holds).then_some(Ending::Broken))
    }

    fn values(&mut self, takes: usize, leaves: usize) -> bool {
        let left = self.depth.checked_sub(takes);
        self.depth = left.unwrap_or_default().saturating_add(leaves);
        left.is_some()
    }

    fn unwind(&mut self) -> bool {
        let mark = self.below.pop();
        self.depth = mark.unwrap_or_default();
        mark.is_some()
    }

    fn byte(&mut self) -> Result<u8, Short> {
        self.rest.next_byte().ok_or(Short)
    }

    fn pass(&mut self, count: u64) -> Result<(), Short> {
        if count == 0 || self.rest.pass(count) { Ok(()) } else { Err(Short) }
    }

    /// Passes over what stands behind an opcode; `false` where that cannot be its argument.
    fn skip_argument(&mut self, code: u8) -> Result<bool, Short> {
        let fixed = match code {
            b'K' | b'h' | b'q' | 0x82 => 1,
            b'M' | 0x83 => 2,
            b'J' | b'j' | b'r' | 0x84 => 4,
            b'G' | 0x95 => 8,
            b'U' | b'C' | 0x8a | 0x8c => self.counted(1)?,
            b'T' | b'X' | b'B' | 0x8b => self.counted(4)?,
            0x8d | 0x8e | 0x96 => self.counted(8)?,
            0x80 => return Ok(self.byte()? <= HIGHEST_PROTOCOL),
            b'c' | b'i' => return Ok(self.line(is_name)? && self.line(is_name)?),
            b'I' | b'L' | b'F' | b'g' | b'p' => return self.line(is_number),
            b'S' => return self.line(is_quoted),
            b'V' | b'P' => return self.line(|_| true),
            _ => 0,
        };
        self.pass(fixed)?;
        Ok(true)
    }

    /// A length in so many bytes; one that no file has is as good as any that is too long.
    fn counted(&mut self, width: u32) -> Result<u64, Short> {
        let mut length = 0;
        for place in 0..width {
            length |= u64::from(self.byte()?) << (8 * place);
        }
        Ok(length)
    }

    /// A line; of a longer one than anybody writes, the rest is not looked at.
    fn line(&mut self, is_right: fn(&[u8]) -> bool) -> Result<bool, Short> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(is_right(line.trim_ascii_end())),
                byte if line.len() < MAX_LINE_BYTES => line.push(byte),
                _ => return Ok(false),
            }
        }
    }
}

fn effect(code: u8) -> Option<Effect> {
    let values = |takes, leaves| Some(Effect::Values { takes, leaves });
    match code {
        b'.' => Some(Effect::Stop),
        b'(' => Some(Effect::Mark),
        b'0' => Some(Effect::Pop),
        // PROTO, FRAME.
        0x80 | 0x95 => values(0, 0),
        b'N'
        | b'K'
        | b'J'
        | b'M'
        | b'G'
        | b'F'
        | b'I'
        | b'L'
        | b'S'
        | b'V'
        | b'U'
        | b'T'
        | b'X'
        | b'B'
        | b'C'
        | b']'
        | b'}'
        | b')'
        | b'P'
        | b'g'
        | b'h'
        | b'j'
        | b'c'
        | 0x82..=0x84
        | 0x88..=0x8f
        | 0x96
        | 0x97 => values(0, 1),
        // What looks at the topmost value, or replaces it: memo, tuple of one, persistent identifier, buffer.
        b'p' | b'q' | b'r' | b'Q' | 0x85 | 0x94 | 0x98 => values(1, 1),
        b'2' => values(1, 2),
        b'R' | b'a' | b'b' | 0x81 | 0x86 | 0x93 => values(2, 1),
        b's' | 0x87 | 0x92 => values(3, 1),
        b'1' => Some(Effect::ToMark { takes: 0, leaves: 0 }),
        b'd' | b'l' | b't' | b'o' | b'i' | 0x91 => Some(Effect::ToMark { takes: 0, leaves: 1 }),
        b'e' | b'u' | 0x90 => Some(Effect::ToMark { takes: 1, leaves: 1 }),
        _ => None,
    }
}

fn is_name(line: &[u8]) -> bool {
    !line.is_empty() && !line.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

/// Numbers as Python writes and reads them: `12`, `-3L`, `1e-5`, `0x1f`, `1_000`, `nan`, `-inf`.
fn is_number(line: &[u8]) -> bool {
    let line = line.trim_ascii().to_ascii_lowercase();
    let digits = line.strip_prefix(b"-").or_else(|| line.strip_prefix(b"+")).unwrap_or(&line);
    matches!(digits, b"nan" | b"inf" | b"infinity")
        || (digits.iter().any(u8::is_ascii_digit)
            && digits.iter().all(|byte| byte.is_ascii_hexdigit() || b".+-_lxo".contains(byte)))
}

fn is_quoted(line: &[u8]) -> bool {
    matches!(line, [b'\'', .., b'\''] | [b'"', .., b'"'])
}

const HIGHEST_PROTOCOL: u8 = 5;
/// What the smallest dictionary takes.
const MIN_CODES: u32 = 8;
/// So many opcodes in a row are no chance.
const MAX_CODES: u32 = 1 << 20;
/// How long a line may be: longer ones are read by no loader in a reasonable time, and by no chance end.
const MAX_LINE_BYTES: usize = 64 << 20;
