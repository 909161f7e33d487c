use jiff::Timestamp;
use sigstore_types::bundle::{CertificateContent, Rfc3161Timestamp, TimestampVerificationData};
use sigstore_types::{
    ArtifactDigest, Bundle, DerCertificate, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, Sha256Hash,
    SignatureBytes, SignatureContent, TimestampToken, VerificationMaterial, VerificationMaterialContent,
};
use sigstore_verify::{VerificationPolicy, VerificationResult, Verifier};

use super::log_entry;
use super::timestamp::check_bytes;
use super::{BundleFault, KeylessFault};
use crate::crypto::{Certificate, PublicKey};
use crate::finding::Finding;
use crate::oms::{Envelope, LogEntry, PAYLOAD_TYPE};
use crate::trust::sigstore::SigstoreRoot;
use crate::trust::{Identity, IdentityPattern, LogRule};

/// Whom a keyless signature is from, by which key, and when it was made.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: PublicKey,
    pub(super) identity: Identity,
    pub(super) times: Vec<Timestamp>,
    pub(super) warnings: Vec<Finding>,
}

/// What a keyless signature is checked against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) root: &'a SigstoreRoot,
    pub(super) identity: &'a IdentityPattern,
    pub(super) log: LogRule,
}

/// A keyless signature, as its bundle has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) leaf: &'a Certificate,
    pub(super) log_entries: &'a [LogEntry],
    pub(super) timestamps: &'a [Vec<u8>],
}

/// Whether a keyless signature holds, and whose it is. The bundle's media type was checked when it was read.
///
/// 1. There is one log entry; it has an inclusion proof with a checkpoint that this log signed, names a log of the
///    instance, and repeats in its unsigned fields nothing but what the log signed. Without the last, bytes could change
///    that nobody vouches for. An entry of a kind that the library does not know is checked here in full.
/// 2. Sigstore's library checks, by the trust root: at least one trusted time (RFC 3161, or an entry's own time under
///    the log's promise), the certificate chain at every such time, the certificate's log (SCT), its use for code
///    signing, inclusion proof and checkpoint, promise, the signature over the payload, and that the log entry is
///    about this certificate, signature and payload.
/// 3. The certificate is one for signing and no CA.
/// 4. Each timestamp holds nothing but what its authority signed, and the authority's own certificates.
/// 5. The certificate names one subject and one provider: those that the verifier asks for.
pub(super) fn identify(signed: Signed<'_>, rules: Rules<'_>) -> Result<Signer, BundleFault> {
    let Rules { root, identity, log } = rules;
    let mut warnings = Vec::new();
    // 1. What the library would pass over.
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
    // 2. The library.
    let verified = ask_library(signed, for_library, root)?;
    // 3. What the certificate is for.
    if !signed.leaf.is_code_signer() {
        return Err(KeylessFault::Use.into());
    }
    // 4. The timestamps, to the last byte.
    for token in signed.timestamps {
        check_bytes(token, root).map_err(|reason| KeylessFault::Timestamp { reason })?;
    }
    // 5. Who it is.
    let subject = signed.leaf.subject_name().map_err(KeylessFault::Certificate)?;
    let issuer = signed.leaf.fulcio_issuer().map_err(KeylessFault::Certificate)?;
    if let Some(mismatch) = identity.mismatch(subject.as_str(), &issuer, &signed.leaf.fulcio_claims()) {
        return Err(KeylessFault::Identity(mismatch).into());
    }
    if identity.is_too_broad() {
        warnings.push(Finding::warning("identity-too-broad", "the pattern accepts about any identity"));
    }
    let identity = Identity::Keyless { subject: subject.as_str().to_owned(), issuer };
    let key = signed.leaf.public_key().map_err(BundleFault::CertificateKey)?;
    Ok(Signer { key, identity, times: verified.verified_timestamps().to_vec(), warnings })
}

/// Asks Sigstore's library about the signature; without log entries for it, about everything but the log.
fn ask_library(
    signed: Signed<'_>,
    entries: &[LogEntry],
    root: &SigstoreRoot,
) -> Result<VerificationResult, BundleFault> {
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
    let verified = verified.map_err(|error| BundleFault::from(KeylessFault::from(error)))?;
    // Nothing is taken for granted that the library says of itself.
    let logged = verified.tlog_verified() || without_log;
    if !verified.certificate_verified()
        || !verified.sct_verified()
        || !logged
        || verified.verified_timestamps().is_empty()
    {
        return Err(KeylessFault::Incomplete.into());
    }
    Ok(verified)
}
