use std::process::ExitCode;

/// How the program ends; everything but `Accepted` must stop a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; what was to be verified is what was signed.
    Accepted,
    /// Looked at and not acceptable.
    Refused,
    /// The command line makes no sense.
    Misuse,
    /// No verdict: something could not be read, or written.
    Undecided,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Refused => 1,
            Self::Misuse => 2,
            Self::Undecided => 3,
        }
    }

    /// The word for it in JSON.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Misuse => "misuse",
            Self::Undecided => "undecided",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
