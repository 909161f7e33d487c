"""Packages before other programs: unzip, bsdtar, Python's zipfile, the reference tool."""

import pathlib
import shutil
import subprocess
import zipfile

import reference
from record import Record
from secureml import SecureML

FILES = {
    "config.json": b"{}\n",
    "empty": b"",
    "weights/part 1.bin": bytes(range(256)) * 400,
    "weights/part-2.bin": b"\0" * 70_000,
    "模型/权重.bin": b"weights" * 999,
}


def run(record: Record, ours: SecureML, folder: pathlib.Path) -> None:
    signers = reference.make_signers(folder)
    for signer in signers:
        place = folder / signer["name"].replace(" ", "-")
        place.mkdir()
        packaged(record, ours, place, signer)
    single(record, ours, folder, signers[0])
    twice(record, ours, folder, signers[0])


def packaged(record: Record, ours: SecureML, place: pathlib.Path, signer: dict) -> None:
    model, signature, package = place / "model", place / "model.sig", place / "model.sml"
    write(model, FILES)
    ours.sign(model, signature, signer)
    result = create(ours, model, signature, package, signer)
    record.check(f"{signer['name']} packages", result.returncode == 0, result.stderr)
    for program, unpack in UNPACKERS.items():
        if not shutil.which(program):
            record.skip(f"{program} of {signer['name']}'s package", f"there is no {program} on this machine")
            continue
        out = place / f"by-{program}"
        out.mkdir()
        done = subprocess.run([*unpack, package.resolve()], cwd=out, capture_output=True, text=True)
        record.check(f"{program} unpacks {signer['name']}'s package", done.returncode == 0, done.stdout + done.stderr)
        same_and_signed(record, program, model, out, signer)
    out = place / "by-zipfile"
    with zipfile.ZipFile(package) as archive:
        broken = archive.testzip()
        archive.extractall(out)
    record.check(f"zipfile finds nothing wrong with {signer['name']}'s package", broken is None, broken)
    same_and_signed(record, "zipfile", model, out, signer)
    out = place / "by-us"
    result = ours.run("package", "extract", package, "--all", "-o", out, *trust(signer))
    record.check(f"{signer['name']}'s package is extracted", result.returncode == 0, result.stderr)
    same_and_signed(record, "extract", model, out, signer)


def same_and_signed(record: Record, by: str, model: pathlib.Path, out: pathlib.Path, signer: dict) -> None:
    found = {str(path.relative_to(out / "model")): path.read_bytes() for path in (out / "model").rglob("*") if path.is_file()}
    record.check(f"{by}: the same files", found == FILES, list(found))
    refusal = reference.verify(out / "model", out / "model.sig", signer, reference.hashing("sha256", None, False, [], True))
    record.check(f"{by}: the reference tool verifies model/ with model.sig", refusal is None, refusal)


def single(record: Record, ours: SecureML, folder: pathlib.Path, signer: dict) -> None:
    """A model that is one file is `model/NAME` in a package."""
    model, signature, package = folder / "only.safetensors", folder / "only.sig", folder / "only.sml"
    model.write_bytes(b"only" * 5000)
    ours.sign(model, signature, signer)
    result = create(ours, model, signature, package, signer)
    record.check("a single file is packaged", result.returncode == 0, result.stderr)
    out = folder / "only"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(out)
    refusal = reference.verify(
        out / "model" / model.name, out / "model.sig", signer, reference.hashing("sha256", None, False, [], True)
    )
    record.check("and verified by the reference tool", refusal is None, refusal)


def twice(record: Record, ours: SecureML, folder: pathlib.Path, signer: dict) -> None:
    """The same input gives the same bytes; signatures are input, for no two of a key are the same."""
    model, signature = folder / "twice", folder / "twice.sig"
    write(model, FILES)
    ours.sign(model, signature, signer)
    first, second, third = (folder / f"twice-{number}.sml" for number in range(3))
    create(ours, model, signature, first, signer)
    statement = folder / "statement.sigstore.json"
    with zipfile.ZipFile(first) as archive:
        statement.write_bytes(archive.read("secureml/package.sigstore.json"))
    for package in (second, third):
        words = ["--signature", signature, "--fingerprint", "-o", package, "--package-signature", statement]
        result = ours.run("package", "create", model, *words)
        record.check("a package is built again", result.returncode == 0, result.stderr)
    same = first.read_bytes() == second.read_bytes() == third.read_bytes()
    record.check("the same input gives the same bytes", same)


def write(root: pathlib.Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def create(ours: SecureML, model: pathlib.Path, signature: pathlib.Path, package: pathlib.Path, signer: dict):
    words = ["--signature", signature, "--fingerprint", "-o", package, "--private-key", signer["key"]]
    if "certificate" in signer:
        words += ["--signing-certificate", signer["certificate"], "--certificate-chain", signer["chain"]]
    return ours.run("package", "create", model, *words)


def trust(signer: dict) -> list:
    if "certificate" in signer:
        return ["--certificate-chain", signer["chain"]]
    return ["--public-key", signer["public"]]


# With what comes before the archive's name.
UNPACKERS = {"unzip": ["unzip", "-q"], "bsdtar": ["bsdtar", "-xf"]}
