use std::fmt;
use std::str::FromStr;

use super::ModelPath;
use super::pickle::{self, Ending};

/// What kind of file one file of a model is, told by its first bytes and, where these say nothing, by its name.
///
/// [`ModelFormat::detect`] looks at the first [`ModelFormat::HEAD_BYTES`] alone. [`ModelFormat::read`] also looks into what
/// is archived or compressed (ZIP, tar, gzip, zlib), all members of it, and reads what may be a pickle to its end. What it
/// cannot look into is [`ModelFormat::Compressed`]. Where two formats fit, the one that can run code is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelFormat {
    /// [Safetensors](https://github.com/huggingface/safetensors): names and numbers.
    Safetensors,
    /// GGUF, of llama.cpp.
    Gguf,
    /// The formats before GGUF: `ggml`, `ggmf`, `ggjt`, `ggla`.
    Ggml,
    /// ONNX: a protocol buffer without a magic number, told by its first fields.
    Onnx,
    /// A Python pickle by itself, joblib's files and arrays of Python objects included.
    Pickle,
    /// What `torch.save` writes: a ZIP archive around a pickle, or the older row of pickles.
    PyTorch,
    /// A `.keras` archive.
    Keras,
    /// HDF5, also of Keras 2.
    Hdf5,
    /// TensorFlow Lite, also called LiteRT.
    TfLite,
    /// One array of NumPy that holds no Python objects.
    Npy,
    /// Several arrays of NumPy in a ZIP archive.
    Npz,
    /// The graph of a TensorFlow SavedModel, `saved_model.pb`.
    SavedModel,
    /// MessagePack, of Flax.
    MessagePack,
    /// What may hold anything, unseen: bzip2, xz, lzma, lz4, Zstandard, 7z and RAR, encrypted archives, and whatever is
    /// nested more deeply or unpacks to more than is looked at.
    Compressed,
    /// Anything else: configurations, texts, formats that are not known here.
    Other,
}

impl ModelFormat {
    /// Every format.
    pub const ALL: [Self; 15] = [
        Self::Safetensors,
        Self::Gguf,
        Self::Ggml,
        Self::Onnx,
        Self::Pickle,
        Self::PyTorch,
        Self::Keras,
        Self::Hdf5,
        Self::TfLite,
        Self::Npy,
        Self::Npz,
        Self::SavedModel,
        Self::MessagePack,
        Self::Compressed,
        Self::Other,
    ];

    /// How many bytes of a file [`ModelFormat::detect`] wants to see.
    pub const HEAD_BYTES: usize = 4096;

    /// Tells the format of a file; `head` is its first [`ModelFormat::HEAD_BYTES`], fewer only where it has no more.
    #[must_use]
    pub fn detect(name: &ModelPath, head: &[u8]) -> Self {
        let hint = Hint::of(name);
        if let Some(found) = running_code(hint, head) {
            return found;
        }
        let fixed = [
            (0, b"GGUF", Self::Gguf),
            (0, b"lmgg", Self::Ggml),
            (0, b"fmgg", Self::Ggml),
            (0, b"tjgg", Self::Ggml),
            (0, b"algg", Self::Ggml),
            (4, b"TFL3", Self::TfLite),
        ];
        let has = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
        if let Some((.., format)) = fixed.iter().find(|(at, magic, _)| has(*at, *magic)) {
            return *format;
        }
        if head.starts_with(NPY) {
            return if holds_objects(head) { Self::Pickle } else { Self::Npy };
        }
        if is_safetensors(head) {
            return Self::Safetensors;
        }
        if is_opaque(head) {
            return Self::Compressed;
        }
        match (hint, head) {
            (Hint::SavedModel, [0x08, _, 0x12, ..]) => Self::SavedModel,
            (Hint::MessagePack, [0x80..=0x8f | 0xde | 0xdf, ..]) => Self::MessagePack,
            // An archive with something in front of it opens all the same.
            (Hint::Keras, _) => Self::Keras,
            _ if is_onnx(hint, head) => Self::Onnx,
            _ => Self::Other,
        }
    }

    /// Whether the usual loaders of this format may run code that the file brings along: a pickle calls what it names, a
    /// Keras model may have `Lambda` layers, a graph of TensorFlow may read and write files.
    ///
    /// `false` speaks of the format, not of its loaders' faults, nor of code that is beside the weights in the model
    /// (`modeling_*.py`, templates). Nothing is looked for: a pickle that calls nothing counts like one that does.
    #[must_use]
    pub const fn executes_code(self) -> bool {
        match self {
            Self::Pickle | Self::PyTorch | Self::Keras | Self::Hdf5 | Self::SavedModel => true,
            Self::Safetensors
            | Self::Gguf
            | Self::Ggml
            | Self::Onnx
            | Self::TfLite
            | Self::Npy
            | Self::Npz
            | Self::MessagePack
            | Self::Compressed
            | Self::Other => false,
        }
    }

    /// Whether a file of this format is one of `other`'s as well: whatever PyTorch saves is a pickle, and what cannot be
    /// looked into counts as one, since the loaders of pickles unpack by themselves.
    #[must_use]
    pub fn is_a(self, other: Self) -> bool {
        self == other || (matches!(self, Self::PyTorch | Self::Compressed) && other == Self::Pickle)
    }

    /// The name in policies and reports, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Ggml => "ggml",
            Self::Onnx => "onnx",
            Self::Pickle => "pickle",
            Self::PyTorch => "pytorch",
            Self::Keras => "keras",
            Self::Hdf5 => "hdf5",
            Self::TfLite => "tflite",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::SavedModel => "saved-model",
            Self::MessagePack => "msgpack",
            Self::Compressed => "compressed",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ModelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {name:?}, known are {}", ModelFormat::ALL.map(ModelFormat::name).join(", "))]
pub struct UnknownFormat {
    /// The name as it was found.
    pub name: String,
}

/// What a file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// A pickle.
    Pickle,
    /// Weights, perhaps for a loader that unpickles.
    Weights,
    Keras,
    Onnx,
    SavedModel,
    MessagePack,
    Nothing,
}

impl Hint {
    pub(super) fn of(name: &ModelPath) -> Self {
        let name = name.as_str().to_lowercase();
        let file = name.rsplit('/').next().unwrap_or_default();
        match file.rsplit_once('.').map(|(_, extension)| extension) {
            Some("pkl" | "pickle" | "joblib" | "dill" | "sav") => Self::Pickle,
            Some("bin" | "pt" | "pth" | "ckpt" | "pt2") => Self::Weights,
            // As joblib writes compressed files.
            Some("z" | "gz" | "bz2" | "xz" | "lzma" | "lz4")
                if [".pkl.", ".pickle.", ".joblib."].iter().any(|inner| file.contains(inner)) =>
            {
                Self::Pickle
            }
            Some("keras") => Self::Keras,
            Some("onnx") => Self::Onnx,
            Some("msgpack") => Self::MessagePack,
            _ if file == "saved_model.pb" => Self::SavedModel,
            _ => Self::Nothing,
        }
    }
}

/// The formats that come first because they can run code; what else fits a file does not matter then.
fn running_code(hint: Hint, head: &[u8]) -> Option<ModelFormat> {
    let reading = pickle::read(head, head.len() < ModelFormat::HEAD_BYTES);
    // Raw weights may begin with a protocol: no unpickler gets through these, and some end within a long string only.
    let goes_on = reading.ending != Ending::Broken && reading.is_long();
    let has_protocol = matches!(head, [0x80, 0..=5, ..]);
    if reading.calls || (has_protocol && (goes_on || hint == Hint::Pickle)) {
        let early = head.get(..64).unwrap_or(head);
        let torch = has_protocol && early.windows(TORCH.len()).any(|window| window == TORCH);
        return Some(if torch { ModelFormat::PyTorch } else { ModelFormat::Pickle });
    }
    if head.starts_with(ZIP) {
        return Some(zip(hint, head));
    }
    // HDF5 may have bytes of anybody's in front of it, of these lengths: a pickle as well, which goes on behind the head.
    if [0, 512, 1024, 2048].iter().any(|at| head.get(*at..).is_some_and(|rest| rest.starts_with(HDF5))) {
        return Some(if reading.ending == Ending::Cut { ModelFormat::Pickle } else { ModelFormat::Hdf5 });
    }
    let is_pickle = match hint {
        Hint::Pickle => {
            reading.imports
                || reading.stops
                || reading.ending != Ending::Broken
                || COMPRESSED.iter().any(|magic| head.starts_with(magic))
        }
        Hint::Weights => reading.imports || reading.is_long_data(),
        Hint::Keras => reading.ending == Ending::Cut,
        _ => false,
    };
    is_pickle.then_some(ModelFormat::Pickle)
}

/// The format of a ZIP archive, by the members that begin within the head.
fn zip(hint: Hint, head: &[u8]) -> ModelFormat {
    let begins = (0..head.len()).filter(|at| head.get(*at..).is_some_and(|rest| rest.starts_with(ZIP)));
    let names: Vec<String> = begins.filter_map(|at| member_name(head.get(at..)?)).collect();
    zip_of(hint, &names)
}

/// The format of a ZIP archive with members of these names, in lower case.
pub(super) fn zip_of(hint: Hint, names: &[String]) -> ModelFormat {
    let any = |wanted: &dyn Fn(&str) -> bool| names.iter().any(|name| wanted(name));
    if any(&|name| name.ends_with(".pkl")) || matches!(hint, Hint::Pickle | Hint::Weights) {
        return ModelFormat::PyTorch;
    }
    let is_keras = any(&|name| name == "metadata.json") && any(&|name| name == "config.json");
    if hint == Hint::Keras || is_keras || any(&|name| name == "model.weights.h5") {
        return ModelFormat::Keras;
    }
    if names.first().is_some_and(|name| name.ends_with(".npy")) { ModelFormat::Npz } else { ModelFormat::Other }
}

/// The name in a local file header (APPNOTE 6.3.10, section 4.3.7), as far as it is in the head.
fn member_name(header: &[u8]) -> Option<String> {
    let length = u16::from_le_bytes(header.get(26..28)?.try_into().ok()?);
    let rest = header.get(30..)?;
    let name = rest.get(..usize::from(length)).unwrap_or(rest);
    Some(String::from_utf8_lossy(name).to_lowercase())
}

/// A length that its readers accept, and a JSON object of it.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, json)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    (2..=MAX_SAFETENSORS_HEADER_BYTES).contains(&length)
        && matches!(json, [b'{', b'"' | b'}' | b' ' | b'\t' | b'\r' | b'\n', ..])
}

/// Whether an array's header names Python objects as its elements, in any of the spellings that need no trick; one that
/// goes on behind the head may.
fn holds_objects(head: &[u8]) -> bool {
    let header = match head.get(6..) {
        Some([1, _, a, b, header @ ..]) => header.get(..usize::from(u16::from_le_bytes([*a, *b]))),
        Some([_, _, a, b, c, d, header @ ..]) => {
            usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok().and_then(|length| header.get(..length))
        }
        _ => None,
    };
    let Some(header) = header else { return true };
    header.contains(&b'O') || header.contains(&b'\\') || header.windows(6).any(|word| word == b"object")
}

/// The version of the format first, then another field of `ModelProto`; without the name, it has to be the producer.
fn is_onnx(hint: Hint, head: &[u8]) -> bool {
    let is_field = |tag: u8| matches!(tag, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72);
    match head {
        [0x08, 1..=63, tag, ..] if hint == Hint::Onnx => is_field(*tag),
        [0x08, 3..=63, 0x12, length @ 1..=64, rest @ ..] => {
            let (length, printable) = (usize::from(*length), |byte: &u8| byte.is_ascii_graphic() || *byte == b' ');
            rest.get(..length).is_some_and(|producer| producer.iter().all(printable))
                && rest.get(length).is_some_and(|tag| is_field(*tag))
        }
        _ => false,
    }
}

/// Whether it is packed by a method that is not looked into; the magic numbers are long enough to be no chance.
fn is_opaque(head: &[u8]) -> bool {
    let is_bzip2 = match head.split_at_checked(4) {
        Some(([b'B', b'Z', b'h', b'1'..=b'9'], rest)) => BZIP2_BLOCKS.iter().any(|magic| rest.starts_with(magic)),
        _ => false,
    };
    let is_skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    is_bzip2 || is_skippable || is_lzma(head) || OPAQUE.iter().any(|magic| head.starts_with(magic))
}

/// LZMA alone has no magic number: its usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a size.
fn is_lzma(head: &[u8]) -> bool {
    let [0x5d, dictionary @ .., 0] = head.get(..14).unwrap_or_default() else { return false };
    let Some((dictionary, size)) = dictionary.split_first_chunk::<4>() else { return false };
    let (dictionary, size) = (u32::from_le_bytes(*dictionary), size.try_into().map_or(0, u64::from_le_bytes));
    let ones = dictionary.count_ones();
    let is_round = ones == 1 || (ones == 2 && (dictionary & (dictionary << 1)).count_ones() == 1);
    dictionary >= 4096 && (is_round || dictionary == u32::MAX) && (size == u64::MAX || size < 1 << 38)
}

pub(super) const ZIP: &[u8] = b"PK\x03\x04";
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
const NPY: &[u8] = b"\x93NUMPY";
/// `LONG1 0x1950a86a20f9469cfc6c STOP`: the first pickle of `torch.save` before version 1.6.
const TORCH: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// Both kinds of block that follow the header of bzip2: one with content, and the end.
const BZIP2_BLOCKS: [&[u8]; 2] = [b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"];
/// xz, Zstandard, lz4, 7z, RAR.
const OPAQUE: [&[u8]; 5] =
    [b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"];
/// What joblib unpacks before it unpickles: zlib (four levels), gzip, bzip2, xz, lzma, lz4.
const COMPRESSED: [&[u8]; 9] = [
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x5d\0\0",
    b"\x04\x22\x4d\x18",
];
/// The ceiling of the format's own reader.
const MAX_SAFETENSORS_HEADER_BYTES: u64 = 100_000_000;

#[cfg(test)]
mod tests;
