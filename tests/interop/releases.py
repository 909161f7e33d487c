"""Every published release of the reference tool that can still be installed: ours verified there, theirs here."""

import pathlib
import shutil
import subprocess
import venv

import reference
from record import Record
from secureml import SecureML

# What each release needs today to be started: packages that it does not declare, or declares too loosely.
RELEASES = {
    "1.1.1": ["pyopenssl==26.4.0"],
    "1.1.0": ["pyopenssl==26.4.0"],
    "1.0.1": ["pyopenssl==26.2.0", "sigstore==3.6.7"],
    "1.0.0": ["pyopenssl==26.2.0", "sigstore==3.6.7"],
    "0.3.1": ["pyopenssl==26.2.0", "sigstore==3.6.7"],
}
# Releases before 1.1.0 make a Sigstore signer first and fetch its trust roots, even to sign with a key. Without that
# one line of theirs they need no network; all the rest is the release as it is.
WITHOUT_SIGSTORE = """
import model_signing.signing
model_signing.signing.Config.use_sigstore_signer = lambda self, **_: self
from model_signing._cli import main
main()
"""
# Faults of a release that keep it from signing at all.
CANNOT_SIGN = {("0.3.1", "certificate"): "it misspells a field of its own bundle"}


def run(record: Record, ours: SecureML, folder: pathlib.Path, cache: pathlib.Path) -> None:
    signers = reference.make_signers(folder)
    model = folder / "model"
    (model / "a").mkdir(parents=True)
    # Names whose order differs between the tool and OMS 1.0.
    for name in ("a/z", "a-b", "a.txt", "é"):
        (model / name).write_text(name)
    for version, packages in RELEASES.items():
        program = install(version, packages, cache / "releases" / version)
        if program is None:
            record.skip(f"release {version}", "cannot be installed, or not be started")
            continue
        for signer in (signers[0], signers[1]):
            both_ways(record, ours, program, version, model, folder / "release.sig", signer)


def both_ways(record, ours, program, version, model, signature, signer) -> None:
    name = f"release {version} ({signer['name']})"
    if "certificate" in signer:
        method, trust = "certificate", ["--certificate_chain", signer["chain"]]
        keys = ["--private_key", signer["key"], "--signing_certificate", signer["certificate"], *trust]
    else:
        method, trust = "key", ["--public_key", signer["public"]]
        keys = ["--private_key", signer["key"]]
    result = ours.sign(model, signature, signer)
    record.check(f"{name}: signed here", result.returncode == 0, result.stderr)
    result = call(program, "verify", method, *trust, "--signature", signature, model)
    record.check(f"{name}: ours verified there", result.returncode == 0, result.stderr)
    signature.unlink()
    if why := CANNOT_SIGN.get((version, method)):
        record.skip(f"{name}: signed there", why)
        return
    python = program.parent / "python"
    result = call(python, "-c", WITHOUT_SIGSTORE, "sign", method, *keys, "--signature", signature, model)
    record.check(f"{name}: signed there", result.returncode == 0, result.stderr)
    result = ours.verify(model, signature, signer)
    record.check(f"{name}: theirs verified here", result.returncode == 0, result.stderr)
    (model / "added").write_text("x")
    result = ours.verify(model, signature, signer)
    record.check(f"{name}: an added file is refused here", result.returncode == 1, result.stderr)
    (model / "added").unlink()


def call(program: pathlib.Path, *words) -> subprocess.CompletedProcess:
    return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True, timeout=120)


def install(version: str, packages: list[str], place: pathlib.Path) -> pathlib.Path | None:
    """The program of a release in an environment of its own, made anew unless an earlier run finished it."""
    program, finished = place / "bin" / "model_signing", place / "finished"
    if not finished.exists():
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=True)
        pip = [place / "bin" / "pip", "--quiet", "--disable-pip-version-check", "install"]
        result = subprocess.run([*map(str, pip), f"model-signing=={version}", *packages], capture_output=True)
        if result.returncode != 0 or call(program, "--help").returncode != 0:
            return None
        finished.touch()
    return program
