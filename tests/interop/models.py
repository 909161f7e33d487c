"""Random models, signed by one tool and verified by the other."""

import base64
import hashlib
import json
import pathlib
import random
import shutil

import reference
import trees
from record import Record
from schemas import Schemas
from secureml import SecureML


def run(record: Record, ours: SecureML, folder: pathlib.Path, schemas: Schemas, *, count: int, seed: int) -> None:
    signers = reference.make_signers(folder)
    for number in range(count):
        place = folder / "case"
        place.mkdir()
        one_model(record, ours, place, random.Random(f"{seed}-{number}"), signers, schemas, f"model {seed}-{number}")
        shutil.rmtree(place)


def one_model(
    record: Record,
    ours: SecureML,
    place: pathlib.Path,
    rng: random.Random,
    signers: list[dict],
    schemas: Schemas,
    name: str,
) -> None:
    model, inside = place / "model", rng.random() < 0.3
    shard_size = rng.choice([None, None, None, 1000, 7])
    # The reference tool hashes whole files where BLAKE3 shards are asked for.
    algorithm = rng.choice(["sha256", "sha256", "blake2b", *([] if shard_size else ["blake3"])])
    links, git = rng.random() < 0.2, rng.random() < 0.8
    files = trees.make(rng, model, colons=shard_size is None, links=links)
    signature = (model if inside else place) / "model.sig"
    signer = rng.choice(signers)
    ignore = [rng.choice(files)] if rng.random() < 0.2 else []
    ignore = [path for path in ignore if path != "never empty" and not path.startswith("link-")]
    settings = [*(["--allow-symlinks"] if links else []), *([] if git else ["--no-ignore-git-paths"])]
    for path in ignore:
        settings += ["--ignore-paths", model / path]
    name = f"{name} ({signer['name']}, {algorithm}, shards {shard_size}, links {links}, git {git}, ignored {ignore})"

    def config():
        return reference.hashing(algorithm, shard_size, links, [*ignore, *(["model.sig"] if inside else [])], git)

    # Signed there, verified here: hash, method, links and ignored paths come from the signature.
    reference.sign(model, signature, signer, config())
    git_flag = [] if git else ["--no-ignore-git-paths"]
    result = ours.verify(model, signature, signer, *git_flag)
    record.check(f"{name}: theirs verified here", result.returncode == 0, result.stderr)
    check_digest(record, ours, model, signature, config(), settings, algorithm, shard_size, name)

    # Signed here, verified there.
    signature.unlink()
    hash_flags = ["--hash", algorithm, *(["--method", "shards", "--shard-size", shard_size] if shard_size else [])]
    result = ours.sign(model, signature, signer, *settings, *hash_flags)
    record.check(f"{name}: signed here", result.returncode == 0, result.stderr)
    schemas.check(record, name, signature)
    result = ours.verify(model, signature, signer, *git_flag)
    record.check(f"{name}: ours verified here", result.returncode == 0, result.stderr)
    if shard_size:
        # The tool compares the name of the algorithm with its own `sha256-sharded-N`, which OMS 1.0 rules out (D5), so
        # it refuses what it should accept; the shards themselves are the same.
        difference = compare_shards(model, signature, algorithm, config())
        record.check(f"{name}: our shards are those made there", difference is None, difference)
    else:
        refusal = reference.verify(model, signature, signer, config())
        record.check(f"{name}: ours verified there", refusal is None, refusal)

    # One change, refused by both.
    reference.sign(model, signature, signer, config())
    changed = trees.change(rng, model, [file for file in files if file not in ignore])
    result = ours.verify(model, signature, signer, *git_flag)
    record.check(f"{name}: {changed}: refused here", result.returncode == 1, result.stderr)
    refusal = reference.verify(model, signature, signer, config())
    record.check(f"{name}: {changed}: refused there", refusal is not None)


def check_digest(record, ours, model, signature, config, settings, algorithm, shard_size, name) -> None:
    """`digest` agrees where whole names sort as path components do; elsewhere it is the digest of OMS order (D1)."""
    root, names = reference.digest(model, config)
    flags = ["--hash", algorithm, *(["--method", "shards", "--shard-size", shard_size] if shard_size else [])]
    if signature.parent == model:
        flags += ["--ignore-paths", signature]
    result = ours.run("digest", *settings, *flags, model)
    if sorted(names) == names:
        expected = f"sha256:{root}\n"
    else:
        statement = payload(signature)
        by_name = sorted(statement["predicate"]["resources"], key=lambda resource: resource["name"])
        digests = b"".join(bytes.fromhex(resource["digest"]) for resource in by_name)
        expected = f"sha256:{hashlib.sha256(digests).hexdigest()}\n"
    record.check(f"{name}: digest", result.stdout == expected, f"{result.stdout!r} instead of {expected!r}")


def payload(signature: pathlib.Path) -> dict:
    return json.loads(base64.b64decode(json.loads(signature.read_text())["dsseEnvelope"]["payload"]))


def compare_shards(model: pathlib.Path, signature: pathlib.Path, algorithm: str, config) -> str | None:
    """Whether our shards are those that the reference tool makes, name by name, in the spelling of OMS 1.0."""
    theirs = {
        descriptor.identifier: (algorithm, descriptor.digest.digest_hex)
        for descriptor in config.hash(model).resource_descriptors()
    }
    resources = payload(signature)["predicate"]["resources"]
    ours = {each["name"]: (each["algorithm"], each["digest"]) for each in resources}
    return None if ours == theirs else f"{ours} instead of {theirs}"
