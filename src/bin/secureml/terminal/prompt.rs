use secrecy::SecretString;
use secureml::prompt::Prompt;

/// Asks at the terminal, without showing what is typed.
pub(crate) struct TerminalPrompt;

impl Prompt for TerminalPrompt {
    fn secret(&self, what: &str) -> Option<SecretString> {
        rpassword::prompt_password(format!("{what}: ")).ok().map(SecretString::from)
    }
}
