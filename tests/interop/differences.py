"""Where SecureML departs from the reference tool on purpose: each rule, why it stands, and what both make of one case.

A line of this table fails as soon as either side changes its mind, so that the list stays true.
"""

import base64
import hashlib
import json
import os
import pathlib

import reference
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing._cli import main as tool
from record import Record
from secureml import SecureML

TYPE = "application/vnd.in-toto+json"
ACCEPTED, UNDECIDED = 0, 3


def run(record: Record, ours: SecureML, folder: pathlib.Path) -> None:
    signers = reference.make_signers(folder)
    for number, (rule, reason, case, theirs, mine) in enumerate(DIFFERENCES):
        place = folder / str(number)
        make(place / "m", {"a": "a", "b/c": "c"})
        found = case(place, ours, signers)
        if found is None:
            record.skip(rule, "a folder that root cannot read is not to be had")
        else:
            record.check(f"{rule} ({reason})", found == (theirs, mine), f"{found} instead of {(theirs, mine)}")


def blake3(place, ours, signers):
    return signed_here(place, ours, signers[0], "--hash", "blake3")


def shards(place, ours, signers):
    return signed_here(place, ours, signers[0], "--method", "shards", "--shard-size", 1)


def links(place, ours, signers):
    (place / "m" / "link").symlink_to("a")
    return signed_here(place, ours, signers[0], "--allow-symlinks")


def signed_here(place, ours, signer, *options):
    ours.sign(place / "m", place / "s", signer, *options).check_returncode()
    return tool_verifies(place, signer), verdict(ours, place / "m", place / "s", signer)


def basename(place, ours, signers):
    model, signer = place / "m" / "a", signers[0]
    ours.sign(model, place / "s", signer, "--single-file-name", "basename").check_returncode()
    return tool_verifies(place, signer, model=model), verdict(ours, model, place / "s", signer)


def empty(place, ours, signers):
    (place / "empty").mkdir()
    reference.sign(place / "empty", place / "s", signers[0], plain())
    theirs = tool_verifies(place, signers[0], model=place / "empty")
    return theirs, verdict(ours, place / "empty", place / "s", signers[0])


def expired(place, ours, signers):
    signer = expired_signer(place)
    reference.sign(place / "m", place / "s", signer, plain())
    # The way back to the tool's judgement is an option.
    ours.verify(place / "m", place / "s", signer, "--allow-expired-certificates").check_returncode()
    theirs = accepted(reference.verify(place / "m", place / "s", signer, plain()))
    return theirs, verdict(ours, place / "m", place / "s", signer)


def no_chain(place, ours, signers):
    signer = signers[1]
    words = ["--private_key", signer["key"], "--signing_certificate", signer["certificate"], "--signature", place / "s"]
    theirs = call("sign", "certificate", *words, place / "m")
    return theirs, ours.run("sign", "certificate", *words, place / "m").returncode


def ignored_link(place, ours, signers):
    (place / "m" / "link").symlink_to("a")
    words = ["--private_key", signers[0]["key"], "--signature", place / "s", "--ignore-paths", place / "m" / "link"]
    return call("sign", "key", *words, place / "m"), ours.run("sign", "key", *words, place / "m").returncode


def all_ignored(place, ours, signers):
    words = ["--private_key", signers[0]["key"], "--signature", place / "s", "--ignore-paths", place / "m", place / "m"]
    if call("sign", "key", *words) != 0:
        return "it cannot be signed there", None
    (place / "m" / "a").write_text("anything at all")
    return tool_verifies(place, signers[0]), verdict(ours, place / "m", place / "s", signers[0])


def colon(place, ours, signers):
    (place / "m" / "a:b").write_text("x")
    reference.sign(place / "m", place / "s", signers[0], plain(shard_size=2))
    theirs = accepted(reference.verify(place / "m", place / "s", signers[0], plain(shard_size=2)))
    return theirs, verdict(ours, place / "m", place / "s", signers[0])


def escape(place, ours, signers):
    (place / "outside").write_text("x")
    forge(place, signers[0], [("../outside", "x")])
    option = "--ignore_unsigned_files"
    theirs = tool_verifies(place, signers[0], option)
    return theirs, verdict(ours, place / "m", place / "s", signers[0], option)


def twice(place, ours, signers):
    forge(place, signers[0], [("a", "other"), ("a", "a"), ("b/c", "c")])
    return tool_verifies(place, signers[0]), verdict(ours, place / "m", place / "s", signers[0])


def unreadable(place, ours, signers):
    if os.geteuid() == 0:
        return None
    (place / "m" / "b").chmod(0)
    words = ["--private_key", signers[0]["key"], "--signature", place / "s", place / "m"]
    codes = call("sign", "key", *words), ours.run("sign", "key", *words).returncode
    (place / "m" / "b").chmod(0o700)
    return codes


# What it is about, why our rule holds, the case, exit code of the tool, and ours or the rule that refuses.
DIFFERENCES = [
    ("D2: a single file under its own name", "OMS 1.0 asks for it, the tool refuses it", basename, 1, ACCEPTED),
    ("D3: an empty model", "a signature over nothing protects nothing", empty, 0, "statement-invalid"),
    ("D4: an expired certificate", "all of its validity counts", expired, 0, "signature-certificate"),
    ("D5: shards in the spelling of OMS 1.0", "the tool knows its own name of the hash only", shards, 1, ACCEPTED),
    ("D8: a hash other than SHA-256", "it stands in the signature, nobody has to guess it", blake3, 1, ACCEPTED),
    ("D9: links that the signer followed", "the signed rule holds, not the verifier's option", links, 1, ACCEPTED),
    ("D11: a folder that cannot be read", "it must not be left out in silence", unreadable, 0, UNDECIDED),
    ("D13: the model itself left out", "any content at all would be accepted", all_ignored, 0, "statement-invalid"),
    ("D14: a name that leads out of the model", "foreign files are none of the model", escape, 0, "statement-invalid"),
    ("a name listed twice", "one of the two digests would not count", twice, 0, "statement-invalid"),
    ("a colon in the name of a shard's file", "the last two numbers are the range", colon, 1, ACCEPTED),
    ("a certificate without a chain", "the verifier may have the rest", no_chain, 1, ACCEPTED),
    ("a link that is left out", "what is left out cannot stand in the way", ignored_link, 1, ACCEPTED),
]


def make(root: pathlib.Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def plain(shard_size: int | None = None):
    return reference.hashing("sha256", shard_size, False, [], True)


def accepted(refusal: str | None) -> int:
    return 0 if refusal is None else 1


def verdict(ours: SecureML, model: pathlib.Path, signature: pathlib.Path, signer: dict, *options) -> int | str:
    """The exit code, or the rule by which we refuse."""
    result = ours.verify(model, signature, signer, "--format", "json", *options)
    return json.loads(result.stdout)["findings"][0]["rule"] if result.returncode == 1 else result.returncode


def call(*words) -> int:
    """The tool's command line, without the start of an interpreter."""
    return CliRunner().invoke(tool, [str(word) for word in words]).exit_code


def tool_verifies(place: pathlib.Path, signer: dict, *options, model: pathlib.Path | None = None) -> int:
    trust = ["--public_key", signer["public"], "--signature", place / "s"]
    return call("verify", "key", *trust, *options, model or place / "m")


def forge(place: pathlib.Path, signer: dict, files: list[tuple[str, str]]) -> None:
    """Signs a list of names and contents that no tool would make, with a true root digest."""
    resources = [
        {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(content.encode()).hexdigest()}
        for name, content in files
    ]
    root = hashlib.sha256(b"".join(bytes.fromhex(each["digest"]) for each in resources)).hexdigest()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": resources,
        },
    }
    payload = json.dumps(statement).encode()
    key = serialization.load_pem_private_key(signer["key"].read_bytes(), None)
    pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
    signature = key.sign(pae, ec.ECDSA(hashes.SHA256()))
    hint = hashlib.sha256(signer["public"].read_bytes()).hexdigest()
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    (place / "s").write_text(json.dumps(bundle))


def expired_signer(place: pathlib.Path) -> dict:
    key, root_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = reference.certificate("root", "root", root_key.public_key(), root_key, ca=True)
    leaf = reference.certificate("signer", "root", key.public_key(), root_key, ca=False, expired=True)
    paths = {"name": "expired", **{kind: place / kind for kind in ("key", "certificate", "chain")}}
    paths["key"].write_bytes(reference.pem(key))
    paths["certificate"].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    paths["chain"].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return paths
