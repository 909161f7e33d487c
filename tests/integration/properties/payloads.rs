//! Payloads: what is signed over them, and that a manifest comes back from one as it went in.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use secureml::crypto::SigningHash;
use secureml::digest::{Algorithm, Digest};
use secureml::manifest::{Manifest, Method, Resource, Serialization};
use secureml::model::{IgnoreRules, ModelPath, SymlinkRule};
use secureml::oms::{Format, Payload, Statement, legacy_pae};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{config, name};

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_signature_covers_type_length_and_bytes(payload in vec(any::<u8>(), 0..300)) {
        let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
        let message = [head.as_bytes(), &payload].concat();
        let payload = Payload::new(payload);
        let digest = |hash| payload.pae_digest(hash).as_bytes().to_vec();
        prop_assert_eq!(digest(SigningHash::Sha256), Sha256::digest(&message).to_vec());
        prop_assert_eq!(digest(SigningHash::Sha384), Sha384::digest(&message).to_vec());
        prop_assert_eq!(digest(SigningHash::Sha512), Sha512::digest(&message).to_vec());
    }

    #[test]
    fn the_encoding_of_version_0_2_0_can_be_read_back(payload in vec(odd_byte(), 0..200)) {
        let encoded: Vec<u8> = legacy_pae(&Payload::new(payload.clone())).flatten().collect();
        let head = format!("DSSEV1 28 application/vnd.in-toto+json {} ", payload.len());
        let printed = encoded.strip_prefix(head.as_bytes()).expect("the head");
        prop_assert!(printed.is_ascii());
        prop_assert_eq!(read_python_bytes(printed), payload);
    }

    #[test]
    fn a_manifest_comes_back_as_it_went_in(statement in statement()) {
        let payload = statement.to_payload().unwrap();
        prop_assert_eq!(&Statement::from_payload(&payload, Format::V1).unwrap(), &statement);
        prop_assert_eq!(statement.to_payload().unwrap(), payload.clone(), "the same bytes every time");

        let document: Value = serde_json::from_slice(payload.as_bytes()).unwrap();
        let resources = document["predicate"]["resources"].as_array().unwrap();
        let mut root = Sha256::new();
        for (written, resource) in resources.iter().zip(statement.manifest.resources()) {
            prop_assert_eq!(&written["name"], &json!(resource.name()));
            prop_assert_eq!(&written["algorithm"], &json!(resource.digest.algorithm().name()));
            root.update(hex::decode(written["digest"].as_str().unwrap()).unwrap());
        }
        prop_assert_eq!(resources.len(), statement.manifest.resources().len());
        prop_assert_eq!(&document["subject"][0]["digest"]["sha256"], &json!(hex::encode(root.finalize())));
        let mut names: Vec<&str> = resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect();
        prop_assert!(names.is_sorted(), "{:?}", names);
        names.dedup();
        prop_assert_eq!(names.len(), resources.len());
    }
}

/// Bytes among which quotes, backslashes and control characters are frequent.
fn odd_byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), select(b"'\"\\\t\r\n\x00\x7f ax".as_slice())]
}

/// What Python's `eval` would make of a printed byte string.
fn read_python_bytes(printed: &[u8]) -> Vec<u8> {
    let [b'b', quote, inside @ .., end] = printed else { panic!("no byte string") };
    assert_eq!(quote, end);
    let mut bytes = Vec::new();
    let mut rest = inside.iter().copied();
    while let Some(byte) = rest.next() {
        assert_ne!(byte, *quote, "a bare quote ends the string");
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                hex::decode(digits).unwrap()[0]
            }
            Some(other) => other,
        });
    }
    bytes
}

fn statement() -> impl Strategy<Value = Statement> {
    (name(), manifest()).prop_map(|(name, manifest)| Statement { name, manifest })
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let algorithm = select(Algorithm::OMS.as_slice());
    let size = option::of(1..=50_u64);
    let links = prop_oneof![Just(SymlinkRule::Refuse), Just(SymlinkRule::Follow)];
    let files = btree_map(name(), (1..=200_u64, any::<u8>()), 1..12);
    (algorithm, size, links, btree_set(name(), 0..4), files).prop_map(|(algorithm, size, symlinks, ignored, files)| {
        let method = match size.and_then(NonZeroU64::new) {
            Some(shard_bytes) => Method::Shards { shard_bytes },
            None => Method::Files,
        };
        let ignore: IgnoreRules = ignored.into_iter().map(|name| ModelPath::new(name).unwrap()).collect();
        let resources = resources(&files, method, algorithm);
        Manifest::sorted(Serialization { method, algorithm, symlinks, ignore }, resources).unwrap()
    })
}

/// The resources of files, given by name, with length and a byte for their digests.
fn resources(files: &BTreeMap<String, (u64, u8)>, method: Method, algorithm: Algorithm) -> Vec<Resource> {
    let mut resources = Vec::new();
    for (name, &(bytes, seed)) in files {
        let path = ModelPath::new(name.as_str()).unwrap();
        let digest = Digest::new(algorithm, &vec![seed; algorithm.digest_bytes()]).unwrap();
        match method {
            Method::Files => resources.push(Resource { path, shard: None, digest }),
            Method::Shards { shard_bytes } => {
                let step = shard_bytes.get();
                for start in (0..bytes).step_by(usize::try_from(step).unwrap()) {
                    let shard = Some(start..bytes.min(start + step));
                    resources.push(Resource { path: path.clone(), shard, digest });
                }
            }
        }
    }
    resources
}
