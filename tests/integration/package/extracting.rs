//! What comes out of a package, where to, and what is never overwritten.

use std::fs;
use std::process::{Command, Output, Stdio};

use super::mutations::REPORT;
use super::scene::{Scene, names, package, tree};
#[cfg(unix)]
use crate::support::SmallDisk;
use crate::support::{assert_accepted, assert_refused, findings, json, secureml};

fn extract(scene: &Scene, output: &str) -> Output {
    let mut command = scene.command("extract");
    command.current_dir(scene.fixture.path("")).args(["--output", output, "model.sml"]).output().unwrap()
}

fn assert_misuse(name: &str, output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
    assert!(json(output)["error"].to_string().contains(says), "{name}: {output:?}");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let scene = Scene::new();
    let path = |name: &str| scene.fixture.path(name);
    fs::create_dir(path("empty")).unwrap();
    fs::create_dir(path("full")).unwrap();
    fs::write(path("full/mine"), "mine").unwrap();
    fs::write(path("file"), "mine").unwrap();
    #[cfg(unix)]
    for (link, to) in [("dangling", "nowhere"), ("linked", "full"), ("linked-file", "file")] {
        std::os::unix::fs::symlink(to, path(link)).unwrap();
    }
    let before = names(path(""));
    // By default the folder is called as the package: here that is the model itself.
    let mut default = scene.command("extract");
    assert_misuse("default", &default.arg(path("model.sml")).output().unwrap(), "exists, it is not overwritten");
    for target in ["empty", "full", "full/mine", "file", ".", "..", "model.sml", "full/"] {
        assert_misuse(target, &extract(&scene, target), "exists, it is not overwritten");
    }
    #[cfg(unix)]
    for target in ["dangling", "linked", "linked-file"] {
        assert_misuse(target, &extract(&scene, target), "exists, it is not overwritten");
    }
    assert_eq!(names(path("")), before);
    assert_eq!(tree(&path("full")), [("mine".to_owned(), b"mine".to_vec())]);
    assert_eq!(fs::read(path("file")).unwrap(), b"mine");
    assert_eq!(names(path("empty")), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_said_to_be_so() {
    let scene = Scene::new();
    let Some(disk) = SmallDisk::mount(&scene.fixture.path("disk")) else { return };
    disk.fill();
    let output = extract(&scene, "disk/out");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let causes = &json(&output)["error"]["causes"];
    assert!(causes[0].as_str().unwrap().ends_with("/new/README.md"), "{causes}");
    assert!(causes[1].as_str().unwrap().contains("No space left"), "{causes}");
    assert_eq!(names(disk.0.clone()), ["filler"]);
}

#[test]
fn a_place_that_is_not_there_is_said_to_be_so() {
    let scene = Scene::new();
    let output = extract(&scene, "absent/out");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let before = names(scene.fixture.path(""));
    let output = extract(&scene, "model.sml/out");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(names(scene.fixture.path("")), before);
}

#[test]
fn of_several_at_once_one_wins() {
    let scene = Scene::new();
    let expected = tree(&scene.fixture.model());
    for round in 0..10 {
        let target = scene.fixture.path(&format!("out/{round}/model"));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let children: Vec<_> = (0..4)
            .map(|_| {
                let mut command: Command = scene.command("extract");
                command.arg("--output").arg(&target).arg(&scene.package).stdout(Stdio::piped()).stderr(Stdio::null());
                command.spawn().expect("the program starts")
            })
            .collect();
        let outputs: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let won = outputs.iter().filter(|output| output.status.success()).count();
        assert_eq!(won, 1, "{outputs:?}");
        for output in outputs.iter().filter(|output| !output.status.success()) {
            assert_misuse("late", output, "exists, it is not overwritten");
        }
        assert_eq!(tree(&target), expected);
        assert_eq!(names(target.parent().unwrap()), ["model"], "nothing is left beside it");
    }
}

#[test]
fn what_nobody_verified_comes_out_only_when_asked_for_and_that_is_said() {
    let scene = Scene::new();
    let unsigned = || {
        let mut command = secureml();
        command.current_dir(scene.fixture.path(""));
        command
    };
    for subcommand in [&["extract", "--output", "out", "model.sml"][..], &["cat", "model.sml", "config.json"]] {
        let output = unsigned().args(["--format", "json", "package"]).args(subcommand).output().unwrap();
        assert_misuse(subcommand[0], &output, "it is not said who must have signed");
        let mut both = unsigned();
        both.args(["--format", "json", "package"]).args(subcommand).arg("--insecure");
        let both = both.arg("--public-key").arg(&scene.key.public).output().unwrap();
        assert_misuse(subcommand[0], &both, "--insecure goes with no signer");
    }
    let said = "nobody verified the package: what comes out may be anything";
    for (number, words) in
        [&[][..], &["--quiet"], &["--format", "json"], &["--quiet", "--format", "json"]].iter().enumerate()
    {
        let target = format!("out-{number}");
        let mut command = unsigned();
        command.args(*words).args(["package", "extract", "--insecure", "--output", &target, "model.sml"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        if words.contains(&"json") {
            assert_eq!(findings(&output), [("package-not-verified".to_owned(), said.to_owned())], "{words:?}");
        } else {
            assert!(String::from_utf8(output.stderr).unwrap().contains(said), "{words:?}");
        }
        assert_eq!(tree(&scene.fixture.path(&target)), tree(&scene.fixture.model()));
    }
    for words in [&[][..], &["--quiet"]] {
        let cat = ["package", "cat", "--insecure", "model.sml", "config.json"];
        let output = unsigned().args(words).args(cat).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(said), "{words:?}");
        assert_eq!(output.stdout, scene.parts.get("model/config.json"));
    }
}

/// Not to be verified is no licence to break the container's rules.
#[test]
fn the_rules_of_the_container_hold_for_what_nobody_verified() {
    let scene = Scene::new();
    let insecure = |bytes: &[u8]| {
        let mut command = package("extract");
        command.arg("--insecure").arg("--output").arg(scene.fixture.path("case/out")).arg(scene.place(bytes));
        command.output().unwrap()
    };
    let file = "model/config.json";
    let archive = || scene.parts.archive();
    for (name, bytes, rule) in [
        ("a link", archive().in_record(file, 40, &[0xff, 0xa1]).bytes, "package-profile"),
        ("a way out", scene.parts.clone().renamed(file, "model/../../x").bytes(), "package-name"),
        ("a twin", scene.parts.clone().with(file, file, "{}").bytes(), "package-twin"),
        ("a file more", scene.parts.clone().with(file, "model/c", "{}").bytes(), "package-content"),
        ("something behind", [archive().bytes, b"x".to_vec()].concat(), "package-trailer"),
    ] {
        assert_refused(name, &insecure(&bytes), rule, "");
        assert_eq!(names(scene.fixture.path("case")), ["case.sml"], "{name}");
    }
    // What a changed file holds is all that can be wrong.
    let changed = scene.parts.clone().set(file, b"{\"layers\": 3}\n").bytes();
    let output = insecure(&changed);
    assert_accepted("changed", &output);
    assert_eq!(findings(&output)[0].0, "package-not-verified");
    assert_eq!(fs::read(scene.fixture.path("case/out/config.json")).unwrap(), b"{\"layers\": 3}\n");
}

#[test]
fn single_files_by_their_names() {
    let scene = Scene::new();
    let cat = |file: &str, insecure: bool| {
        let mut command = if insecure { package("cat") } else { scene.command("cat") };
        if insecure {
            command.arg("--insecure");
        }
        command.arg(&scene.package).arg(file).output().unwrap()
    };
    for file in ["config.json", "empty.bin", "weights/part-1.bin"] {
        for insecure in [false, true] {
            let output = cat(file, insecure);
            assert!(output.status.success(), "{file}: {output:?}");
            assert_eq!(output.stdout, scene.parts.get(&format!("model/{file}")), "{file}");
        }
    }
    for file in [REPORT, "README", "model.sig", "secureml/manifest.json", "model/config.json"] {
        assert_misuse(file, &cat(file, false), "the package has no file");
        let output = cat(file, true);
        assert_eq!((output.status.code(), &*output.stdout), (Some(0), scene.parts.get(file)), "{file}");
    }
    for file in ["absent", "", "/", "weights", "weights/", "../key.pem", "CONFIG.JSON"] {
        for insecure in [false, true] {
            let output = cat(file, insecure);
            assert_misuse(file, &output, "the package has no file");
        }
    }
    let mut stranger = package("cat");
    stranger.arg("--public-key").arg(&scene.stranger.public).arg(&scene.package).arg("config.json");
    assert_refused("a stranger", &stranger.output().unwrap(), "signature-key", "package.sigstore.json");
}

/// Anybody can put a further entry among the signatures: what signs neither model nor package stays inside.
#[test]
fn only_signatures_come_out_of_the_signatures() {
    let scene = Scene::new();
    let strange = "secureml/signatures/09-strange.sigstore.json";
    let parts = scene.parts.clone().with("secureml/fingerprint.json", strange, "#!/bin/sh\n");
    fs::write(&scene.package, parts.bytes()).unwrap();
    let target = scene.fixture.path("all");
    let output = scene.command("extract").arg("--all").arg("-o").arg(&target).arg(&scene.package).output().unwrap();
    assert_accepted("extract", &output);
    let found = names(target.join("secureml/signatures"));
    assert!(found.len() == 1 && found[0].starts_with("01-"), "{found:?}");
}
