use std::time::Duration;

use super::accepted::{Accepted, Counted, Refusal, Uncountable, Uncounted};
use super::verified::{Authentic, Verified, VerifiedAttestation};
use super::{BundleFault, Verifier, matching};
use crate::manifest::Manifest;
use crate::oms::{Attestation, Bundle, BundleError};
use crate::policy::{Requirement, Rule, RuleSigner, Timestamp, Transparency};
use crate::trust::sigstore::SigstoreRoot;
use crate::trust::{CertificateTime, Identity, LogRule, TrustRoot};

/// Counts the signatures of a model against the rule of a policy, one bundle after the other.
///
/// 1. Each bundle is verified for each signer whom the rule names, by what the rule says of that signer.
/// 2. A signature that holds counts where everything else is as the rule has it: the holder of the certificate, the
///    size of the key, the time, the hash of the files.
/// 3. All signatures that count are over the same manifest.
/// 4. Signatures of one signer count once: who has the same name, or the same key.
/// 5. As many roles as possible are given to signers, one each; they must reach the threshold.
///
/// Not checked: the rule's expiry, and whether the files are those of the manifest, and of which formats.
#[derive(Debug)]
pub struct Threshold<'a> {
    rule: &'a Rule,
    instance: Option<&'a SigstoreRoot>,
    now: Duration,
    statement: Option<Statement>,
    held: Vec<Held>,
    differing: Vec<String>,
    uncounted: Vec<Uncounted>,
}

/// What the first signature that counts is about.
#[derive(Debug)]
struct Statement {
    bundle: String,
    name: String,
    manifest: Manifest,
}

/// A signature that counts for at least one role.
#[derive(Debug)]
struct Held {
    bundle: String,
    authentic: Authentic,
    /// The roles by their numbers in the rule.
    roles: Vec<usize>,
}

impl<'a> Threshold<'a> {
    /// Nothing is counted yet. Without an `instance` no keyless signature counts; `now` is the time since the Unix epoch.
    #[must_use]
    pub const fn new(rule: &'a Rule, instance: Option<&'a SigstoreRoot>, now: Duration) -> Self {
        Self { rule, instance, now, statement: None, held: Vec::new(), differing: Vec::new(), uncounted: Vec::new() }
    }

    /// Looks at one bundle, which was read with [`Bundle::read_unlogged`]; `name` tells it from others in what is said of
    /// it.
    pub fn add(&mut self, name: &str, bundle: &Bundle) {
        let mut found: Option<Verified> = None;
        let (mut roles, mut reasons) = (Vec::new(), Vec::new());
        for (role, signer) in self.rule.signers().iter().enumerate() {
            match self.judge(signer, bundle) {
                Ok(verified) => {
                    roles.push(role);
                    found = Some(verified);
                }
                Err(reason) => {
                    reasons.push(Uncounted { bundle: name.to_owned(), role: Some(signer.role.clone()), reason });
                }
            }
        }
        let Some(Verified { authentic, name: model, manifest }) = found else {
            self.uncounted.append(&mut reasons);
            return;
        };
        // 3. The same manifest.
        match &self.statement {
            None => self.statement = Some(Statement { bundle: name.to_owned(), name: model, manifest }),
            Some(first) if first.manifest == manifest => {}
            Some(_) => self.differing.push(name.to_owned()),
        }
        self.held.push(Held { bundle: name.to_owned(), authentic, roles });
    }

    /// Takes notice of a bundle that is none.
    pub fn add_unreadable(&mut self, name: &str, error: BundleError) {
        let reason = Uncountable::Unreadable(error);
        self.uncounted.push(Uncounted { bundle: name.to_owned(), role: None, reason });
    }

    /// Says what everybody must have signed, where it is known beforehand: `bundle` names where it is from.
    pub fn expect(&mut self, bundle: &str, name: String, manifest: Manifest) {
        self.statement = Some(Statement { bundle: bundle.to_owned(), name, manifest });
    }

    /// Looks at a bundle over a statement of another type that vouches for the expected manifest, which `fits` tells.
    /// Gives the first signer for whom it counts.
    pub fn add_attested(
        &mut self,
        name: &str,
        bundle: &Bundle,
        predicate_type: &'static str,
        fits: impl Fn(&Attestation<'_>) -> bool,
    ) -> Option<Authentic> {
        let (mut found, mut roles) = (None, Vec::new());
        for (role, signer) in self.rule.signers().iter().enumerate() {
            let uncounted = |reason| Uncounted { bundle: name.to_owned(), role: Some(signer.role.clone()), reason };
            let verify = |verifier: &Verifier<'_>| verifier.verify_attestation(bundle, predicate_type);
            match self.check(signer, bundle, verify, VerifiedAttestation::authentic) {
                Ok(verified) if fits(verified.attestation()) => {
                    roles.push(role);
                    found = Some(verified.authentic().clone());
                }
                Ok(_) => self.uncounted.push(uncounted(Uncountable::OtherStatement)),
                Err(reason) => self.uncounted.push(uncounted(reason)),
            }
        }
        let authentic = found.clone()?;
        self.uncounted.retain(|uncounted| uncounted.bundle != name);
        self.held.push(Held { bundle: name.to_owned(), authentic, roles });
        found
    }

    /// Whether the signature counts for this signer.
    fn judge(&self, signer: &RuleSigner, bundle: &Bundle) -> Result<Verified, Uncountable> {
        let verified = self.check(signer, bundle, |verifier| verifier.verify(bundle), Verified::authentic)?;
        let hash = verified.manifest().serialization().algorithm;
        if !self.rule.hashes().contains(&hash) {
            return Err(Uncountable::Hash { found: hash, permitted: self.rule.hashes().to_vec() });
        }
        Ok(verified)
    }

    /// Whether a signature of any kind is one that counts for this signer.
    fn check<T>(
        &self,
        signer: &RuleSigner,
        bundle: &Bundle,
        verify: impl FnOnce(&Verifier<'_>) -> Result<T, BundleFault>,
        authentic: impl FnOnce(&T) -> &Authentic,
    ) -> Result<T, Uncountable> {
        // 1. The signature.
        let trust = self.trust(&signer.requirement, bundle).ok_or(Uncountable::NoInstance)?;
        let verified = verify(&Verifier::new(&trust, self.now)).map_err(|fault| Uncountable::Fault(Box::new(fault)))?;
        // 2. Everything else.
        let authentic = authentic(&verified);
        if let Requirement::Certificate { subject: expected, .. } = &signer.requirement {
            match authentic.identity() {
                Identity::Certificate { subject, .. } if subject == expected => {}
                other => {
                    return Err(Uncountable::Subject { found: other.to_string(), expected: expected.clone() });
                }
            }
        }
        if !self.rule.permits_curve(authentic.curve()) {
            return Err(Uncountable::Curve { found: authentic.curve(), needed_bits: self.rule.key_bits() });
        }
        if self.rule.timestamp() == Timestamp::Required && authentic.times().is_empty() {
            return Err(Uncountable::NoTime);
        }
        Ok(verified)
    }

    /// What is to be believed of this signer; `None` where the instance that knows him is not known.
    fn trust(&self, requirement: &Requirement, bundle: &Bundle) -> Option<TrustRoot> {
        Some(match requirement {
            Requirement::Key { key, .. } => TrustRoot::Key(key.clone()),
            Requirement::Certificate { anchors, .. } => {
                TrustRoot::Certificates { anchors: anchors.clone(), time: CertificateTime::Now }
            }
            Requirement::Keyless(identity) => TrustRoot::Sigstore {
                root: Box::new(self.instance?.clone()),
                identity: Box::new(identity.clone()),
                // An entry that is there has to hold all the same.
                log: match self.rule.transparency() {
                    Transparency::Optional if bundle.material.log_entries().is_empty() => LogRule::InsecureSkip,
                    Transparency::Optional | Transparency::Required => LogRule::Required,
                },
            },
        })
    }

    /// Ends the count.
    ///
    /// # Errors
    /// [`Refusal`] where the signatures do not suffice, or are over different manifests.
    pub fn finish(self) -> Result<Accepted, Refusal> {
        let Self { rule, statement, held, differing, mut uncounted, .. } = self;
        // 4. Who is who.
        let people = people(&held);
        let fits: Vec<Vec<usize>> = people.iter().map(|own| roles(&held, own)).collect();
        // 5. The roles.
        let assigned = matching::assign(&fits, rule.signers().len());
        let (mut counted, mut missing) = (Vec::new(), Vec::new());
        for (role, (signer, person)) in rule.signers().iter().zip(&assigned).enumerate() {
            let own = person.and_then(|person| people.get(person)).into_iter().flatten();
            let signature = own.filter_map(|at| held.get(*at)).find(|held| held.roles.contains(&role));
            match signature {
                Some(Held { bundle, authentic, .. }) => counted.push(Counted {
                    role: signer.role.clone(),
                    bundle: bundle.clone(),
                    authentic: authentic.clone(),
                }),
                None => missing.push(signer.role.clone()),
            }
        }
        match statement {
            Some(statement) if differing.is_empty() && counted.len() >= rule.threshold() => {
                let Statement { name, manifest, .. } = statement;
                Ok(Accepted { counted, name, manifest, uncounted })
            }
            statement => {
                uncounted.extend(spare(&held, &people, &counted));
                let differing = match statement {
                    Some(first) if !differing.is_empty() => [vec![first.bundle], differing].concat(),
                    _ => Vec::new(),
                };
                let counted = counted.into_iter().map(|counted| counted.role).collect();
                Err(Refusal { needed: rule.threshold(), counted, missing, differing, uncounted })
            }
        }
    }
}

/// The signatures by their signers, as numbers in `held`.
fn people(held: &[Held]) -> Vec<Vec<usize>> {
    let mut people: Vec<Vec<usize>> = Vec::new();
    for (at, signature) in held.iter().enumerate() {
        let is_same =
            |own: &Vec<usize>| own.iter().filter_map(|at| held.get(*at)).any(|other| is_one(other, signature));
        // A signature may show that two who seemed to be different are one.
        let (same, mut others): (Vec<_>, Vec<_>) = people.into_iter().partition(is_same);
        let mut own = same.concat();
        own.push(at);
        others.push(own);
        people = others;
    }
    people
}

/// Whether two signatures are of one signer: by the key, or by the name that is vouched for. Certificates with one name
/// are of one signer if one signer of the rule is both; by different authorities, two may have the same name.
fn is_one(a: &Held, b: &Held) -> bool {
    if a.authentic.key == b.authentic.key {
        return true;
    }
    match (a.authentic.identity(), b.authentic.identity()) {
        (Identity::Certificate { subject, .. }, Identity::Certificate { subject: other, .. }) => {
            subject == other && a.roles.iter().any(|role| b.roles.contains(role))
        }
        (a, b) => a == b,
    }
}

/// All roles that a signer's signatures count for.
fn roles(held: &[Held], own: &[usize]) -> Vec<usize> {
    let mut roles: Vec<usize> =
        own.iter().filter_map(|at| held.get(*at)).flat_map(|held| held.roles.iter().copied()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The signatures that would count if their signer did not count already.
fn spare(held: &[Held], people: &[Vec<usize>], counted: &[Counted]) -> Vec<Uncounted> {
    let mut spare = Vec::new();
    for own in people {
        let own: Vec<&Held> = own.iter().filter_map(|at| held.get(*at)).collect();
        let role = counted.iter().find(|counted| own.iter().any(|held| held.bundle == counted.bundle));
        let Some(Counted { role, bundle, .. }) = role else { continue };
        let others = own.iter().filter(|held| held.bundle != *bundle).map(|held| Uncounted {
            bundle: held.bundle.clone(),
            role: None,
            reason: Uncountable::Counted { role: role.clone() },
        });
        spare.extend(others);
    }
    spare
}
