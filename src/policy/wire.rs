//! The file as it is written. The doc comments here are the descriptions of the JSON Schema, and so are for its readers.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use super::place::{At, Given, Number};
use crate::model::ModelFormat;

/// Who must have signed which models. A model that no rule is for is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "SecureML policy (.secureml.yaml)")]
pub(super) struct WirePolicy {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    pub(super) version: At<Number>,
    /// The rules. The first one whose path fits a model is the one that holds for it.
    #[schemars(extend("minItems" = 1))]
    pub(super) models: At<Vec<At<WireRule>>>,
}

/// What must be true of the models at one path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "rule")]
pub(super) struct WireRule {
    /// The model: a file, a folder or a glob, relative to this file, with `/`. In a glob, `*` and `?` stand for anything
    /// but a slash, `[ab]` for one of these characters, and `**`, as a whole part, for any number of parts. `.` is the
    /// folder of this file, which no glob stands for.
    pub(super) path: At<String>,
    /// The signature, relative to this file; by default `model.sig` in the model's folder, or the model's file with
    /// `.sig` at its end. `{model}` stands for the model's path relative to this file; a glob needs it.
    #[serde(default)]
    pub(super) signature: Given<String>,
    /// Who may have signed. Each of them counts once.
    #[schemars(extend("minItems" = 1))]
    pub(super) signers: At<Vec<At<WireSigner>>>,
    /// How many of the signers must have signed; all of them by default.
    #[serde(default)]
    #[schemars(extend("minimum" = 1))]
    pub(super) threshold: Given<Number>,
    /// Whether keyless signatures must be in the transparency log, with a proof. Signatures by keys and certificates are
    /// in no log, and this says nothing about them.
    #[serde(default)]
    #[schemars(extend("default" = "required"))]
    pub(super) transparency: Given<WireNeed>,
    /// Whether a signature counts only with a time that an authority or a log vouches for.
    #[serde(default)]
    #[schemars(extend("default" = "optional"))]
    pub(super) timestamp: Given<WireNeed>,
    /// Which hashes of the model's files are good enough; all of them by default.
    #[serde(default)]
    #[schemars(extend("minItems" = 1))]
    pub(super) hashes: Given<Vec<At<WireHash>>>,
    /// The size of the smallest key that counts, in bits of its elliptic curve.
    #[serde(default)]
    #[schemars(extend("enum" = [256, 384, 521], "default" = 256))]
    pub(super) key_bits: Given<Number>,
    /// Which formats the model's files may have; any by default.
    #[serde(default)]
    pub(super) formats: Given<WireFormats>,
    /// The last day of the rule, in UTC, as `2027-06-30`. Once it is over, the models are refused.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) expires: Given<String>,
    /// Files and folders of the model that need not be signed, relative to the model; no patterns.
    #[serde(default)]
    pub(super) ignore: Given<Vec<At<String>>>,
    /// What becomes of files in the model that nobody signed.
    #[serde(default)]
    #[schemars(extend("default" = "refuse"))]
    pub(super) unsigned_files: Given<WireUnsignedFiles>,
}

/// Somebody whose signature counts: an identity that a provider vouches for, the holder of a key, or a holder of a
/// certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "signer")]
#[schemars(extend("oneOf" = [
    {
        "required": ["issuer"],
        "oneOf": [{ "required": ["identity"] }, { "required": ["identity-glob"] }, { "required": ["identity-regex"] }],
    },
    { "required": ["key"] },
    { "required": ["certificate-authority", "subject"] },
]))]
pub(super) struct WireSigner {
    /// What this signer is to the model, such as `training` or `security`. No two signers of a rule have the same.
    pub(super) role: At<String>,
    /// The URL of the identity provider that vouched for a keyless signer, exactly.
    #[serde(default)]
    pub(super) issuer: Given<String>,
    /// The identity of a keyless signer, exactly: an e-mail address, or the URL of a workflow.
    #[serde(default)]
    pub(super) identity: Given<String>,
    /// A glob that the whole identity must match; `*` and `?` stop at slashes.
    #[serde(default)]
    pub(super) identity_glob: Given<String>,
    /// A regular expression that the whole identity must match.
    #[serde(default)]
    pub(super) identity_regex: Given<String>,
    /// A file with the signer's public key in PEM, relative to this file.
    #[serde(default)]
    pub(super) key: Given<String>,
    /// A file with trusted certificates in PEM, relative to this file: the signer's certificate must lead to one of them.
    #[serde(default)]
    pub(super) certificate_authority: Given<String>,
    /// The distinguished name in the signer's certificate, exactly as `secureml inspect` prints it.
    #[serde(default)]
    pub(super) subject: Given<String>,
    /// Read for the sake of a clear answer only.
    #[serde(default)]
    #[schemars(skip)]
    pub(super) kms: Given<String>,
}

/// The formats that a model's files must not have, or the only ones they may have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "formats", extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct WireFormats {
    /// No file may have one of these formats. `pickle` is for what PyTorch saves as well, for what is found inside ZIP,
    /// tar, gzip and zlib, and for `compressed`: what cannot be looked into, such as xz or an encrypted archive.
    #[serde(default)]
    #[schemars(schema_with = "format_names")]
    pub(super) deny: Given<Vec<At<String>>>,
    /// Every file must have one of these formats; `other` is everything without a format of its own, such as texts and
    /// configurations.
    #[serde(default)]
    #[schemars(schema_with = "format_names")]
    pub(super) allow: Given<Vec<At<String>>>,
}

/// Whether something is needed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "need", inline)]
pub(super) enum WireNeed {
    Required,
    Optional,
}

/// A hash of the OMS algorithm registry.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "hash", inline)]
pub(super) enum WireHash {
    Sha256,
    Blake2b,
    Blake3,
}

/// What becomes of files that nobody signed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "unsigned-files", inline)]
pub(super) enum WireUnsignedFiles {
    Refuse,
    Ignore,
}

fn format_names(_: &mut schemars::SchemaGenerator) -> Schema {
    let names = ModelFormat::ALL.map(ModelFormat::name);
    schemars::json_schema!({ "type": "array", "minItems": 1, "items": { "enum": names } })
}
