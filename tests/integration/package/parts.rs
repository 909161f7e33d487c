//! A package as names and contents, to be changed and put together again: as it is, with a manifest that follows, or
//! signed anew.

use secureml::oms::Payload;
use secureml::package::Index;
use secureml::sign::{KeySigner, Signer as _};
use serde_json::{Value, json};

use super::archive::Archive;
use crate::signed::one_shot;
use crate::support::KeyFiles;

/// The entries of a package.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) entries: Vec<(String, Vec<u8>)>,
}

pub(super) const MANIFEST: &str = "secureml/manifest.json";
pub(super) const STATEMENT: &str = "secureml/package.sigstore.json";
pub(super) const PACKAGE_TYPE: &str = "https://github.com/secureml/sign/package/v1";

impl Parts {
    /// Takes a package apart.
    pub(super) fn of(package: &[u8]) -> Self {
        let index = Index::read(&package).expect("a package");
        let content = |entry| index.read_content(&package, entry).expect("its content");
        let entries = index.entries().iter().map(|entry| (entry.name.to_string(), content(entry)));
        Self { entries: entries.collect() }
    }

    pub(super) fn get(&self, name: &str) -> &[u8] {
        &self.entries.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("no entry {name}")).1
    }

    /// Exchanges a content.
    pub(super) fn set(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        let entry = self.entries.iter_mut().find(|(found, _)| found == name);
        entry.unwrap_or_else(|| panic!("no entry {name}")).1 = content.into();
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        let before = self.entries.len();
        self.entries.retain(|(found, _)| found != name);
        assert_eq!(self.entries.len(), before - 1, "no entry {name}");
        self
    }

    /// Puts an entry directly before another one.
    pub(super) fn with(mut self, before: &str, name: &str, content: impl Into<Vec<u8>>) -> Self {
        let place = self.entries.iter().position(|(found, _)| found == before);
        self.entries.insert(place.unwrap_or_else(|| panic!("no entry {before}")), (name.to_owned(), content.into()));
        self
    }

    /// Renames an entry where it stands.
    pub(super) fn renamed(mut self, name: &str, new: &str) -> Self {
        let entry = self.entries.iter_mut().find(|(found, _)| found == name);
        new.clone_into(&mut entry.unwrap_or_else(|| panic!("no entry {name}")).0);
        self
    }

    pub(super) fn manifest(&self) -> Value {
        serde_json::from_slice(self.get(MANIFEST)).expect("JSON")
    }

    /// Exchanges the manifest; the keys of an object come out sorted.
    pub(super) fn with_manifest(self, change: impl FnOnce(&mut Value)) -> Self {
        let mut manifest = self.manifest();
        change(&mut manifest);
        self.set(MANIFEST, manifest.to_string())
    }

    /// Has the manifest list what is there.
    pub(super) fn listed(self) -> Self {
        let sha256 = |content: &[u8]| one_shot("sha256", content);
        let files = self.entries.iter().filter_map(|(name, content)| Some((name.strip_prefix("model/")?, content)));
        let files =
            files.map(|(path, content)| json!({"path": path, "size": content.len(), "sha256": sha256(content)}));
        let is_metadata = |name: &str| {
            name == "README"
                || name == "secureml/fingerprint.json"
                || ["attestations", "reports", "imported"].iter().any(|kind| name.contains(&format!("/{kind}/")))
        };
        let metadata = self.entries.iter().filter(|(name, _)| is_metadata(name));
        let metadata =
            metadata.map(|(name, content)| json!({"path": name, "size": content.len(), "sha256": sha256(content)}));
        let mut metadata: Vec<Value> = metadata.collect();
        metadata.sort_by_key(|record| record["path"].as_str().map(str::to_owned));
        let (files, metadata): (Vec<Value>, _) = (files.collect(), metadata);
        self.with_manifest(|manifest| {
            manifest["files"] = files.into();
            manifest["metadata"] = metadata.into();
        })
    }

    /// The statement that fits manifest, model signature and files, by the format's document.
    pub(super) fn statement(&self) -> Value {
        let subject = |name: &str, sha256: &str| json!({"name": name, "digest": {"sha256": sha256}});
        let of_entry = |name: &str| subject(name, &one_shot("sha256", self.get(name)));
        let mut subjects = vec![of_entry(MANIFEST), of_entry("model.sig")];
        for file in self.manifest()["files"].as_array().expect("a list") {
            let path = format!("model/{}", file["path"].as_str().expect("a text"));
            subjects.push(subject(&path, file["sha256"].as_str().expect("a text")));
        }
        json!({
            "_type": "https://in-toto.io/Statement/v1", "subject": subjects,
            "predicateType": PACKAGE_TYPE, "predicate": {"formatVersion": 1},
        })
    }

    /// Signs this statement with this key, and puts it in.
    pub(super) fn stating(self, key: &KeyFiles, statement: &Value) -> Self {
        self.set(STATEMENT, signed(key, statement))
    }

    /// Signs the statement that fits.
    pub(super) fn resigned(self, key: &KeyFiles) -> Self {
        let statement = self.statement();
        self.stating(key, &statement)
    }

    pub(super) fn archive(&self) -> Archive {
        Archive::of(&self.entries)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.archive().bytes
    }
}

/// A bundle of this key around a statement.
pub(super) fn signed(key: &KeyFiles, statement: &Value) -> Vec<u8> {
    let payload = Payload::new(statement.to_string().into_bytes());
    let mut json = Vec::new();
    KeySigner::new(&key.key).sign(payload).expect("a signature").write_json(&mut json).expect("a bundle");
    json
}
