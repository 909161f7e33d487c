use std::collections::HashMap;

/// A value, as far as it matters to what is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// None that names anything.
    Data,
    /// A string; says whether it may be the name of a module.
    Text { is_module: bool },
    /// What the loader makes of it.
    Any,
}

impl Value {
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text { .. } | Self::Any)
    }

    pub(super) const fn is_module(self) -> bool {
        matches!(self, Self::Text { is_module: true } | Self::Any)
    }
}

/// The stack of an unpickler, its marks and its memo. Whatever cannot be done is `None`.
#[derive(Debug, Default)]
pub(super) struct Stack {
    values: Vec<Value>,
    /// How many values lie below each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// A key was spelled in a way that is not followed: any may hold anything.
    is_unclear: bool,
}

/// What an opcode does to the stack.
enum Effect {
    /// Takes some values, and leaves one.
    Makes {
        takes: usize,
    },
    /// Takes all values above the last mark, and the mark, and leaves one.
    Gathers,
    /// The same, and adds them to the value below: none to a value of any kind.
    Adds,
    /// Takes some values, and looks at the one below.
    Looks {
        takes: usize,
    },
    Nothing,
    Copy,
    Mark,
    PopMark,
    Pop,
}

impl Stack {
    /// Does what an opcode does; `value` is the one that it leaves.
    pub(super) fn apply(&mut self, code: u8, value: Value) -> Option<()> {
        match effect(code)? {
            Effect::Makes { takes } => self.make(takes, value),
            Effect::Gathers if code == b'o' && self.depth() == 0 => None,
            Effect::Gathers => self.unwind().and_then(|()| self.make(0, value)),
            Effect::Adds => self.unwind().and_then(|()| self.top()).map(drop),
            Effect::Looks { takes } => {
                let left = self.values.len().checked_sub(takes).filter(|_| self.depth() > takes)?;
                self.values.truncate(left);
                Some(())
            }
            Effect::Nothing => Some(()),
            Effect::Copy => self.top().map(|top| self.values.push(top)),
            Effect::Mark => {
                self.marks.push(self.values.len());
                Some(())
            }
            Effect::PopMark => self.unwind(),
            Effect::Pop if self.depth() == 0 => self.unwind(),
            Effect::Pop => self.values.pop().map(drop),
        }
    }

    /// Ends a pickle; the memo stays for the next one. `false` where there is no value.
    pub(super) fn end(&mut self) -> bool {
        let has_value = self.depth() > 0;
        self.values.clear();
        self.marks.clear();
        has_value
    }

    /// The two topmost values, the lower one first.
    pub(super) fn top_two(&self) -> Option<[Value; 2]> {
        if self.depth() < 2 { None } else { self.values.last_chunk().copied() }
    }

    /// Keeps the topmost value; without a key, under one that is not known.
    pub(super) fn memorize(&mut self, key: Option<u32>) -> Option<()> {
        let top = self.top()?;
        match key {
            Some(key) => drop(self.memo.insert(key, top)),
            None => self.is_unclear = true,
        }
        Some(())
    }

    /// Keeps the topmost value under the next key, by the count of those that there are.
    pub(super) fn memorize_next(&mut self) -> Option<()> {
        self.memorize(u32::try_from(self.memo.len()).ok())
    }

    pub(super) fn recall(&self, key: Option<u32>) -> Option<Value> {
        match key {
            Some(key) if !self.is_unclear => self.memo.get(&key).copied(),
            _ => Some(Value::Any),
        }
    }

    /// How many values lie above the last mark.
    fn depth(&self) -> usize {
        self.values.len().saturating_sub(self.marks.last().copied().unwrap_or_default())
    }

    fn top(&self) -> Option<Value> {
        if self.depth() == 0 { None } else { self.values.last().copied() }
    }

    fn make(&mut self, takes: usize, value: Value) -> Option<()> {
        self.depth().checked_sub(takes)?;
        self.values.truncate(self.values.len().saturating_sub(takes));
        self.values.push(value);
        Some(())
    }

    fn unwind(&mut self) -> Option<()> {
        let mark = self.marks.pop()?;
        self.values.truncate(mark);
        Some(())
    }
}

fn effect(code: u8) -> Option<Effect> {
    Some(match code {
        b'(' => Effect::Mark,
        b'0' => Effect::Pop,
        b'1' => Effect::PopMark,
        b'2' => Effect::Copy,
        // PROTO, FRAME.
        0x80 | 0x95 => Effect::Nothing,
        // What goes into the memo, what makes a buffer read-only.
        b'p' | b'q' | b'r' | 0x94 | 0x98 => Effect::Looks { takes: 0 },
        // A state that is empty goes to a value of any kind.
        b'b' => Effect::Looks { takes: 1 },
        b'N' | b'K' | b'J' | b'M' | b'G' | b'F' | b'I' | b'L' | b'S' | b'V' | b'U' | b'T' | b'X' | b'B' | b'C' => {
            Effect::Makes { takes: 0 }
        }
        b']' | b'}' | b')' | b'P' | b'g' | b'h' | b'j' | b'c' | 0x82..=0x84 | 0x88..=0x8f | 0x96 | 0x97 => {
            Effect::Makes { takes: 0 }
        }
        b'Q' | 0x85 => Effect::Makes { takes: 1 },
        b'R' | b'a' | 0x81 | 0x86 | 0x93 => Effect::Makes { takes: 2 },
        b's' | 0x87 | 0x92 => Effect::Makes { takes: 3 },
        b'd' | b'l' | b't' | b'o' | b'i' | 0x91 => Effect::Gathers,
        b'e' | b'u' | 0x90 => Effect::Adds,
        _ => return None,
    })
}
