"""A cache that is damaged, forged, gone or not to be had, and roots that are not those of the repository."""

import functools
import json
import os
import pathlib
import shutil

from record import Record
from scene import Scene, check, new_folder
from together import together
from tuf_client import UPDATE, Client, counted

NOBODY = 65534
TUF_REPO = pathlib.Path(__file__).resolve().parents[2] / "services" / "sigstore" / "tuf_repo.py"


def run(record: Record, scene: Scene) -> None:
    cases = {"damage": damage, "caches": caches, "wrong root": wrong_root}
    together(record, [(name, functools.partial(counted, scene=scene, case=case)) for name, case in cases.items()])


# What happens to a file of the cache.
DAMAGES = {
    "emptied": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "made nonsense": lambda data: b"\xff" * len(data),
    "changed": lambda data: data.replace(b"20", b"21", 1) if b"20" in data else data + b"x",
    "made endless": lambda data: data + b" " * (5 << 20),
}


def damage(record: Record, scene: Scene, client: Client) -> None:
    """A cache is believed no more than the network. Online it mends itself; offline there is a way out."""
    client.update()
    kept = scene.place(older=False).folder / "kept"
    shutil.copytree(client.cache, kept)
    names = [path.relative_to(client.cache) for path in client.files()]
    wanted = {"timestamp.json", "snapshot.json", "targets.json", "trusted_root.json", "root.json", "current"}
    record.check("the cache has what can be damaged", wanted <= {path.name for path in names}, names)
    helpless: list[str] = []
    for name in names:
        for what, change in DAMAGES.items():
            shutil.rmtree(client.cache)
            shutil.copytree(kept, client.cache)
            file = client.cache / name
            file.write_bytes(change(file.read_bytes()))
            said = f"{name.name} of the cache is {what}"
            result = client.verify("--offline")
            if result.returncode:
                check(record, f"{said}: offline", result, 3, "there is no trust root to go by", "  help: ")
                helpless += [] if UPDATE in result.stderr else [f"{said}: {result.stderr.splitlines()[-1]}"]
            check(record, f"{said}: online", client.verify(), 0, "Verification succeeded")
            check(record, f"{said}: an update", client.update(), 0, "trust root: ")
            check(record, f"{said}: mends it", client.verify("--offline"), 0, "Verification succeeded")
            record.check(f"{said}: without the network then", client.asked == 0, client.asked)
    record.check("offline with a damaged cache, what to do is said each time", not helpless, helpless)
    shutil.rmtree(client.cache)
    shutil.copytree(kept, client.cache)
    believed(record, client)


def believed(record: Record, client: Client) -> None:
    """What would be worth an attacker's while: other logs and authorities, dates that never end."""
    target = next(path for path in client.files() if path.name == "trusted_root.json")
    document = json.loads(target.read_text())
    document["tlogs"][0]["baseUrl"] = "http://evil.example.test"
    target.write_text(json.dumps(document))
    result = client.show()
    record.check("another trusted root in the cache is not shown", "evil" not in result.stdout, result.stdout)
    check(record, "but refused", result, 3, "is damaged", UPDATE)
    check(record, "and replaced", client.update(), 0, "trust root: ")
    current = next(path for path in client.files() if path.name == "current")
    future = "2099-01-01T00:00:00Z\n" + current.read_text().split("\n", 1)[1]
    current.write_text(future)
    check(record, "a cache from the future", client.verify(), 0, "Verification succeeded")
    record.check("is no reason not to ask", client.asked > 0, client.asked)
    current.write_text("2099-01-01T00:00:00Z\n" + current.read_text().split("\n", 1)[1])
    check(record, "offline it is what there is", client.verify("--offline"), 0, "Verification succeeded")


def links(record: Record, client: Client) -> None:
    """What has no end, what never comes, and what belongs to somebody else, under the names of the cache."""
    client.update()
    for name in ("trusted_root.json", "timestamp.json"):
        for what, make in (("endless", lambda path: path.symlink_to("/dev/zero")), ("a pipe", os.mkfifo)):
            current = next(path for path in client.files() if path.name == "current")
            counted = current.parent / current.read_text().split("\n")[1]
            file = next(path for path in counted.rglob(name))
            file.unlink()
            make(file)
            check(record, f"{name} is {what}: offline", client.verify("--offline"), 3, "is damaged", UPDATE)
            check(record, f"{name} is {what}: online", client.verify(), 0, "Verification succeeded")
            client.update()
    precious = client.cache.parent / "precious"
    precious.write_text("precious")
    current.unlink()
    current.symlink_to(precious)
    check(record, "a link instead of the note", client.update(), 0, "trust root: ")
    record.check("is replaced, not followed", precious.read_text() == "precious", precious.read_text())


def caches(record: Record, scene: Scene, client: Client) -> None:
    place = scene.place(older=False)
    file = place.folder / "file"
    file.write_text("")
    below = Client(scene, client.proxy, file / "cache")
    check(record, "a cache that cannot be made", below.verify(), 0, "Verification succeeded")
    check(record, "needs the network each time", below.verify(), 0, "Verification succeeded")
    record.check("and asks it", below.asked > 0, below.asked)
    check(record, "offline it is none", below.verify("--offline"), 3, "on this machine yet", UPDATE)
    check(record, "an update without a place to keep it", below.update(), 3, "cannot be kept", "SECUREML_CACHE")

    homeless = {"HOME": None, "SECUREML_CACHE": None, "XDG_CACHE_HOME": None}
    check(record, "nobody's home", client.verify(env=homeless), 0, "Verification succeeded")
    check(record, "nobody's home, offline", client.verify("--offline", env=homeless), 3, "on this machine yet", UPDATE)
    home = new_folder(place.folder / "home")
    result = client.verify(env={**homeless, "HOME": str(home)})
    check(record, "a new home", result, 0, "Verification succeeded")
    record.check("keeps it where caches are", (home / ".cache" / "secureml" / "tuf").is_dir(), list(home.rglob("*")))
    result = client.verify(env={**homeless, "HOME": str(home), "XDG_CACHE_HOME": str(home / "xdg")})
    check(record, "another place for caches", result, 0, "Verification succeeded")
    record.check("is used", (home / "xdg" / "secureml" / "tuf").is_dir(), list(home.rglob("*")))
    links(record, client)
    read_only(record, scene, client)


def read_only(record: Record, scene: Scene, client: Client) -> None:
    """Root may write anywhere, so the program runs as nobody then."""
    before: tuple[object, ...] = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            return record.skip(
                "a cache that cannot be written to", "root writes anywhere, and setpriv is not installed"
            )
        before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        # What nobody needs: the way there, the model, its signature, and the root.
        root = client.cache.parent / "root.json"
        shutil.copyfile(client.instance[-1], root)
        client.instance[-1] = root
        for path in (
            scene.folder,
            client.cache.parent,
            root,
            scene.folder / "older.sig",
            *scene.tools.folder.rglob("*"),
        ):
            path.chmod(0o755 if path.is_dir() else 0o644)
        scene.tools.folder.chmod(0o755)
        if scene.run("--version", before=before).returncode:
            return record.skip("a cache that cannot be written to", "nobody may not run the program")
    client.update()
    for path in [client.cache, *client.cache.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    check(record, "a cache to read only", client.verify(before=before), 0, "Verification succeeded")
    record.check("is used", client.asked == 0, client.asked)
    check(record, "offline as well", client.verify("--offline", before=before), 0, "Verification succeeded")
    check(record, "and an update says that it cannot", client.update(before=before), 3, "cannot be kept")
    for path in [client.cache, *client.cache.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def wrong_root(record: Record, scene: Scene, client: Client) -> None:
    right = client.instance[-1]
    folder = scene.place(older=False).folder
    other = json.loads(pathlib.Path(right).read_text())
    other["signatures"][0]["sig"] = other["signatures"][0]["sig"][:-8] + "00000000"
    roots = {"unsigned.json": json.dumps(other), "none.json": "{}", "garbage.json": "hello", "empty.json": ""}
    for name, text in roots.items():
        (folder / name).write_text(text)
        client.instance[-1] = folder / name
        result = client.update()
        check(record, f"--tuf-root {name}", result, 3, "is not to be believed", "--tuf-root")
        check(record, f"--tuf-root {name}, verifying", client.verify(), 3, "is not to be believed", "--tuf-root")
    client.instance[-1] = folder / "absent.json"
    check(
        record,
        "--tuf-root that is not there",
        client.update(),
        3,
        "cannot read the root of the TUF repository",
        "absent.json",
    )
    foreign(record, scene, client, folder)
    client.instance[-1] = right
    check(record, "the right one", client.update(), 0, "trust root: ")
    client.instance[-1] = folder / "foreign.json"
    check(
        record, "another instance's root beside a good cache", client.verify(), 3, "is not to be believed", "--tuf-root"
    )
    client.instance[-1] = right
    check(record, "which does the cache no harm", client.verify("--offline"), 0, "Verification succeeded")
    result = scene.run("trust", "show", "--tuf-url", client.proxy.url)
    check(record, "--tuf-url alone", result, 2, "--tuf-root")


def foreign(record: Record, scene: Scene, client: Client, folder: pathlib.Path) -> None:
    """The root of another repository, whole and signed."""
    line = [scene.s.cache / "python" / "bin" / "python", TUF_REPO, folder / "another", "create", scene.s.trusted_root]
    (folder / "another").mkdir()
    made = scene.tools.run(*line)
    record.check("another repository is made", made.returncode == 0, made.stderr)
    shutil.copyfile(folder / "another" / "tuf" / "1.root.json", folder / "foreign.json")
    client.instance[-1] = folder / "foreign.json"
    check(record, "the root of another instance", client.update(), 3, "is not to be believed", "--tuf-root")
