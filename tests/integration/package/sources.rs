//! Where a package comes from: standard input that ends early or comes slowly, and paths that are no packages.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::mutations::REPORT;
use super::scene::{Scene, fed, package};
use crate::support::{assert_accepted, assert_refused, json};

#[test]
fn a_stream_that_ends_early_is_refused_wherever_it_ends() {
    let scene = Scene::new();
    let whole = scene.parts.bytes();
    let archive = scene.parts.archive();
    let mut ends: Vec<usize> = vec![0, 1, 3, 4, 29, 30];
    for name in
        ["mimetype", "secureml/manifest.json", "model.sig", REPORT, "model/README.md", "model/weights/part-1.bin"]
    {
        let place = archive.place(name);
        ends.extend([place.header, place.header + 1, place.header + 30, place.content.start, place.content.end - 1]);
        ends.extend([place.content.end, place.record, place.record + 45]);
    }
    ends.extend((1..=100).step_by(9).map(|missing| whole.len() - missing));
    ends.extend((0..whole.len()).step_by(1999));
    for end in &ends {
        let output = scene.verify_stream(&whole[..*end]);
        assert_refused(&format!("ends after {end}"), &output, "package-truncated", "cut short");
    }
    println!("{} places", ends.len());
    assert_accepted("to the end", &scene.verify_stream(&whole));
}

#[test]
fn a_stream_may_come_slowly() {
    let scene = Scene::new();
    let whole = scene.parts.bytes();
    for piece in [1, 7, 4096] {
        let mut command = scene.command("verify");
        let mut child = command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for part in whole.chunks(piece) {
            stdin.write_all(part).unwrap();
        }
        drop(stdin);
        assert_accepted(&format!("{piece} at a time"), &child.wait_with_output().unwrap());
    }
}

#[test]
fn standard_input_can_be_a_file_or_nothing() {
    let scene = Scene::new();
    let mut command = scene.command("verify");
    command.arg("-").stdin(fs::File::open(&scene.package).unwrap());
    assert_accepted("a file", &command.output().unwrap());
    assert_refused("nothing", &fed(scene.command("verify").arg("-"), b""), "package-truncated", "cut short");
    #[cfg(unix)]
    {
        let mut command = scene.command("verify");
        let output = command.arg("-").stdin(fs::File::open(scene.fixture.path("")).unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "a folder: {output:?}");
        assert!(json(&output)["error"].to_string().contains("cannot read the package"), "{output:?}");
    }
}

#[test]
fn what_is_no_file_is_not_judged() {
    let scene = Scene::new();
    #[cfg(unix)]
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.fixture.path("pipe"), rustix::fs::Mode::RWXU).unwrap();
    for (path, says) in [
        ("absent.sml", "cannot read"),
        #[cfg(unix)]
        ("pipe", "is not a regular file"),
        ("model", "is not a regular file"),
        ("model.sml/x", "cannot read"),
        ("/dev/null", "is not a regular file"),
    ] {
        for (subcommand, more) in [("verify", &[][..]), ("extract", &["--output", "out"]), ("cat", &["config.json"])] {
            let mut command = scene.command(subcommand);
            let output = command.current_dir(scene.fixture.path("")).arg(path).args(more).output().unwrap();
            assert_eq!(output.status.code(), Some(3), "{subcommand} {path}: {output:?}");
            assert!(json(&output)["error"].to_string().contains(says), "{subcommand} {path}: {output:?}");
        }
    }
}

/// A link to a package is as good as the package, except to add to it.
#[test]
#[cfg(unix)]
fn a_link_to_a_package_is_followed() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("model.sml", scene.fixture.path("link.sml")).unwrap();
    let output = scene.command("verify").arg(scene.fixture.path("link.sml")).output().unwrap();
    assert_accepted("a link", &output);
}

#[test]
fn some_commands_need_a_file() {
    let scene = Scene::new();
    let rule = "  - path: \"**\"\n    signers: [{role: training, key: key.pub.pem}]\n";
    fs::write(scene.fixture.path(".secureml.yaml"), format!("version: 1\nmodels:\n{rule}")).unwrap();
    for source in ["-", "https://example.org/model.sml"] {
        let mut extract = scene.command("extract");
        let mut policy = package("verify");
        policy.current_dir(scene.fixture.path("")).arg("--policy").arg(".secureml.yaml");
        for (name, command) in [("extract", &mut extract), ("policy", &mut policy)] {
            let output = command.arg(source).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name} {source}: {output:?}");
            assert!(json(&output)["error"].to_string().contains("a file is needed here"), "{name}: {output:?}");
        }
    }
}

/// A refusal has the same rule whoever looks.
#[test]
fn refusals_of_those_who_only_look_have_a_rule_as_well() {
    let scene = Scene::new();
    let bytes = scene.parts.bytes();
    let cut = scene.place(&bytes[..bytes.len() - 1]);
    let known = crate::support::findings(&scene.command("verify").arg(&cut).output().unwrap());
    for (command, words) in [("ls", &[][..]), ("inspect", &[]), ("cat", &["config.json", "--insecure"])] {
        let output = package(command).arg(&cut).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
        assert_eq!(crate::support::findings(&output), known, "{command}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.matches(&known[0].1).count(), 1, "{command}: told once: {said}");
    }
}

#[test]
fn nothing_is_left_out_of_a_package() {
    let scene = Scene::new();
    for words in [&["--ignore-paths", "x"][..], &["--ignore-git-paths"], &["--no-ignore-git-paths"]] {
        let mut command = crate::support::secureml();
        command.args(["--format", "json", "fingerprint", "verify", "--public-key"]).arg(&scene.key.public);
        let output = command.args(words).arg(&scene.package).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert_eq!(
            json(&output)["error"]["message"],
            format!("{} is a package, of which nothing is left out", scene.package.display())
        );
    }
}
