//! Which Sigstore instance is meant, and whom to expect there.

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::Args;
use secureml::io::read_to_limit;
use secureml::trust::sigstore::{Access, Instance, Loaded, Origin, SigstoreError, SigstoreRoot, load};
use secureml::trust::{ClaimRule, IdentityPattern, PatternError};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options::{Options, TRUST};

/// A Sigstore instance.
#[derive(Debug, Args)]
pub(crate) struct InstanceArgs {
    /// Sigstore's staging instance, for trying things out.
    #[arg(long, conflicts_with_all = ["trust_config", "tuf_url"])]
    use_staging: bool,
    /// A private instance: its ClientTrustConfig in JSON; to verify, a bare TrustedRoot will do.
    #[arg(long, value_name = "FILE", conflicts_with = "tuf_url")]
    trust_config: Option<PathBuf>,
    /// A private instance: its TUF repository.
    #[arg(long, value_name = "URL", requires = "tuf_root")]
    tuf_url: Option<String>,
    /// The root metadata of that repository, which you trust.
    #[arg(long, value_name = "FILE", requires = "tuf_url")]
    tuf_root: Option<PathBuf>,
}

impl InstanceArgs {
    /// Whether an instance is named.
    pub(crate) const fn is_given(&self) -> bool {
        self.use_staging || self.trust_config.is_some() || self.tuf_url.is_some()
    }

    pub(crate) fn instance(&self) -> Result<Instance, Failure> {
        if let (Some(url), Some(root)) = (&self.tuf_url, &self.tuf_root) {
            let root = read_to_limit(root, MAX_TUF_ROOT_BYTES)
                .map_err(|error| Failure::new(Exit::Undecided, "cannot read the root of the TUF repository", &error))?;
            return Ok(Instance::Repository { url: url.clone(), root });
        }
        Ok(match &self.trust_config {
            Some(path) => Instance::File(path.clone()),
            None if self.use_staging => Instance::Staging,
            None => Instance::Public,
        })
    }

    pub(crate) fn load(&self, access: Access, host: &Host) -> Result<Loaded, Failure> {
        let instance = self.instance()?;
        load(&instance, access, host.cache().as_deref(), host.now).map_err(|error| no_trust_root(&error, TRUST))
    }
}

pub(crate) fn no_trust_root(error: &SigstoreError, options: Options) -> Failure {
    let failure = Failure::new(Exit::Undecided, "there is no trust root to go by", error);
    Failure { help: hint::for_trust_root(error, options), ..failure }
}

/// Which Sigstore instance is believed, and how it is asked.
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// Ask no network: use the trust root that is on this machine, or the copy in this program.
    #[arg(long)]
    offline: bool,
}

impl AccessArgs {
    /// Whether anything is said of an instance.
    pub(crate) const fn is_given(&self) -> bool {
        self.offline || self.instance.is_given()
    }

    /// Loads the trust root where it is asked for, once.
    ///
    /// # Errors
    /// What is wrong with the options themselves.
    pub(crate) fn lazily<'a>(
        &self,
        host: &'a Host,
    ) -> Result<impl Fn() -> Result<SigstoreRoot, SigstoreError> + use<'a>, Failure> {
        let (instance, offline) = (self.instance.instance()?, self.offline);
        let access = if offline { Access::Offline } else { Access::Online };
        let known: OnceCell<SigstoreRoot> = OnceCell::new();
        Ok(move || {
            if let Some(root) = known.get() {
                return Ok(root.clone());
            }
            let root = load(&instance, access, host.cache().as_deref(), host.now)?.root;
            if offline {
                host.printer().note(&format!("offline: the trust root is {}", described(root.origin(), host)));
            }
            Ok(known.get_or_init(|| root).clone())
        })
    }
}

/// Who must have signed.
#[derive(Debug, Args)]
pub(crate) struct IdentityArgs {
    /// The signer: an e-mail address, or the URI of a workflow; exactly this one.
    #[arg(long, value_name = "IDENTITY", conflicts_with_all = ["identity_glob", "identity_regex"])]
    identity: Option<String>,
    /// Signers that a glob matches: * and ? stand for anything but a slash, ** for whole parts of a path.
    #[arg(long, value_name = "GLOB", conflicts_with = "identity_regex")]
    identity_glob: Option<String>,
    /// Signers that a regular expression matches from end to end.
    #[arg(long, value_name = "REGEX")]
    identity_regex: Option<String>,
    /// Who vouches for the signer: the URL of the OpenID Connect provider, exactly. With --github-repository it is
    /// GitHub's own where none is given.
    #[arg(long, value_name = "URL")]
    identity_provider: Option<String>,
    /// The GitHub repository whose workflow must have signed.
    #[arg(long, value_name = "OWNER/NAME")]
    github_repository: Option<String>,
    /// The workflow: its file in that repository, with or without .github/workflows/.
    #[arg(long, value_name = "FILE")]
    github_workflow: Option<String>,
    /// The Git reference for which it must have run, such as refs/heads/main.
    #[arg(long, value_name = "REF")]
    github_ref: Option<String>,
}

impl IdentityArgs {
    /// Whether anything is said of the signer.
    pub(crate) const fn is_given(&self) -> bool {
        self.identity.is_some()
            || self.identity_glob.is_some()
            || self.identity_regex.is_some()
            || self.identity_provider.is_some()
            || self.github_repository.is_some()
            || self.github_workflow.is_some()
            || self.github_ref.is_some()
    }

    /// # Errors
    /// Where it is not said who must have signed, or by whose word.
    pub(crate) fn pattern(&self) -> Result<IdentityPattern, Failure> {
        self.check_values()?;
        let claims = self.claims();
        let issuer = match &self.identity_provider {
            Some(issuer) => issuer.clone(),
            None if self.github_repository.is_some() => GITHUB.to_owned(),
            None => {
                return Err(misuse("it is not said who vouches for the signer")
                    .with_help("give --identity-provider URL, and --identity WHO or one of its patterns"));
            }
        };
        let pattern = match (&self.identity, &self.identity_glob, &self.identity_regex) {
            (Some(identity), _, _) => IdentityPattern::exact(identity, issuer),
            (_, Some(glob), _) => IdentityPattern::glob(glob, issuer).map_err(|error| no_pattern(&error))?,
            (_, _, Some(regex)) => IdentityPattern::regex(regex, issuer).map_err(|error| no_pattern(&error))?,
            // A reference or a file name alone would be anybody's.
            _ if self.github_repository.is_some() => return Ok(IdentityPattern::claims(claims, issuer)),
            _ => {
                return Err(misuse("it is not said who must have signed").with_help(
                    "give --identity, --identity-glob, --identity-regex or --github-repository; \
                     `secureml inspect SIGNATURE` shows who claims to have signed",
                ));
            }
        };
        Ok(pattern.with_claims(claims))
    }

    /// An option whose value is empty comes from a variable that nobody has set.
    fn check_values(&self) -> Result<(), Failure> {
        let values = [
            ("--identity", &self.identity),
            ("--identity-glob", &self.identity_glob),
            ("--identity-regex", &self.identity_regex),
            ("--identity-provider", &self.identity_provider),
            ("--github-repository", &self.github_repository),
            ("--github-workflow", &self.github_workflow),
            ("--github-ref", &self.github_ref),
        ];
        if let Some((name, _)) = values.iter().find(|(_, value)| value.as_deref() == Some("")) {
            return Err(misuse(&format!("{name} is empty")).with_help("say who must have signed"));
        }
        let parts = self.github_repository.as_deref().map(|name| name.split('/').collect::<Vec<_>>());
        if parts.is_some_and(|parts| parts.len() != 2 || parts.contains(&"")) {
            return Err(misuse("--github-repository is not of the form OWNER/NAME"));
        }
        Ok(())
    }

    fn claims(&self) -> Vec<ClaimRule> {
        let repository = self.github_repository.clone().map(ClaimRule::GitHubRepository);
        let workflow = self.github_workflow.clone().map(ClaimRule::GitHubWorkflow);
        let reference = self.github_ref.clone().map(ClaimRule::GitHubRef);
        [repository, workflow, reference].into_iter().flatten().collect()
    }
}

/// Where a trust root is from, with its age.
pub(crate) fn described(origin: &Origin, host: &Host) -> String {
    match origin.age(host.now).map(|age| age.as_secs() / 3600) {
        None => origin.to_string(),
        Some(hours @ 0..48) => format!("{origin}, {hours} hours old"),
        Some(hours) => format!("{origin}, {} days old", hours / 24),
    }
}

fn misuse(message: &str) -> Failure {
    Failure::plain(Exit::Misuse, message)
}

fn no_pattern(error: &PatternError) -> Failure {
    Failure::new(Exit::Misuse, "cannot use the pattern of identities", error)
}

/// The provider of identities for GitHub's workflows.
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const MAX_TUF_ROOT_BYTES: u64 = 4 << 20;
