//! Names of files: which are taken, and how they are ordered.

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use secureml::digest::{Algorithm, Digest};
use secureml::manifest::{Manifest, Resource, Serialization};
use secureml::model::ModelPath;

use super::{config, name, part};

/// Names of which most break a rule.
fn any_name() -> impl Strategy<Value = String> {
    let bad = select(["", ".", "..", "\0", "a\0b"].as_slice()).prop_map(str::to_owned);
    prop_oneof![vec(prop_oneof![1 => bad, 4 => part()], 0..5).prop_map(|parts| parts.join("/")), "(/|\\.|a|\\x00){0,6}"]
}

/// Whether the system, which knows paths better than any rule, takes the name as a plain walk down from the model, and
/// in its only spelling.
#[cfg(unix)]
fn leads_down(name: &str) -> bool {
    use std::path::{Component, Path};
    let mut parts = Path::new(name).components().map(|part| match part {
        Component::Normal(part) => part.to_str().map(str::to_owned),
        _ => None,
    });
    let parts: Option<Vec<String>> = parts.by_ref().collect();
    !name.is_empty() && !name.contains('\0') && parts.is_some_and(|parts| parts.join("/") == name)
}

proptest! {
    #![proptest_config(config(256))]

    #[cfg(unix)]
    #[test]
    fn a_name_is_taken_if_and_only_if_it_leads_down(name in any_name()) {
        let taken = ModelPath::new(name.as_str());
        prop_assert_eq!(taken.is_ok(), leads_down(&name), "{:?}: {:?}", name, taken);
        match taken {
            Ok(path) => prop_assert_eq!(path.as_str(), &name),
            Err(error) => {
                prop_assert_eq!(&error.name, &name);
                let holds = match error.reason {
                    "it is empty" => name.is_empty(),
                    "it contains a NUL character" => name.contains('\0'),
                    "it is absolute" => name.starts_with('/'),
                    "it has an empty part" => name.split('/').any(str::is_empty),
                    "it has a `.` part" => name.split('/').any(|part| part == "."),
                    "it has a `..` part" => name.split('/').any(|part| part == ".."),
                    _ => false,
                };
                prop_assert!(holds, "{:?}: {}", name, error.reason);
            }
        }
    }

    #[test]
    fn names_are_ordered_by_bytes_which_is_by_code_points(a in name(), b in name()) {
        let order = ModelPath::new(a.as_str()).unwrap().cmp(&ModelPath::new(b.as_str()).unwrap());
        prop_assert_eq!(order, a.as_bytes().cmp(b.as_bytes()));
        prop_assert_eq!(order, a.chars().cmp(b.chars()));
    }

    #[test]
    fn a_manifest_is_ordered_whatever_order_the_files_come_in(names in vec(name(), 1..20)) {
        let digest = Digest::new(Algorithm::Sha256, &[0; 32]).unwrap();
        let mut expected = names;
        expected.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        expected.dedup();
        let resource = |name: &String| Resource { path: ModelPath::new(name.as_str()).unwrap(), shard: None, digest };
        let backwards: Vec<Resource> = expected.iter().rev().map(resource).collect();
        let manifest = Manifest::sorted(Serialization::default(), backwards).unwrap();
        let found: Vec<&str> = manifest.resources().iter().map(|resource| resource.path.as_str()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_name_lies_within_its_ancestors_and_in_nothing_else(parts in vec(part(), 1..5), other in name()) {
        let path = ModelPath::new(parts.join("/")).unwrap();
        for depth in 1..=parts.len() {
            let ancestor = ModelPath::new(parts[..depth].join("/")).unwrap();
            prop_assert!(path.is_within(&ancestor));
            prop_assert_eq!(ancestor.is_within(&path), depth == parts.len());
        }
        let other_parts: Vec<&str> = other.split('/').collect();
        let below = parts.len() >= other_parts.len() && parts.iter().zip(&other_parts).all(|(a, b)| a == b);
        prop_assert_eq!(path.is_within(&ModelPath::new(other.as_str()).unwrap()), below);
    }
}
