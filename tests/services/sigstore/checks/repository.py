"""The TUF repository in each of its states, and what python-tuf's client makes of it."""

import json
import shutil

from clients import Tools, succeeded
from record import Record
from stack import USER, Sigstore

# Prints the version of the root that is trusted and whether the target is the changed one, or the name of the error.
CLIENT = """
import pathlib, sys
from tuf.ngclient import Updater
cache, url, root = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
(cache / "targets").mkdir(parents=True, exist_ok=True)
first = None if (cache / "root.json").exists() else root.read_bytes()
updater = Updater(str(cache), url, str(cache / "targets"), url + "/targets", bootstrap=first)
try:
    updater.refresh()
    info = updater.get_targetinfo("trusted_root.json")
    path = updater.find_cached_target(info) or updater.download_target(info)
    print(updater._trusted_set.root.version, pathlib.Path(path).read_text().count("changed here"))
except Exception as error:
    print(type(error).__name__)
"""


def run(record: Record, s: Sigstore, tools: Tools) -> None:
    foreign_clients(record, s, tools)
    client = Client(s, tools)

    def check(name: str, found: str, wanted: str) -> None:
        record.check(name, found == wanted, f"{found} instead of {wanted}")

    check("a new client gets the trusted root", client.fresh(), "1 0")
    document = json.loads(s.trusted_root.read_text())
    document["tlogs"][0]["baseUrl"] += "/changed here"
    changed = tools.folder / "changed.json"
    changed.write_text(json.dumps(document))
    s.tuf("publish", f"{changed}=trusted_root.json")
    check("an update arrives", client.again(), "1 1")
    s.tuf("publish", f"{s.trusted_root}=trusted_root.json")
    check("and another", client.again(), "1 0")

    # What a client finds that was here before, and what a new one does: it cannot know that there was something newer.
    for words, known, new in (
        ("rollback timestamp", "BadVersionNumberError", "1 1"),
        ("rollback snapshot", "BadVersionNumberError", "1 1"),
        ("rollback targets", "BadVersionNumberError", "1 1"),
        ("freeze", "1 0", "ExpiredMetadataError"),
        ("expire timestamp", "ExpiredMetadataError", "ExpiredMetadataError"),
        ("expire snapshot", "ExpiredMetadataError", "ExpiredMetadataError"),
        ("expire targets", "ExpiredMetadataError", "ExpiredMetadataError"),
        ("expire root", "ExpiredMetadataError", "ExpiredMetadataError"),
        ("tamper trusted_root.json", "1 0", "LengthOrHashMismatchError"),
        ("tamper --grow trusted_root.json", "1 0", "DownloadLengthMismatchError"),
        ("tamper --role timestamp", "UnsignedMetadataError", "UnsignedMetadataError"),
        ("tamper --role snapshot", "1 0", "UnsignedMetadataError"),
        ("tamper --role targets", "1 0", "UnsignedMetadataError"),
        ("tamper --role root", "1 0", "1 0"),
        ("rotate root --only-new", "UnsignedMetadataError", "UnsignedMetadataError"),
        ("rotate snapshot --only-new", "UnsignedMetadataError", "UnsignedMetadataError"),
    ):
        s.tuf(*words.split())
        check(f"{words}: a client that was here before", client.once_more(), known)
        check(f"{words}: a new client", client.fresh(), new)
        s.tuf("restore")
        check(f"{words}, then restore", client.once_more(), "1 0")

    s.tuf("rotate", "root")
    check("a new root key reaches a client that was here before", client.again(), "2 0")
    check("and a new one that starts from the first root", client.fresh(), "2 0")
    s.tuf("rotate", "timestamp")
    check("a new timestamp key as well", client.again(), "3 0")
    s.tuf("publish", f"{changed}=trusted_root.json")
    check("and what is published after it", client.again(), "3 1")
    s.tuf("publish", f"{s.trusted_root}=trusted_root.json")


def foreign_clients(record: Record, s: Sigstore, tools: Tools) -> None:
    instance, issuer = s.urls["tuf"], s.urls["issuers"]["email"]
    succeeded(
        record,
        "sigstore-python verifies with what the repository gives",
        tools.sigstore("--instance", instance, "trust-instance", s.out / "tuf-root.json"),
        tools.sigstore(
            "--instance",
            instance,
            "verify",
            "identity",
            "--bundle",
            "file.bundle",
            "--cert-identity",
            USER,
            "--cert-oidc-issuer",
            issuer,
            tools.file,
        ),
    )
    succeeded(
        record,
        "cosign verifies with what the repository gives",
        tools.cosign("initialize", "--mirror", instance, "--root", s.out / "tuf-root.json"),
        tools.cosign(
            "verify-blob",
            "--bundle",
            "file.bundle",
            "--certificate-identity",
            USER,
            "--certificate-oidc-issuer",
            issuer,
            tools.file,
        ),
    )


class Client:
    """python-tuf's client: one that keeps its cache, and new ones."""

    def __init__(self, s: Sigstore, tools: Tools) -> None:
        self.s, self.tools = s, tools
        self.cache = tools.folder / "tuf-client"

    def again(self) -> str:
        """The client that was here before comes again, and keeps what it learns."""
        return self._ask(self.cache)

    def once_more(self) -> str:
        """The same, and forgets what it learns."""
        copy = self.tools.folder / "tuf-client-copy"
        shutil.copytree(self.cache, copy, symlinks=False)
        try:
            return self._ask(copy)
        finally:
            shutil.rmtree(copy)

    def fresh(self) -> str:
        """A client that was never here. The first of them stays."""
        cache = self.tools.folder / "tuf-client-new" if self.cache.exists() else self.cache
        try:
            return self._ask(cache)
        finally:
            shutil.rmtree(self.tools.folder / "tuf-client-new", ignore_errors=True)

    def _ask(self, cache: object) -> str:
        python = self.s.cache / "python" / "bin" / "python"
        result = self.tools.run(python, "-c", CLIENT, cache, self.s.urls["tuf"], self.s.out / "tuf-root.json")
        return result.stdout.strip() or result.stderr
