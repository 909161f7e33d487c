//! Which options hints may name: what to do next has to be something that the command at hand can do.

/// The options of a command, as far as hints name some that not every command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// The words of the command; of several that have the same options, one.
    pub(crate) command: &'static [&'static str],
    names: &'static [&'static str],
}

impl Options {
    /// Whether the command has this option, and it decides something.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// How to give another path for what is written: ` with --output`; nothing where no option says it.
    pub(crate) fn with_target(&self) -> String {
        self.with(&["--output", "--to", "--signature"])
    }

    /// How to give another path for the signature that is read.
    pub(crate) fn with_signature(&self) -> String {
        self.with(&["--signature", "--fingerprint"])
    }

    fn with(&self, names: &[&str]) -> String {
        names.iter().find(|name| self.has(name)).map(|name| format!(" with {name}")).unwrap_or_default()
    }
}

pub(crate) const SIGN: Options =
    Options { command: &["sign", "key"], names: &[IGNORE, LINKS, "--signature", "--shard-size"] };
pub(crate) const DIGEST: Options = Options { command: &["digest"], names: &[IGNORE, LINKS, "--shard-size"] };
pub(crate) const VERIFY: Options =
    Options { command: &["verify", "key"], names: &[IGNORE, "--signature", "--ignore-unsigned-files"] };
pub(crate) const VERIFY_BY_POLICY: Options = Options { command: &["verify", "policy"], names: &[IGNORE, "--offline"] };
pub(crate) const LOCK: Options = Options { command: &["policy", "lock"], names: &["--signature", "--offline"] };
pub(crate) const FINGERPRINT_CREATE: Options =
    Options { command: &["fingerprint", "create"], names: &[IGNORE, LINKS, "--output"] };
pub(crate) const FINGERPRINT_VERIFY: Options =
    Options { command: &["fingerprint", "verify"], names: &[IGNORE, "--fingerprint", "--offline"] };
pub(crate) const CHECK_PROOF: Options =
    Options { command: &["fingerprint", "check-proof"], names: &["--fingerprint", "--offline"] };
pub(crate) const PACKAGE_CREATE: Options =
    Options { command: &["package", "create"], names: &["--output", "--signature"] };
pub(crate) const PACKAGE_ADD: Options = Options { command: &["package", "add-signature"], names: &[] };
pub(crate) const PACKAGE_VERIFY: Options = Options { command: &["package", "verify"], names: &["--offline"] };
pub(crate) const MIGRATE: Options = Options { command: &["migrate"], names: &["--to", "--signature", "--offline"] };
pub(crate) const TRUST: Options = Options { command: &["trust", "update"], names: &[] };

const IGNORE: &str = "--ignore-paths";
const LINKS: &str = "--allow-symlinks";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Arguments;

    /// What is listed is there, and what is there is listed: no hint names an option that the command does not know.
    #[test]
    fn the_options_are_those_of_the_commands() {
        let commands = [
            SIGN,
            DIGEST,
            VERIFY,
            VERIFY_BY_POLICY,
            LOCK,
            FINGERPRINT_CREATE,
            FINGERPRINT_VERIFY,
            CHECK_PROOF,
            PACKAGE_CREATE,
            PACKAGE_ADD,
            PACKAGE_VERIFY,
            MIGRATE,
            TRUST,
        ];
        // Some take a fingerprint along, and verifiers take links from the signature, whatever they are told.
        let excepted = [(SIGN, "--fingerprint"), (PACKAGE_CREATE, "--fingerprint"), (VERIFY, LINKS)];
        for options in commands {
            let mut command = Arguments::command();
            for word in options.command {
                command = command.find_subcommand(word).cloned().unwrap_or_else(|| panic!("{options:?}"));
            }
            let known: Vec<String> =
                command.get_arguments().filter_map(|arg| arg.get_long()).map(|name| format!("--{name}")).collect();
            for name in [
                IGNORE,
                LINKS,
                "--ignore-unsigned-files",
                "--shard-size",
                "--output",
                "--to",
                "--signature",
                "--fingerprint",
                "--offline",
            ] {
                let is_there = known.iter().any(|known| known == name) && !excepted.contains(&(options, name));
                assert_eq!(options.has(name), is_there, "{name} of {options:?}");
            }
        }
    }
}
