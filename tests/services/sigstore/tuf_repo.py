#!/usr/bin/env python3
"""Keeps a TUF repository (consistent snapshots), and puts it into the states that a client must survive.

    tuf_repo.py OUT create FILE[=TARGET] ...     a repository with new keys
    tuf_repo.py OUT publish FILE[=TARGET] ...    the next version, with these targets added or replaced
    tuf_repo.py OUT rotate ROLE [--only-new]     a new key for a role, and the root that says so, signed by the old root
                                                 key and the new one (--only-new: by the new one, which is not enough)
    tuf_repo.py OUT rollback [ROLE]              an older state of the timestamp, the snapshot or the targets comes back
    tuf_repo.py OUT expire [ROLE]                the next version of a role, out of date already
    tuf_repo.py OUT freeze                       the timestamp at its present version, out of date by now
    tuf_repo.py OUT tamper [TARGET] [--grow]     a target of the same length with other bytes (or a longer one)
    tuf_repo.py OUT tamper --role ROLE           metadata with a changed expiry under the old signature
    tuf_repo.py OUT restore                      the honest state again

OUT/tuf is what is served. OUT/tuf-private holds the keys and, in `honest`, the state that create, publish and rotate
made; every attack starts from that state and changes what is served only. Uses python-tuf.
"""

import argparse
import json
import pathlib
import shutil
import sys
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

ROLES = ("root", "targets", "snapshot", "timestamp")
LIFETIME = timedelta(days=30)
EXPIRED = timedelta(days=-1)


class Repository:
    """A copy of the repository's metadata in memory, written to one folder."""

    def __init__(self, out: pathlib.Path) -> None:
        self.served, self.private = out / "tuf", out / "tuf-private"
        self.honest, self.keys = self.private / "honest", self.private / "keys"

    def load(self) -> None:
        self.root, self.targets, self.snapshot = (self.newest(role) for role in ROLES[:3])
        self.timestamp = Metadata[Timestamp].from_file(str(self.honest / "timestamp.json"))

    def newest(self, role: str) -> Metadata:
        files = sorted(self.honest.glob(f"*.{role}.json"), key=lambda file: int(file.name.split(".")[0]))
        return Metadata.from_file(str(files[-1]))

    def signer(self, role: str) -> CryptoSigner:
        return CryptoSigner(load_pem_private_key((self.keys / f"{role}.pem").read_bytes(), None))

    def new_signer(self, role: str) -> CryptoSigner:
        signer = CryptoSigner.generate_ecdsa()
        (self.keys / f"{role}.pem").write_bytes(signer.private_bytes)
        return signer

    def write(self, role: str, folder: pathlib.Path, *signers: CryptoSigner) -> None:
        metadata = getattr(self, role)
        metadata.signatures.clear()
        for signer in signers or [self.signer(role)]:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes(JSONSerializer())
        version = metadata.signed.version
        if role == "timestamp":
            (folder / "timestamp.json").write_bytes(data)
            # What rollback puts back.
            if folder == self.honest:
                (self.private / f"{version}.timestamp.json").write_bytes(data)
        else:
            (folder / f"{version}.{role}.json").write_bytes(data)

    def next(self, role: str, lifetime: timedelta = LIFETIME) -> None:
        signed = getattr(self, role).signed
        signed.version += 1
        signed.expires = expiry(lifetime)

    def point(self, role: str, version: int) -> None:
        """Makes the role above name a version of this one."""
        if role == "targets":
            self.snapshot.signed.meta["targets.json"] = MetaFile(version)
        else:
            self.timestamp.signed.snapshot_meta = MetaFile(version)

    def add_targets(self, specs: list[str], folder: pathlib.Path) -> None:
        (folder / "targets").mkdir(exist_ok=True)
        for spec in specs:
            file, _, name = spec.partition("=")
            name = name or pathlib.Path(file).name
            target = TargetFile.from_file(name, file)
            self.targets.signed.targets[name] = target
            shutil.copyfile(file, folder / "targets" / target_file(target))

    def serve(self) -> None:
        """Makes what is served the honest state."""
        fresh = self.served.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self.honest, fresh)
        shutil.rmtree(self.served, ignore_errors=True)
        fresh.rename(self.served)


def expiry(lifetime: timedelta) -> datetime:
    return (datetime.now(timezone.utc) + lifetime).replace(microsecond=0)


def target_file(target: TargetFile) -> str:
    return f"{target.hashes['sha256']}.{target.path}"


def create(repository: Repository, files: list[str]) -> None:
    repository.keys.mkdir(parents=True, mode=0o700)
    repository.honest.mkdir()
    expires = expiry(LIFETIME)
    repository.root = Metadata(Root(expires=expires, consistent_snapshot=True))
    for role in ROLES:
        repository.root.signed.add_key(repository.new_signer(role).public_key, role)
    repository.targets = Metadata(Targets(expires=expires))
    repository.snapshot = Metadata(Snapshot(expires=expires))
    repository.timestamp = Metadata(Timestamp(expires=expires))
    repository.add_targets(files, repository.honest)
    for role in ROLES:
        repository.write(role, repository.honest)


def publish(repository: Repository, files: list[str]) -> None:
    repository.add_targets(files, repository.honest)
    for role in ("targets", "snapshot", "timestamp"):
        repository.next(role)
    point_to_newest(repository)
    for role in ("targets", "snapshot", "timestamp"):
        repository.write(role, repository.honest)


def point_to_newest(repository: Repository) -> None:
    repository.point("targets", repository.targets.signed.version)
    repository.point("snapshot", repository.snapshot.signed.version)


def rotate(repository: Repository, role: str, only_new: bool) -> None:
    old_root = repository.signer("root")
    old = repository.signer(role)
    keys = {name: (repository.keys / f"{name}.pem").read_bytes() for name in ROLES}
    new = repository.new_signer(role)
    root = repository.root.signed
    root.revoke_key(old.public_key.keyid, role)
    root.add_key(new.public_key, role)
    repository.next("root")
    if only_new:
        # An attack: nothing of it stays.
        repository.write("root", repository.served, new if role == "root" else CryptoSigner.generate_ecdsa())
        for name, data in keys.items():
            (repository.keys / f"{name}.pem").write_bytes(data)
        return
    repository.write("root", repository.honest, old_root, *([new] if role == "root" else []))
    if role != "root":
        publish(repository, [])


def rollback(repository: Repository, role: str) -> None:
    version = getattr(repository, role).signed.version - 1
    if version < 1:
        sys.exit(f"there is no older {role}: publish first")
    if role == "timestamp":
        shutil.copyfile(repository.private / f"{version}.timestamp.json", repository.served / "timestamp.json")
        return
    # The roles above are newer than ever and name the older version.
    above = ("timestamp",) if role == "snapshot" else ("snapshot", "timestamp")
    for name in above:
        repository.next(name)
    point_to_newest(repository)
    repository.point(role, version)
    for name in above:
        repository.write(name, repository.served)


def expire(repository: Repository, role: str) -> None:
    repository.next(role, EXPIRED)
    above = {"targets": ("snapshot", "timestamp"), "snapshot": ("timestamp",)}.get(role, ())
    for name in above:
        repository.next(name)
    point_to_newest(repository)
    for name in (role, *above):
        repository.write(name, repository.served)


def freeze(repository: Repository) -> None:
    repository.timestamp.signed.expires = expiry(EXPIRED)
    repository.write("timestamp", repository.served)


def tamper_with_target(repository: Repository, name: str, grow: bool) -> None:
    file = repository.served / "targets" / target_file(repository.targets.signed.targets[name])
    data = file.read_bytes()
    file.write_bytes(data + b"\n" if grow else data.replace(b"sigstore.test", b"sigstore.evil", 1))
    if file.read_bytes() == data:
        sys.exit(f"{name} has nothing that could be replaced")


def tamper_with_role(repository: Repository, role: str) -> None:
    version = getattr(repository, role).signed.version
    file = repository.served / ("timestamp.json" if role == "timestamp" else f"{version}.{role}.json")
    document = json.loads(file.read_bytes())
    document["signed"]["expires"] = "2999-01-01T00:00:00Z"
    file.write_text(json.dumps(document))


def main() -> None:
    args = arguments()
    repository = Repository(args.out)
    if args.command == "create":
        create(repository, args.files)
        return repository.serve()
    repository.load()
    if args.command == "publish":
        publish(repository, args.files)
    elif args.command == "rotate" and not args.only_new:
        rotate(repository, args.role, False)
    repository.serve()
    # From here on only what is served changes.
    if args.command == "rotate" and args.only_new:
        rotate(repository, args.role, True)
    elif args.command == "rollback":
        rollback(repository, args.role)
    elif args.command == "expire":
        expire(repository, args.role)
    elif args.command == "freeze":
        freeze(repository)
    elif args.command == "tamper" and args.role:
        tamper_with_role(repository, args.role)
    elif args.command == "tamper":
        tamper_with_target(repository, args.target, args.grow)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("create", "publish"):
        commands.add_parser(name).add_argument("files", nargs="+", metavar="FILE[=TARGET]")
    command = commands.add_parser("rotate")
    command.add_argument("role", choices=ROLES)
    command.add_argument("--only-new", action="store_true")
    command = commands.add_parser("rollback")
    command.add_argument("role", nargs="?", choices=ROLES[1:], default="timestamp")
    command = commands.add_parser("expire")
    command.add_argument("role", nargs="?", choices=ROLES, default="timestamp")
    commands.add_parser("freeze")
    command = commands.add_parser("tamper")
    command.add_argument("target", nargs="?", default="trusted_root.json")
    command.add_argument("--grow", action="store_true")
    command.add_argument("--role", choices=ROLES)
    commands.add_parser("restore")
    return parser.parse_args()


if __name__ == "__main__":
    main()
