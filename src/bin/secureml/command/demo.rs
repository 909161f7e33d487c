use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::ExposeSecret as _;
use secureml::crypto::Curve;
use secureml::io::AtomicFile;
use secureml::model::{Entry, IgnoreRules, ModelTree, SymlinkRule};
use secureml::render::{Report, Step};
use secureml::sign::{FileKey, SigningKey as _};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::host::Host;

/// Shows signing, verifying and a refusal on a copy of a small model.
///
/// Makes a folder for temporary files with a copy of the model and a throw-away key, signs, verifies, changes one byte
/// of the copy, verifies again, and prints each command as it can be typed. The folder stays for you to go on with.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The model to show it on, up to 1 GB; a small one comes with the program.
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
}

/// `execute` runs another command of this program.
pub(crate) fn run(args: &DemoArgs, execute: &Execute<'_>, host: &Host) -> Result<Exit, Failure> {
    let folder = private_folder().map_err(broken)?;
    let model = folder.path().join("model");
    let file = match &args.model {
        Some(given) => copy(given, &model)?,
        None => write_own(&model).map_err(broken)?,
    };
    let folder = folder.keep();
    host.mute_json();
    let mut demo = Demo { host, execute, folder, steps: Vec::new(), as_expected: true };
    demo.make_key()?;
    let (key, public, signature) = (demo.place("key.pem"), demo.place("key.pub.pem"), demo.place("model.sig"));
    let verify =
        ["verify".into(), "key".into(), "--public-key".into(), public, "--signature".into(), signature.clone()];
    let verify = || verify.iter().cloned().chain([model.clone().into()]).collect::<Vec<OsString>>();
    let sign = ["sign".into(), "key".into(), "--private-key".into(), key, "--signature".into(), signature];
    demo.step(sign.into_iter().chain([model.clone().into()]).collect(), Exit::Accepted)?;
    demo.step(verify(), Exit::Accepted)?;
    let original = demo.change_one_byte(&file)?;
    demo.step(verify(), Exit::Refused)?;
    // So that the commands show the same once more.
    put_byte(&file, original)?;
    demo.finish()
}

/// Runs the words of a command, without the program's name.
type Execute<'a> = dyn Fn(Vec<OsString>) -> io::Result<Exit> + 'a;

/// A demonstration under way.
struct Demo<'a> {
    host: &'a Host,
    execute: &'a Execute<'a>,
    folder: PathBuf,
    steps: Vec<Step>,
    as_expected: bool,
}

impl Demo<'_> {
    fn place(&self, name: &str) -> OsString {
        self.folder.join(name).into()
    }

    /// Makes what `openssl genpkey` and `openssl pkey -pubout` would; openssl need not be there.
    fn make_key(&mut self) -> Result<(), Failure> {
        let failed = |error: &dyn std::error::Error| Failure::new(Exit::Undecided, "cannot make a key", error);
        let key = FileKey::generate(Curve::P256).map_err(|error| failed(&error))?;
        let private = key.to_pem().map_err(|error| failed(&error))?;
        let (private_path, public_path) = (self.place("key.pem"), self.place("key.pub.pem"));
        for (path, text) in [(&private_path, private.expose_secret()), (&public_path, &key.public_key().to_pem())] {
            let mut file = AtomicFile::create(Path::new(path)).map_err(|error| failed(&error))?;
            file.write_all(text.as_bytes())?;
            file.commit().map_err(|error| failed(&error))?;
        }
        let (private, public) = (quote(&private_path), quote(&public_path));
        self.host.printer().result("# A throw-away key, made by the program itself as these two would.")?;
        self.say(&format!("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {private}"), 0)?;
        self.say(&format!("openssl pkey -in {private} -pubout -out {public}"), 0)
    }

    /// Runs one command of this program, and notes whether it ends as it should.
    fn step(&mut self, words: Vec<OsString>, expected: Exit) -> Result<(), Failure> {
        let shown: Vec<String> = words.iter().map(quote).collect();
        self.host.printer().result(&format!("$ {} {}", self.host.program(), shown.join(" ")))?;
        let exit = (self.execute)(words)?;
        self.as_expected &= exit == expected;
        self.steps
            .push(Step { command: format!("{} {}", self.host.program(), shown.join(" ")), exit_code: exit.code() });
        Ok(self.host.printer().result("")?)
    }

    /// Turns over every bit of the byte in the middle of a file, and returns its place and what it was.
    fn change_one_byte(&mut self, path: &Path) -> Result<(u64, [u8; 1]), Failure> {
        let mut file = File::open(path)?;
        let middle = file.metadata()?.len() / 2;
        let mut byte = [0];
        file.seek(SeekFrom::Start(middle))?;
        file.read_exact(&mut byte)?;
        let changed = byte.map(|byte| !byte);
        put_byte(path, (middle, changed))?;
        let octal: String = changed.iter().map(|byte| format!(r"\{byte:03o}")).collect();
        let path = quote(&path.as_os_str().to_owned());
        self.say(&format!("printf '{octal}' | dd of={path} bs=1 seek={middle} conv=notrunc status=none"), 0)?;
        Ok((middle, byte))
    }

    fn say(&mut self, command: &str, exit_code: u8) -> Result<(), Failure> {
        self.host.printer().result(&format!("$ {command}\n"))?;
        self.steps.push(Step { command: command.to_owned(), exit_code });
        Ok(())
    }

    fn finish(self) -> Result<Exit, Failure> {
        let printer = self.host.unmute();
        if !self.as_expected {
            return Err(Failure::plain(Exit::Undecided, "the demonstration did not end as it should"));
        }
        let folder = self.folder.display();
        printer.result(&format!(
            "Signed and accepted; with one byte changed, refused. That is what it is for.\n\
             Every command above can be pasted; the files stay in {folder}"
        ))?;
        let report = Report::new("demo", Exit::Accepted.outcome())
            .about(self.folder.join("model").display().to_string(), None)
            .with_steps(&self.steps);
        printer.report(&report)?;
        Ok(Exit::Accepted)
    }
}

fn put_byte(path: &Path, (place, byte): (u64, [u8; 1])) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(place))?;
    file.write_all(&byte)
}

/// A new folder that nobody else can look into: it will hold a private key.
fn private_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("secureml-demo-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

/// Writes the model that the program carries: a network of 17 weights that computes the exclusive or of two bits.
fn write_own(model: &Path) -> io::Result<PathBuf> {
    fs::create_dir(model)?;
    let path = model.join("model.safetensors");
    File::create_new(&path)?.write_all(include_bytes!("../demo.safetensors"))?;
    Ok(path)
}

/// Copies a model, and names one of its files that has bytes to change.
fn copy(given: &Path, to: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new(Exit::Undecided, format!("cannot copy {}", given.display()), error).with_help("check the path")
    };
    let tree = ModelTree::open(given, SymlinkRule::Refuse).map_err(|error| failed(&error))?;
    let mut left = MAX_MODEL_BYTES;
    let mut to_change = None;
    for entry in tree.walk(&IgnoreRules::default(), None) {
        let Entry::File(file) = entry.map_err(|error| failed(&error))? else {
            return Err(Failure::plain(Exit::Refused, "the model holds links, or other things that cannot be signed"));
        };
        let too_large = || Failure::plain(Exit::Misuse, "the model is too large to copy for a demonstration (1 GB)");
        left = left.checked_sub(file.size()).ok_or_else(too_large)?;
        let path = if file.path.is_root() { to.to_owned() } else { to.join(file.path.as_str()) };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(broken)?;
        }
        let mut source = file.open().map_err(|error| failed(&error))?;
        io::copy(&mut source, &mut File::create_new(&path).map_err(broken)?).map_err(broken)?;
        let signed = file.path.is_root() || IgnoreRules::git().rule_for(&file.path).is_none();
        if file.size() > 0 && signed && to_change.is_none() {
            to_change = Some(path);
        }
    }
    to_change.ok_or_else(|| Failure::plain(Exit::Refused, "the model has no file with content"))
}

fn broken(error: io::Error) -> Failure {
    Failure::new(Exit::Undecided, "cannot write to the folder for temporary files", &error)
        .with_help("set TMPDIR to a folder with room")
}

/// A word as a POSIX shell reads it back.
fn quote(word: &OsString) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How large a model may be that is copied.
const MAX_MODEL_BYTES: u64 = 1_000_000_000;
