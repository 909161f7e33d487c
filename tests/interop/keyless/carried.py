"""Fingerprints, packages and migrations that identities sign, with the real services."""

import base64
import json
import pathlib
import shutil

from record import Record
from scene import Scene, check, new_folder
from stack import USER


def run(record: Record, scene: Scene) -> None:
    folder = new_folder(scene.folder / "carried")
    who = ["--identity", USER, "--identity-provider", scene.issuer, "--trust-config", scene.s.trusted_root]
    other = ["--identity", "else@example.test", *who[2:]]
    signer = ["--trust-config", scene.s.trust_config, "--identity-token", scene.token()]
    fingerprints(record, scene, folder, who, other)
    packages(record, scene, folder, who, other, signer)
    blobs(record, scene, folder)


def fingerprints(record: Record, scene: Scene, folder: pathlib.Path, who: list, other: list) -> None:
    signature, signed = folder / "model.sig", folder / "model.fingerprint.sig"
    result = scene.sign(signature, "--fingerprint", "--identity-token", scene.token())
    check(record, "model and fingerprint are signed together", result, 0, "Signing succeeded\n")
    verify = ["fingerprint", "verify", scene.model, "--fingerprint"]
    check(record, "the fingerprint holds", scene.run(*verify, signed, *who), 0, "Verification succeeded\n")
    check(record, "and is nobody else's", scene.run(*verify, signed, *other), 1, "the model was signed by somebody else")
    check(record, "a model signature is no fingerprint", scene.run(*verify, signature, *who), 1, "the statement is about")
    check(record, "a fingerprint is no model signature", scene.verify(signed), 1, "the statement is about")
    result = scene.run("fingerprint", "verify", scene.model, "--fingerprint", signed)
    check(record, "without a signer it is not verified", result, 0, "The model matches the fingerprint", "nobody checked")


def packages(record: Record, scene: Scene, folder: pathlib.Path, who: list, other: list, signer: list) -> None:
    package, signature = folder / "model.sml", folder / "model.sig"
    words = ["package", "create", scene.model, "--signature", signature, "--fingerprint", "-o", package]
    check(record, "a package is signed", scene.run(*words, *signer), 0, "signed by", "model.sml: ")
    check(record, "the package holds", scene.run("package", "verify", package, *who), 0, "Verification succeeded\n")
    result = scene.run("package", "verify", package, *other)
    check(record, "and is nobody else's package", result, 1, "the model was signed by somebody else")
    result = scene.run("fingerprint", "verify", package, *who)
    check(record, "its fingerprint holds", result, 0, "Verification succeeded\n")
    result = scene.run("package", "add-signature", package, *signer[:2], "--identity-token", scene.token("else@example.test"))
    check(record, "somebody else signs it too", result, 0, "added secureml/signatures/")
    check(record, "then it is theirs as well", scene.run("package", "verify", package, *other), 0, "Verification succeeded\n")
    out = folder / "extracted"
    result = scene.run("package", "extract", package, "--all", "-o", out, *who)
    check(record, "it is extracted", result, 0, "Verification succeeded, extracted to")
    result = scene.verify(out / "model.sig", model=out / "model")
    check(record, "and its model verifies by itself", result, 0, "Verification succeeded\n")
    cut = folder / "cut.sml"
    shutil.copyfile(package, cut)
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size - 1)
    check(record, "a byte less is refused", scene.run("package", "verify", cut, *who), 1, "is not an acceptable package")
    migrated = folder / "migrated.sml"
    words = ["migrate", scene.model, "--signature", signature, "--to", migrated, "--sign-again"]
    # One instance for both: the one that was verified, and the one that signs.
    mine = [*who[:4], "--trust-config", scene.s.trust_config]
    result = scene.run(*words, *mine, "--identity-token", scene.token())
    check(record, "an old signature is migrated", result, 0, "carried over: ", "secureml/imported/model.sig, byte for byte")
    check(record, "and the package holds", scene.run("package", "verify", migrated, *who), 0, "Verification succeeded\n")


def blobs(record: Record, scene: Scene, folder: pathlib.Path) -> None:
    s = scene.s
    model = new_folder(folder / "blob")
    (model / "weights.bin").write_bytes(b"weights" * 1000)
    bundle, package = folder / "weights.bundle", folder / "blob.sml"
    config = ["--trusted-root", s.trusted_root, "--signing-config", s.out / "signing_config.json"]
    file = model / "weights.bin"
    result = scene.tools.cosign("sign-blob", "--yes", *config, "--identity-token", s.token(), "--bundle", bundle, file)
    check(record, "cosign signs a file", result, 0)
    mine = ["--identity", USER, "--identity-provider", scene.issuer, "--trust-config", s.trust_config]
    other = ["--identity", "else@example.test", *mine[2:]]
    words = ["migrate", model, "--overwrite", "--cosign-bundle", bundle, "--to", package, "--identity-token", scene.token()]
    result = scene.run(*words, *other)
    check(record, "its bundle is nobody else's", result, 1, "the model was signed by somebody else")
    check(record, "its bundle is carried over", scene.run(*words, *mine), 0, "it holds for weights.bin")
    result = scene.run("package", "verify", package, *mine[:4], "--trust-config", s.trusted_root)
    check(record, "in a package that holds", result, 0, "Verification succeeded\n")
    file.write_bytes(b"weightz" * 1000)
    result = scene.run(*words, *mine)
    check(record, "for another file it does not hold", result, 1, "is not in the model")
    old_blobs(record, scene, folder, mine, other)


def old_blobs(record: Record, scene: Scene, folder: pathlib.Path, mine: list, other: list) -> None:
    """The form that cosign wrote up to version 2, and still writes if it is told to."""
    s = scene.s
    model = new_folder(folder / "old")
    file, bundle, package = model / "weights.bin", folder / "old.bundle", folder / "old.sml"
    file.write_bytes(b"older weights" * 1000)
    urls = ["--fulcio-url", s.urls["fulcio"], "--rekor-url", s.urls["rekor"], "--trusted-root", s.trusted_root]
    form = ["--new-bundle-format=false", "--use-signing-config=false"]
    second = folder / "second.bundle"
    for each in (bundle, second):
        words = ["sign-blob", "--yes", *urls, *form, "--identity-token", s.token(), "--bundle", each, file]
        check(record, "cosign signs a file in its old form", scene.tools.cosign(*words), 0)
    words = ["migrate", model, "--overwrite", "--to", package, "--identity-token", scene.token(), "--cosign-bundle"]
    result = scene.run(*words, bundle, *other)
    check(record, "an old bundle is nobody else's", result, 1, "the model was signed by somebody else")
    check(record, "an old bundle is carried over", scene.run(*words, bundle, *mine), 0, "it holds for weights.bin")
    result = scene.run("package", "verify", package, *mine[:4], "--trust-config", s.trusted_root)
    check(record, "in a package that holds too", result, 0, "Verification succeeded\n")
    changed = folder / "changed.bundle"
    for name, change, reason in OLD_CHANGES:
        old = json.loads(bundle.read_text())
        change(old)
        changed.write_text(json.dumps(old))
        check(record, f"an old bundle with {name} is refused", scene.run(*words, changed, *mine), 1, reason)
    for field in ("rekorBundle", "cert"):
        old = json.loads(bundle.read_text())
        old[field] = json.loads(second.read_text())[field]
        changed.write_text(json.dumps(old))
        result = scene.run(*words, changed, *mine)
        check(record, f"an old bundle with the {field} of another signature is refused", result, 1, "does not")


def _payload(old: dict, **fields: object) -> None:
    old["rekorBundle"]["Payload"].update(fields)


def _body(old: dict, change) -> None:
    body = json.loads(base64.b64decode(old["rekorBundle"]["Payload"]["body"]))
    change(body["spec"])
    _payload(old, body=base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode())


def _flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


SET = "invalid inclusion promise"
# What is changed in an old bundle, how, and the reason for which it is refused.
OLD_CHANGES = [
    ("another signature", lambda old: old.update(base64Signature=_flipped(old["base64Signature"])), "does not match"),
    ("no log entry", lambda old: old.pop("rekorBundle"), "and no entry of a transparency log"),
    ("no certificate", lambda old: old.update(cert=""), "the method \"key\""),
    ("a later time", lambda old: _payload(old, integratedTime=old["rekorBundle"]["Payload"]["integratedTime"] + 1), SET),
    ("another number", lambda old: _payload(old, logIndex=old["rekorBundle"]["Payload"]["logIndex"] + 1), SET),
    ("another log", lambda old: _payload(old, logID="00" * 32), "No log key valid"),
    (
        "another promise",
        lambda old: old["rekorBundle"].update(SignedEntryTimestamp=_flipped(old["rekorBundle"]["SignedEntryTimestamp"])),
        SET,
    ),
    ("another file in the entry", lambda old: _body(old, lambda spec: spec["data"]["hash"].update(value="00" * 32)), SET),
    ("another body", lambda old: _body(old, lambda spec: spec.update(more=1)), SET),
]
