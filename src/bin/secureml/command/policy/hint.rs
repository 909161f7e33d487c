use secureml::finding::Finding;

use crate::hint;
use crate::options;

/// What to do about a package that was taken for a model of one file, and is not accepted as such.
pub(super) fn for_package(findings: &[Finding]) -> Option<String> {
    let of_rule = |finding: &Finding| matches!(finding.rule, "policy-no-rule" | "policy-expired");
    if findings.iter().any(of_rule) {
        return for_refused(findings);
    }
    let text = "this is a package, which holds its signatures itself: `secureml package verify --policy FILE PACKAGE` \
                judges by those";
    Some(text.to_owned())
}

/// What to do about a model that a policy does not accept: the next step for the first reason that has one. That there are
/// too few signatures comes last, as others may say why.
pub(super) fn for_refused(findings: &[Finding]) -> Option<String> {
    let (few, others): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.rule == "policy-threshold");
    others.into_iter().chain(few).find_map(|finding| {
        let help = match finding.rule {
            "policy-no-rule" => {
                "give it a rule, by hand or with `secureml policy lock`; `secureml policy show MODEL` tells why none fits"
            }
            "policy-expired" => "look at the rule again, and set its `expires` anew if it still holds",
            "policy-no-signature" => {
                "sign the model, or say with `signature` in the rule where its signature is; `secureml policy show MODEL` \
                 tells where it is looked for"
            }
            "policy-manifest" => "sign the model anew, and let the others sign again with `secureml sign --add`",
            "policy-hash" => "ask for signatures with a hash that the rule has (`secureml sign --hash`)",
            "policy-key-bits" => "ask the signer to sign with a larger key",
            "policy-timestamp" => "ask the signer to sign with an identity: other signatures carry no time",
            "policy-threshold" => {
                "ask those who are missing to sign with `secureml sign --add`, and do not use the model until then"
            }
            "policy-format" => "take these files out of the model and sign it anew, or change `formats` in the rule",
            "file-unsigned" => "remove what was added, or name it under `ignore` in the rule",
            "file-ignored" => "take it out of --ignore-paths, or of `ignore` in the rule",
            _ => return hint::for_findings(std::slice::from_ref(finding), options::VERIFY_BY_POLICY),
        };
        Some(help.to_owned())
    })
}
