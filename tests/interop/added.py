"""Signatures that `--add` makes, before the reference tool: each bundle alone is a plain signature of the model."""

import base64
import json
import pathlib
import shutil
import sys

import reference
import releases
from record import Record
from secureml import SecureML


def run(record: Record, ours: SecureML, folder: pathlib.Path, cache: pathlib.Path) -> None:
    signers = reference.make_signers(folder)
    for inside in (False, True):
        for algorithm in ("sha256", "blake2b", "blake3"):
            name = f"added, {'inside' if inside else 'beside'}, {algorithm}"
            place = make_model(folder / f"{inside} {algorithm}")
            all_verified_there(record, ours, place, inside, algorithm, signers, name)
    with_fingerprint(record, ours, make_model(folder / "fingerprint"), signers)
    for signer in signers[:2]:
        on_the_tools_own(record, ours, make_model(folder / f"own {signer['name']}"), signer, signers)
    # The tool at hand is the newest release; the others are in environments of their own.
    for version, packages in releases.RELEASES.items():
        program = releases.install(version, packages, cache / "releases" / version)
        if program is None:
            record.skip(f"added, release {version}", "cannot be installed, or not be started")
            continue
        for signer in signers[:2]:
            place = make_model(folder / f"{version} {signer['name']}")
            on_a_release(record, ours, program, version, place, signer, signers)


def all_verified_there(record, ours, place, inside, algorithm, signers, name) -> None:
    """A model with a first signature and one of every other signer."""
    model = place / "model"
    first = (model if inside else place) / "model.sig"
    result = ours.sign(model, first, signers[0], "--hash", algorithm)
    record.check(f"{name}: first", result.returncode == 0, result.stderr)
    bundles = [(signers[0], first)]
    for signer in signers[1:]:
        bundles.append((signer, add(record, ours, model, first, signer, name)))
    files = sorted((first.parent / "model.sig.d").iterdir())
    record.check(f"{name}: one file a signer", len(files) == len(signers) - 1, files)
    if algorithm == "sha256":
        # By its command line, which goes by what the signature itself leaves out.
        program = pathlib.Path(sys.executable).parent / "model_signing"
        for signer, path in bundles:
            result = releases.call(program, "verify", *trust(signer), "--signature", path, model)
            record.check(f"{name}: by its command line ({signer['name']})", result.returncode == 0, result.stderr)
    check_all(record, ours, model, bundles, algorithm, inside, name)


def with_fingerprint(record, ours, place, signers) -> None:
    """A signature made together with a fingerprint is a signature like others."""
    model, first = place / "model", place / "model.sig"
    result = ours.sign(model, first, signers[0], "--fingerprint")
    record.check("with a fingerprint: signed", result.returncode == 0, result.stderr)
    bundles = [(signers[0], first), (signers[1], add(record, ours, model, first, signers[1], "with a fingerprint"))]
    check_all(record, ours, model, bundles, "sha256", False, "with a fingerprint")
    refusal = reference.verify(model, place / "model.fingerprint.sig", signers[0], config("sha256", False))
    record.check("a fingerprint is no signature there", refusal is not None)


def on_the_tools_own(record, ours, place, signer, signers) -> None:
    """Added here to a signature that the tool made; beside the model, where both tools leave the folder alone."""
    name = f"added to the tool's own ({signer['name']})"
    model, first = place / "model", place / "model.sig"
    reference.sign(model, first, signer, config("sha256", False))
    bundles = [(signer, first)]
    for other in signers[2:4]:
        bundles.append((other, add(record, ours, model, first, other, name)))
    check_all(record, ours, model, bundles, "sha256", False, name)
    # Inside it, the tool's signature does not know the folder, which is said.
    place = make_model(place / "inside")
    model, first = place / "model", place / "model" / "model.sig"
    reference.sign(model, first, signer, reference.hashing("sha256", None, False, ["model.sig"], True))
    before = reference.verify(model, first, signer, reference.hashing("sha256", None, False, ["model.sig"], True))
    record.check(f"{name}: inside, before", before is None, before)
    result = call_add(ours, model, first, signers[2])
    record.check(f"{name}: inside: warned", warned(result), result.stderr)
    refusal = reference.verify(model, first, signer, reference.hashing("sha256", None, False, ["model.sig"], True))
    record.check(f"{name}: inside: refused there, as the warning says", refusal is not None)


def on_a_release(record, ours, program, version, place, signer, signers) -> None:
    method = "certificate" if "certificate" in signer else "key"
    name = f"added to release {version} ({signer['name']})"
    model, first = place / "model", place / "release.sig"
    if why := releases.CANNOT_SIGN.get((version, method)):
        record.skip(name, why)
        return
    words = ["--private_key", signer["key"]]
    if method == "certificate":
        words += ["--signing_certificate", signer["certificate"], "--certificate_chain", signer["chain"]]
    python = program.parent / "python"
    result = releases.call(python, "-c", releases.WITHOUT_SIGSTORE, "sign", method, *words, "--signature", first, model)
    record.check(f"{name}: signed there", result.returncode == 0, result.stderr)
    for other in signers[2:4]:
        path = add(record, ours, model, first, other, name)
        result = releases.call(program, "verify", *trust(other), "--signature", path, model)
        record.check(f"{name}: verified there ({other['name']})", result.returncode == 0, result.stderr)
        result = ours.verify(model, path, other)
        record.check(f"{name}: verified here ({other['name']})", result.returncode == 0, result.stderr)
    result = releases.call(program, "verify", *trust(signer), "--signature", first, model)
    record.check(f"{name}: the first still verified there", result.returncode == 0, result.stderr)


def check_all(record, ours, model, bundles, algorithm, inside, name) -> None:
    """Each bundle is accepted by both while the model is what was signed, and refused by both afterwards."""
    payloads = {json.loads(path.read_text())["dsseEnvelope"]["payload"] for _, path in bundles}
    record.check(f"{name}: one statement", len(payloads) == 1, len(payloads))
    record.check(f"{name}: it is JSON", "subject" in json.loads(base64.b64decode(next(iter(payloads)))))
    for changed in (False, True):
        if changed:
            (model / "config.json").write_text("changed")
        for signer, path in bundles:
            what = f"{name} ({signer['name']}, changed {changed})"
            refusal = reference.verify(model, path, signer, config(algorithm, inside))
            record.check(f"{what}: there", (refusal is None) != changed, refusal)
            result = ours.verify(model, path, signer)
            record.check(f"{what}: here", result.returncode == int(changed), result.stderr)
    result = call_add(ours, model, bundles[0][1], bundles[0][0])
    record.check(f"{name}: nothing is added to a changed model", result.returncode == 1, result.stderr)


def config(algorithm: str, inside: bool):
    """What the tool leaves out by its user's word; everything, where the signature itself says it."""
    ignore = ["model.sig", "model.sig.d"] if inside else []
    return reference.hashing(algorithm, None, False, ignore, True)


def add(record, ours, model, first, signer, name) -> pathlib.Path:
    result = call_add(ours, model, first, signer)
    record.check(f"{name}: added ({signer['name']})", result.returncode == 0, result.stderr)
    return pathlib.Path(json.loads(result.stdout)["signature"])


def call_add(ours, model, first, signer):
    words = ["--private-key", signer["key"], "--signature", first, model]
    if "certificate" in signer:
        chain = ["--signing-certificate", signer["certificate"], "--certificate-chain", signer["chain"]]
        return ours.run("--format", "json", "sign", "certificate", "--add", *chain, *words)
    return ours.run("--format", "json", "sign", "key", "--add", *words)


def warned(result) -> bool:
    findings = json.loads(result.stdout)["findings"]
    return result.returncode == 0 and [finding["rule"] for finding in findings] == ["signature-set-inside"]


def trust(signer) -> list:
    if "certificate" in signer:
        return ["certificate", "--certificate_chain", signer["chain"]]
    return ["key", "--public_key", signer["public"]]


def make_model(place: pathlib.Path) -> pathlib.Path:
    shutil.rmtree(place, ignore_errors=True)
    (place / "model" / "weights").mkdir(parents=True)
    (place / "model" / "config.json").write_text("{}")
    (place / "model" / "weights" / "part-1.bin").write_bytes(bytes(range(256)) * 10)
    (place / "model" / "weights.txt").write_text("é")
    return place
