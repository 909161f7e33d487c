"""The same command lines through both programs: a script must work when the program's name is exchanged."""

import pathlib
import shutil
import subprocess
import sys

import reference
from record import Record
from secureml import SecureML

# What is run (in the folder that holds `m`, `sub` and the keys), and whether it succeeds. K, P, C, L, R stand for
# private key, public key, certificate, its chain, and a root. Signatures that a line verifies were made by the line above.
LINES = [
    ("sign key --private_key K --signature s.sig m", True),
    ("verify key --public_key P --signature s.sig m", True),
    ("verify key --signature=s.sig --public_key=P m/", True),
    ("verify key m --public_key P --signature s.sig", True),
    ("verify key --public_key P --signature s.sig --ignore_unsigned_files m", True),
    ("verify key --public_key P --signature s.sig --no-ignore_unsigned_files m", True),
    ("verify key --public_key OTHER --signature s.sig m", False),
    ("verify key --public_key P --signature s.sig other", False),
    ("verify certificate --certificate_chain R --signature s.sig m", False),
    ("sign key --private_key K m", True),
    ("verify key --public_key P --signature model.sig m", True),
    ("sign key --private_key K --signature m/inside.sig m", True),
    ("verify key --public_key P --signature m/inside.sig m", True),
    ("sign key --private_key K --signature f.sig m/weights.bin", True),
    ("verify key --public_key P --signature f.sig m/weights.bin", True),
    ("verify key --public_key P --signature f.sig m", False),
    ("sign key --private_key K --signature i.sig --ignore-paths m/weights.bin --ignore-paths m/inside.sig m", True),
    ("verify key --public_key P --signature i.sig m", True),
    ("sign key --private_key K --signature g.sig --no-ignore-git-paths --ignore-paths m/inside.sig m", True),
    ("verify key --public_key P --signature g.sig --no-ignore-git-paths m", True),
    ("sign key --private_key K --signature l.sig --allow_symlinks linked", True),
    ("verify key --public_key P --signature l.sig --allow_symlinks linked", True),
    ("sign key --private_key K --signature l.sig linked", False),
    ("sign key --private_key K --signature n.sig absent", False),
    ("sign key --private_key absent --signature n.sig m", False),
    ("sign key --private_key P --signature n.sig m", False),
    ("sign key --private_key RSA --signature n.sig m", False),
    ("sign certificate --private_key K --signing_certificate C --certificate_chain L --signature c.sig m", True),
    ("verify certificate --certificate_chain R --signature c.sig m", True),
    ("verify certificate --certificate_chain R --log_fingerprints --signature c.sig m", True),
    ("verify certificate --signature c.sig m", False),
    ("verify key --public_key P --signature c.sig m", False),
    ("--log-level error verify key --public_key P --signature s.sig --ignore-paths m/inside.sig m", True),
    ("sign key --private_key K --signature lost.sig --signature r.sig m", True),
    ("sign key --private_key OTHER --private_key K --allow_symlinks --allow_symlinks --signature r.sig m", True),
    ("--version", True),
    ("sign key --help", True),
    ("", False),
    ("sign", False),
    ("sign key", False),
    ("sign key --unknown m", False),
    ("verify key --public_key P m", False),
]
# From inside the model, where `.` and `..` have to be resolved.
INSIDE = [
    ("sign key --private_key ../K --signature dot.sig .", True),
    ("verify key --public_key ../P --signature dot.sig .", True),
    ("sign key --private_key ../../K --signature ../up.sig --ignore-paths ../dot.sig ..", True),
    ("verify key --public_key ../../P --signature ../up.sig --ignore-paths ../dot.sig ..", True),
]
# Lines on which the programs differ on purpose: what, why, what the tool does, what we do (exit codes).
DIFFERENT = [
    ("sign key --private_key K --signature e.sig empty", "D3: an empty model is no model", 0, 1),
    ("sign key --private_key K --signature d.sig --allow_symlinks folder-link", "D10: a link to a folder", 0, 1),
    ("sign key --private-key K --signature h.sig m", "both spellings; the released tool knows one", 2, 0),
    ("sign key --private_key K --signature m/weights.bin m/weights.bin", "the model would be overwritten", 0, 2),
    ("sign key --private_key ENC --password sesame --signature p.sig m", "the tool cannot use passphrases", 1, 0),
]


def run(record: Record, ours: SecureML, folder: pathlib.Path) -> None:
    theirs = str(pathlib.Path(sys.executable).parent / "model_signing")
    results = {}
    signers = reference.make_signers(make(folder / "keys"))
    for side, program in (("tool", theirs), ("ours", ours.path)):
        place = make_place(folder / side, signers)
        results[side] = [call(program, line, place, place) for line, _ in LINES]
        results[side] += [call(program, line, place / "m", place) for line, _ in INSIDE[:2]]
        results[side] += [call(program, line, place / "m" / "sub", place) for line, _ in INSIDE[2:]]
        place = make_place(folder / f"{side} different", signers)
        results[f"{side} different"] = [call(program, line, place, place) for line, *_ in DIFFERENT]
    for number, (line, succeeds) in enumerate(LINES + INSIDE):
        tool, mine = results["tool"][number], results["ours"][number]
        record.check(f"{line}: the tool", (tool.returncode == 0) == succeeds, tool.stderr)
        record.check(f"{line}: ours", (mine.returncode == 0) == succeeds, mine.stderr)
        misuse = tool.returncode == 2
        record.check(f"{line}: misuse", (mine.returncode == 2) == misuse, f"{mine.returncode}, {tool.returncode}")
        if succeeds and line.split()[0] in ("sign", "verify") and "--help" not in line:
            record.check(f"{line}: says the same", mine.stdout == tool.stdout, (mine.stdout, tool.stdout))
    for number, (line, why, tool_code, our_code) in enumerate(DIFFERENT):
        codes = [results[f"{side} different"][number].returncode for side in ("tool", "ours")]
        record.check(f"{line}: {why}", codes == [tool_code, our_code], codes)


def call(program: str, line: str, cwd: pathlib.Path, place: pathlib.Path) -> subprocess.CompletedProcess:
    # An empty line must not become one empty word.
    return subprocess.run([program, *line.split()], capture_output=True, text=True, cwd=cwd, timeout=120)


def make_place(place: pathlib.Path, signers: list[dict]) -> pathlib.Path:
    place.mkdir()
    signer = next(each for each in signers if each["name"] == "p256 certificate")
    other = next(each for each in signers if each["name"] == "p384")
    for name, source in [
        ("K", signer["key"]), ("P", signer["public"]), ("C", signer["certificate"]), ("L", signer["chain"]),
        ("R", signer["chain"]), ("OTHER", other["public"]),
    ]:
        shutil.copy(source, place / name)
    (place / "RSA").write_bytes(reference.pem(reference.rsa.generate_private_key(65537, 2048)))
    words = ["openssl", "pkcs8", "-topk8", "-in", place / "K", "-out", place / "ENC", "-passout", "pass:sesame"]
    subprocess.run(words, check=True)
    for name in ("m", "other"):
        make(place / name / "sub" / "deep")
        (place / name / "weights.bin").write_bytes(b"weights of " + name.encode())
        (place / name / "sub" / "config.json").write_text("{}")
        (place / name / ".gitattributes").write_text("* -text\n")
    make(place / "empty")
    make(place / "linked")
    (place / "linked" / "file").write_text("content")
    (place / "linked" / "link").symlink_to("file")
    make(place / "folder-link" / "real")
    (place / "folder-link" / "real" / "file").write_text("content")
    (place / "folder-link" / "link").symlink_to("real")
    return place


def make(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True)
    return folder
