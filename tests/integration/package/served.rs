//! Packages on a server: read by ranges, believed no more than a file, and not read whole.

mod server;

use std::fs;
use std::process::Output;

use secureml::crypto::Curve;

use self::server::{Range, Server, head, ranges};
use super::mutations::REPORT;
use super::scene::{Scene, create, package};
use crate::support::{Fixture, assert_accepted, assert_refused, json};

/// Runs a subcommand on what a server serves.
fn ask(server: &Server, words: &[&str], path: &str, more: &[&str]) -> Output {
    let mut command = package(words[0]);
    command.env("NO_PROXY", "127.0.0.1").args(&words[1..]).arg(server.url(path)).args(more).output().unwrap()
}

fn trusting(scene: &Scene) -> Vec<String> {
    vec!["--public-key".to_owned(), scene.key.public.display().to_string()]
}

#[test]
fn what_a_server_serves_is_what_the_file_holds() {
    let scene = Scene::new();
    let server = Server::start(scene.parts.bytes(), ranges);
    for subcommand in ["ls", "inspect"] {
        let there = ask(&server, &[subcommand], "/model.sml", &[]);
        let here = package(subcommand).arg(&scene.package).output().unwrap();
        assert_accepted(subcommand, &there);
        assert_eq!(json(&there)["content"], json(&here)["content"], "{subcommand}");
    }
    let trust = trusting(&scene);
    let trust: Vec<&str> = trust.iter().map(String::as_str).collect();
    for file in ["config.json", "empty.bin", "weights/part-1.bin"] {
        let given = ask(&server, &[&["cat"][..], &trust].concat(), "/model.sml", &[file]);
        assert_eq!(
            (given.status.code(), &*given.stdout),
            (Some(0), scene.parts.get(&format!("model/{file}"))),
            "{file}"
        );
    }
    let report = ask(&server, &["cat", "--insecure"], "/model.sml", &[REPORT]);
    assert_eq!(report.stdout, scene.parts.get(REPORT));
    assert_accepted("verify", &ask(&server, &[&["verify"][..], &trust].concat(), "/model.sml", &[]));
    let stranger = scene.stranger.public.display().to_string();
    let refused = ask(&server, &["cat", "--public-key", &stranger], "/model.sml", &["config.json"]);
    assert_refused("a stranger", &refused, "signature-key", "package.sigstore.json");
}

#[test]
fn a_large_package_is_not_read_whole() {
    let fixture = Fixture::with(&[("config.json", b"{}"), ("weights.bin", &vec![5; 24 << 20])]);
    let key = fixture.key("key", Curve::P256);
    assert_accepted("sign", &fixture.sign(&key, &[]));
    assert_accepted("create", &create(&fixture, &key, &[]));
    let bytes = fs::read(fixture.path("model.sml")).unwrap();
    let size = bytes.len();
    let server = Server::start(bytes, ranges);
    let trust = key.public.display().to_string();
    for (name, output) in [
        ("inspect", ask(&server, &["inspect"], "/", &[])),
        ("ls", ask(&server, &["ls"], "/", &[])),
        ("cat", ask(&server, &["cat", "--public-key", &trust], "/", &["config.json"])),
    ] {
        assert!(output.status.success(), "{name}: {output:?}");
    }
    let (requests, served) = server.served();
    println!("{served} of {size} bytes in {requests} requests for three commands");
    assert!(served < size, "{served} of {size}");
}

/// A server that answers with something else is found out, and nothing comes of it.
#[test]
fn a_server_that_lies_is_not_believed() {
    let scene = Scene::new();
    let other = "it answers with other bytes than were asked for";
    let lies: [(&str, server::Answer, &str); 9] = [
        ("serves no ranges", |package, _, _| head("200 OK", "", package), "it serves no ranges of bytes"),
        (
            "says no range",
            |package, range, _| head("206 Partial Content", "", &package[range.clone()]),
            "does not say which bytes",
        ),
        (
            "says another range",
            |package, range, first| {
                let said = format!(
                    "Content-Range: bytes {}-{}/{}\r\n",
                    range.start + usize::from(!first),
                    range.end - 1,
                    package.len()
                );
                head("206 Partial Content", &said, &package[range.clone()])
            },
            other,
        ),
        (
            "says another size from the second answer on",
            |package, range, first| {
                let size = package.len() + usize::from(!first);
                let said = format!("Content-Range: bytes {}-{}/{size}\r\n", range.start, range.end - 1);
                head("206 Partial Content", &said, &package[range.clone()])
            },
            other,
        ),
        ("serves less than it says", |package, range, first| short(package, range, first, 1), other),
        (
            "serves more than it says",
            |package, range, first| {
                let mut content = package[range.clone()].to_vec();
                content.extend([b'x'; 5].iter().take(if first { 0 } else { 5 }));
                head("206 Partial Content", &server::content_range(package, range), &content)
            },
            other,
        ),
        (
            "serves ranges once",
            |package, range, first| if first { ranges(package, range, first) } else { head("200 OK", "", package) },
            "the package's server",
        ),
        ("has no such file", |_, _, _| head("404 Not Found", "", b"no"), "404"),
        ("is out of order", |_, _, first| head(if first { "500 Oops" } else { "200 OK" }, "", b""), "500"),
    ];
    for (name, lie, says) in lies {
        let server = Server::start(scene.parts.bytes(), lie);
        for words in [&["inspect"][..], &["ls"], &["cat", "--insecure"]] {
            let more = if words[0] == "cat" { &["config.json"][..] } else { &[] };
            let output = ask(&server, words, "/model.sml", more);
            assert_eq!(output.status.code(), Some(3), "{name}, {words:?}: {output:?}");
            let said = json(&output)["error"].to_string();
            assert!(said.contains(says), "{name}, {words:?}: {said}");
        }
    }
}

fn short(package: &[u8], range: &Range, first: bool, less: usize) -> Vec<u8> {
    let content = &package[range.clone()];
    let end = if first { content.len() } else { content.len().saturating_sub(less) };
    head("206 Partial Content", &server::content_range(package, range), &content[..end])
}

/// The bytes are the server's to choose; whether they are the signed ones is not.
#[test]
fn a_server_cannot_change_a_package() {
    let scene = Scene::new();
    let changed = scene.parts.clone().set("model/config.json", b"{\"layers\": 3}\n");
    let trust = trusting(&scene);
    let words: Vec<&str> = ["cat"].into_iter().chain(trust.iter().map(String::as_str)).collect();
    let server = Server::start(changed.bytes(), ranges);
    let output = ask(&server, &words, "/", &["config.json"]);
    assert_refused("a changed file", &output, "file-changed", "config.json: changed");
    for (name, bytes) in [
        ("a manifest that fits", changed.listed().bytes()),
        ("a report exchanged", scene.parts.clone().set(REPORT, "{\"score\": 9}").bytes()),
    ] {
        let output = ask(&Server::start(bytes, ranges), &words, "/", &["config.json"]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("layers"), "{name}: {output:?}");
    }
}

#[test]
fn redirections_are_followed_to_where_they_may_lead() {
    let scene = Scene::new();
    let server = Server::start(scene.parts.bytes(), ranges);
    let accepted = |path: &str| assert_accepted(path, &ask(&server, &["inspect"], path, &[]));
    for path in ["/redirect/1", "/redirect/5", "/redirect/10"] {
        accepted(path);
    }
    for (path, says) in [
        ("/redirect/12", "it redirects without end"),
        ("/redirect/endless", "it redirects without end"),
        ("/redirect/to/file:///etc/passwd", "the package's server"),
        ("/redirect/to/ftp://127.0.0.1/x", "the package's server"),
        ("/redirect/to/http://192.0.2.1/x", "the package's server"),
    ] {
        let output = ask(&server, &["inspect"], path, &[]);
        assert_eq!(output.status.code(), Some(3), "{path}: {output:?}");
        let said = json(&output)["error"].to_string();
        assert!(said.contains(says), "{path}: {said}");
    }
}

#[test]
fn nobody_there_is_no_verdict() {
    let scene = Scene::new();
    let url = Server::gone();
    let mut command = scene.command("verify");
    let output = command.env("NO_PROXY", "127.0.0.1").arg(&url).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    for url in ["http://example.org/model.sml", "https://", "http://"] {
        let output = scene.command("verify").arg(url).output().unwrap();
        assert!(matches!(output.status.code(), Some(2 | 3)), "{url}: {output:?}");
    }
}
