"""What a repository or whoever stands before it may try, and what honest changes of it must not be taken for."""

import json
import pathlib
import shutil

from fault_proxy import FaultProxy
from record import Record
from scene import Scene, at, check, faketime
from tuf_client import UPDATE, Client

REFUSED = ("the trust root of {url} is not to be believed: ", "check this machine's clock", "sign or verify nothing")
# What becomes of the cache of who was here before: it is as good as it was; or what TUF keeps of a refused update (a
# newer root or timestamp, signed as it should be) may make it useless until there is an honest one that is newer.
GOOD, PERHAPS = True, False
# The state of the repository; what an update says that was here before, and what becomes of its cache; what an update
# says that was not: it cannot know that there was something newer. Where nothing is said it goes by what is honest.
STATES = [
    ("rollback timestamp", "rollback", GOOD, ""),
    ("rollback snapshot", "rollback", GOOD, ""),
    ("rollback targets", "rollback", PERHAPS, ""),
    ("freeze", "", GOOD, "expired"),
    ("expire timestamp", "expired", GOOD, "expired"),
    ("expire snapshot", "expired", PERHAPS, "expired"),
    ("expire targets", "expired", PERHAPS, "expired"),
    ("expire root", "expired", PERHAPS, "expired"),
    ("tamper trusted_root.json", "", GOOD, "integrity"),
    ("tamper --grow trusted_root.json", "", GOOD, "length"),
    ("tamper --role timestamp", "signature", GOOD, "signature"),
    ("tamper --role snapshot", "", GOOD, "signature"),
    ("tamper --role targets", "", GOOD, "signature"),
    ("rotate root --only-new", "signature", GOOD, "signature"),
    ("rotate snapshot --only-new", "signature", GOOD, "signature"),
]


def run(record: Record, scene: Scene) -> None:
    # One after the other: there is one repository.
    with FaultProxy(scene.s.urls["tuf"]) as proxy:
        client = Client(scene, proxy)
        changed = published(record, scene, client)
        for state in STATES:
            attack(record, scene, client, *state)
        rotated(record, scene, client, changed)


def published(record: Record, scene: Scene, client: Client) -> pathlib.Path:
    """A new trusted root in the repository; it arrives with the next update, not before."""
    document = json.loads(scene.s.trusted_root.read_text())
    document["tlogs"][0]["baseUrl"] += "/changed"
    changed = scene.place(older=False).folder / "changed.json"
    changed.write_text(json.dumps(document))
    check(record, "before the change", client.update(), 0, "trust root: ")
    scene.s.tuf("publish", f"{changed}=trusted_root.json")
    record.check("what is kept stays as it was", "/changed" not in client.show().stdout)
    check(record, "while it is new enough nobody is asked", client.verify(), 0, "Verification succeeded")
    record.check("nobody at all", client.asked == 0, client.asked)
    check(record, "an update brings the change", client.update(), 0, f"{scene.s.urls['rekor']}/changed, from")
    check(record, "and it is kept", client.show(), 0, f"{scene.s.urls['rekor']}/changed, from")
    scene.s.tuf("publish", f"{scene.s.trusted_root}=trusted_root.json")
    if faketime():
        check(
            record,
            "a day later the next change comes by itself",
            client.verify(before=at("+25h")),
            0,
            "Verification succeeded",
        )
        record.check("in the cache as well", "/changed" not in client.show().stdout)
    check(record, "with the honest state again", client.update(), 0, "trust root: ")
    return changed


def attack(record: Record, scene: Scene, client: Client, state: str, known: str, kept: bool, new: str) -> None:
    scene.s.tuf(*state.split())
    cache = scene.place(older=False).folder / "cache"
    shutil.copytree(client.cache, cache)
    before = Client(scene, client.proxy, cache)
    # More than once: what an update keeps must not open the door to the next.
    for often in ("once", "again"):
        updated(record, before, f"{state}: an update that was here before, {often}", known)
    name = f"{state}: what was kept before"
    result = before.verify("--offline")
    if kept or result.returncode == 0:
        check(record, name, result, 0, "Verification succeeded")
    else:
        check(record, name, result, 3, "there is no trust root to go by", UPDATE)
    fresh = Client(scene, client.proxy, cache.with_name("new"))
    updated(record, fresh, f"{state}: an update that is new", new)
    if new:
        check(record, f"{state}: who is new keeps nothing to go by", fresh.verify("--offline"), 3, UPDATE)
    scene.s.tuf("restore")
    if kept:
        check(record, f"{state}, then the honest state", before.update(), 0, "trust root: ")


def updated(record: Record, asker: Client, name: str, refused: str) -> None:
    result = asker.update()
    if refused:
        check(record, name, result, 3, *[each.format(url=asker.proxy.url) for each in REFUSED])
        record.check(f"{name}: says what is wrong", refused in result.stderr.lower(), result.stderr)
    else:
        check(record, name, result, 0, "trust root: ")


def rotated(record: Record, scene: Scene, client: Client, changed: pathlib.Path) -> None:
    scene.s.tuf("rotate", "root")
    check(record, "a new root key, for who was here before", client.update(), 0, "trust root: ")
    fresh = Client(scene, client.proxy)
    check(record, "a new root key, for who starts from the first root", fresh.update(), 0, "trust root: ")
    check(record, "which is known offline", fresh.verify("--offline"), 0, "Verification succeeded")
    scene.s.tuf("rotate", "timestamp")
    scene.s.tuf("publish", f"{changed}=trusted_root.json")
    check(record, "a new timestamp key, and a change signed with it", client.update(), 0, "/changed, from")
    check(record, "offline", client.show(), 0, "/changed, from")
    scene.s.tuf("publish", f"{scene.s.trusted_root}=trusted_root.json")
    check(record, "and back", client.update(), 0, f"{scene.s.urls['rekor']}, from")
