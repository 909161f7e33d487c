use std::time::Duration;

use jiff::Timestamp;
use sigstore_types::bundle::{CertificateContent, Rfc3161Timestamp, TimestampVerificationData};
use sigstore_types::{
    ArtifactDigest, Bundle, DerCertificate, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, Sha256Hash,
    SignatureBytes, SignatureContent, TimestampToken, VerificationMaterial, VerificationMaterialContent,
};
use sigstore_verify::{VerificationPolicy, VerificationResult, Verifier};

use super::{BundleFault, KeylessFault, log_entry, timestamp};
use crate::crypto::{Certificate, ChainError, Chains, PublicKey};
use crate::finding::Finding;
use crate::oms::{Envelope, LogEntry, PAYLOAD_TYPE};
use crate::trust::sigstore::SigstoreRoot;
use crate::trust::{Identity, IdentityPattern, LogRule};

/// A keyless signature, as its bundle has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeylessSignature<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) leaf: &'a Certificate,
    pub(super) log_entries: &'a [LogEntry],
    pub(super) timestamps: &'a [Vec<u8>],
}

/// Whether the signer's certificate is one of the instance's, and names the signer who is asked for; with it, the key
/// that it speaks for.
///
/// 1. The certificate leads to one of the instance's authorities, as of its own beginning. At which times it was good is
///    established with the evidence.
/// 2. It is one for signing, and no CA.
/// 3. It names one subject and one provider: those that the verifier asks for.
///
/// This comes before all else, so that nobody but the signer who is asked for can make the verifier work.
pub(super) fn identify(
    leaf: &Certificate,
    root: &SigstoreRoot,
    expected: &IdentityPattern,
) -> Result<(PublicKey, Identity, Vec<Finding>), BundleFault> {
    // 1. The chain.
    let anchors = root.fulcio_certificates().map_err(|error| KeylessFault::TrustRoot { reason: error.to_string() })?;
    let chains = Chains { anchors: &anchors, untrusted: &[], at: leaf.validity().not_before };
    chains.check(leaf).map_err(|error| match error {
        // Signers' certificates have no distinguished name to speak of.
        ChainError::NoIssuer { issuer, .. } => KeylessFault::Untrusted {
            reason: format!("it was issued by {issuer}, which is no authority of this instance"),
        },
        error => KeylessFault::Untrusted { reason: error.to_string() },
    })?;
    // 2. What it is for.
    if !leaf.is_code_signer() {
        return Err(KeylessFault::Use.into());
    }
    // 3. Who it is.
    let subject = leaf.subject_name().map_err(KeylessFault::Certificate)?;
    let issuer = leaf.fulcio_issuer().map_err(KeylessFault::Certificate)?;
    let claims = leaf.fulcio_claims();
    if let Some(mismatch) = expected.mismatch(subject.as_str(), &issuer, &claims) {
        return Err(KeylessFault::Identity(mismatch).into());
    }
    let mut warnings = Vec::new();
    if let Some(workflow) = expected.foreign_workflow(&claims) {
        let text = format!("a job of the repository signed by a workflow of another one, {workflow}");
        warnings.push(Finding::warning("identity-foreign-workflow", text));
    }
    if expected.is_too_broad() {
        warnings.push(Finding::warning("identity-too-broad", "the pattern accepts about any identity"));
    }
    let key = leaf.public_key().map_err(BundleFault::CertificateKey)?;
    Ok((key, Identity::Keyless { subject: subject.as_str().to_owned(), issuer }, warnings))
}

/// Whether the evidence for a keyless signature holds; with it, the times at which the signature was made. The bundle's
/// media type was checked when it was read, certificate, identity and signature before this.
///
/// 1. There is one log entry; it has an inclusion proof with a checkpoint that this log signed, names a log of the
///    instance, and repeats in its unsigned fields nothing but what the log signed. Without the last, bytes could change
///    that nobody vouches for. An entry of a kind that the library does not know is checked here in full.
/// 2. Each timestamp holds nothing but what its authority signed, and the authority's own certificates.
/// 3. Somebody claims to know the time.
/// 4. Sigstore's library checks, by the trust root: the times (RFC 3161, and an entry's own time under the log's
///    promise), the certificate chain at each of them, the certificate's log (SCT), its use for code signing, inclusion
///    proof and checkpoint, promise, the signature over the payload, and that the log entry is about this certificate,
///    signature and payload.
/// 5. The key of the log was in service at these times: the library asks that only where the log itself told the time.
pub(super) fn check(
    signed: KeylessSignature<'_>,
    root: &SigstoreRoot,
    log: LogRule,
    warnings: &mut Vec<Finding>,
) -> Result<Vec<Timestamp>, KeylessFault> {
    // 1. The log entry, as far as the library would pass over it.
    let for_library = match log {
        LogRule::Required => log_entry::check(signed.log_entries, signed.envelope, signed.leaf, root)?,
        LogRule::InsecureSkip => {
            warnings.push(Finding::warning(
                "log-not-checked",
                "nobody looked for this signature in a transparency log: a stolen identity would go unnoticed",
            ));
            // What is not looked at cannot lend its time either.
            &[]
        }
    };
    // 2. The timestamps, to the last byte.
    let fault = |reason| KeylessFault::Timestamp { reason };
    let mut claimed: Vec<Timestamp> =
        signed.timestamps.iter().map(|token| timestamp::check(token, root)).collect::<Result<_, _>>().map_err(fault)?;
    // 3. The times, as they are claimed.
    let logged = for_library.iter().filter(|entry| entry.promise.is_some()).map(log_entry::time);
    claimed.extend(logged.collect::<Result<Vec<_>, _>>()?);
    if claimed.is_empty() {
        let reason = "there is neither a timestamp nor a log's promise".to_owned();
        return Err(KeylessFault::NoTime { reason });
    }
    // 4. The library.
    let verified = ask_library(signed, for_library, root).map_err(|fault| match fault {
        KeylessFault::Untrusted { .. } => out_of_time(&claimed, signed.leaf).unwrap_or(fault),
        fault => fault,
    })?;
    let times = verified.verified_timestamps().to_vec();
    // 5. The log's key was in service then.
    if log == LogRule::Required {
        for (entry, time) in signed.log_entries.iter().flat_map(|entry| times.iter().map(move |time| (entry, time))) {
            if !root.has_log_at(&entry.log_id, *time) {
                return Err(KeylessFault::Log { reason: format!("its log's key was not in service at {time:.0}") });
            }
        }
    }
    Ok(times)
}

/// What the library says of a certificate that was not good at one of these times, in words for people.
fn out_of_time(claimed: &[Timestamp], leaf: &Certificate) -> Option<KeylessFault> {
    let validity = leaf.validity();
    let is_good = |time: &&Timestamp| {
        let time = u64::try_from(time.as_second()).map(Duration::from_secs);
        time.is_ok_and(|time| validity.not_before <= time && time <= validity.not_after)
    };
    let time = claimed.iter().find(|time| !is_good(time))?;
    Some(KeylessFault::Untrusted { reason: format!("it was used at {time:.0}, when it was not good") })
}

/// Asks Sigstore's library about the signature; without log entries for it, about everything but the log.
fn ask_library(
    signed: KeylessSignature<'_>,
    entries: &[LogEntry],
    root: &SigstoreRoot,
) -> Result<VerificationResult, KeylessFault> {
    let without_log = entries.is_empty();
    let policy = VerificationPolicy::any_identity();
    let policy = if without_log { policy.skip_tlog_unsafe() } else { policy };
    let entries = entries.iter().map(log_entry::to_library).collect::<Result<_, _>>()?;
    let timestamps = signed.timestamps.iter().map(|token| Rfc3161Timestamp::new(TimestampToken::new(token.clone())));
    let certificate = CertificateContent::new(DerCertificate::new(signed.leaf.as_der().to_vec()));
    let material = VerificationMaterial::new(VerificationMaterialContent::Certificate(certificate))
        .with_tlog_entries(entries)
        .with_timestamp_verification_data(TimestampVerificationData::new(timestamps.collect()));
    let signature = SignatureBytes::new(signed.envelope.signature.as_der().to_vec());
    let payload = PayloadBytes::new(signed.envelope.payload.as_bytes().to_vec());
    let envelope = DsseEnvelope::new(PAYLOAD_TYPE, payload, DsseSignature::new(signature, KeyId::default()));
    let bundle = Bundle::new(MediaType::Bundle0_3, material, SignatureContent::DsseEnvelope(envelope));
    let verifier =
        Verifier::new(root.inner()).map_err(|error| KeylessFault::TrustRoot { reason: error.to_string() })?;
    // The library wants the digest of an artifact and compares it with the statement. What was signed here is a
    // manifest, whose own digest the statement holds; that it is the right one is checked with the statement.
    let claimed = signed.envelope.payload.claimed_subject().ok_or(KeylessFault::NoSubject)?;
    let verified = verifier.verify(ArtifactDigest::sha256(Sha256Hash::new(claimed)), &bundle, &policy);
    let verified = verified.map_err(KeylessFault::from)?;
    // Nothing is taken for granted that the library says of itself.
    let logged = verified.tlog_verified() || without_log;
    if logged && is_complete(&verified) { Ok(verified) } else { Err(KeylessFault::Incomplete) }
}

/// Whether the library looked at all but the transparency log.
pub(super) fn is_complete(verified: &VerificationResult) -> bool {
    verified.certificate_verified() && verified.sct_verified() && !verified.verified_timestamps().is_empty()
}
