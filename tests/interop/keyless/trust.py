"""The trust root by TUF: first use, the cache and its age, offline, and the copy inside the program."""

import functools
import json
import pathlib
import shutil

from record import Record
from scene import Scene, at, check, check_undecided, faketime
from together import together
from tuf_client import UPDATE, Client, counted

SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "oms" / "historical"
PUBLISHED = ("stefanb@us.ibm.com", "https://sigstore.verify.ibm.com/oauth2")
CLOCK = "check this machine's clock"


def run(record: Record, scene: Scene) -> None:
    cases = {
        "first use": first_use,
        "show": show,
        "signing": signing,
        "fails midway": fails_midway,
        "goes away": goes_away,
        "files": files,
        "embedded": embedded,
    }
    cases |= {name: functools.partial(fails, name=name) for name in FAILURES}
    if faketime():
        cases["time"] = time_passes
    else:
        record.skip("a trust root of another day", "faketime is not installed")
    together(record, [(name, functools.partial(counted, scene=scene, case=case)) for name, case in cases.items()])


def first_use(record: Record, scene: Scene, client: Client) -> None:
    result = client.verify("--offline")
    said = (f"there is no trust root of {client.proxy.url} on this machine yet", UPDATE, "--tuf-url and --tuf-root")
    check(record, "offline before the first use", result, 3, *said)
    record.check("asks nobody", client.asked == 0, client.asked)
    check(record, "trust show before the first use", client.show(), 3, *said)
    check(record, "the first verification", client.verify(), 0, "Verification succeeded")
    record.check("asks the repository", client.asked > 0, client.asked)
    for words in ([], ["--offline"]):
        check(record, f"the next one {words}", client.verify(*words), 0, "Verification succeeded")
        record.check(f"asks nobody {words}", client.asked == 0, client.asked)
    said = f"offline: the trust root is {client.proxy.url}, updated 20"
    check(record, "offline says by what it goes, and how old it is", client.verify("--offline"), 0, said, "0 hours old")
    check(record, "trust update", client.update(), 0, f"trust root: {client.proxy.url}, updated 20")
    record.check("asks the repository at any time", client.asked > 0, client.asked)


def show(record: Record, scene: Scene, client: Client) -> None:
    client.update()
    urls = scene.s.urls
    metadata = json.loads((scene.s.out / "tuf" / "timestamp.json").read_text())
    lines = [
        f"trust root: {client.proxy.url}, updated 20",
        f", good until {metadata['signed']['expires'][:10]}T",
        ", 0 hours old\n",
        f"transparency log        {urls['rekor']}, from 20",
        f"transparency log        {urls['rekor2']}, from 20",
        f"certificate log         {urls['ctlog']}, from 20",
        f"certificate authority   {urls['fulcio']} (CN=sigstore-intermediate,O=sigstore.test), from 20",
        f"timestamp authority     {urls['tsa']} (CN=",
    ]
    check(record, "trust show", client.show(), 0, *lines)
    record.check("asks nobody", client.asked == 0, client.asked)
    result = client.run("trust", "show", "--format", "json")
    text = json.loads(result.stdout).get("text", "")
    record.check("trust show in JSON", all(line in text for line in lines), result.stdout)
    result = scene.run("trust", "show", "--trust-config", scene.s.trusted_root)
    check(record, "trust show of a file", result, 0, f"trust root: the file {scene.s.trusted_root}\n", *lines[3:])


def signing(record: Record, scene: Scene, client: Client) -> None:
    place = scene.place(older=False)
    words = ["--identity-token", scene.token(), "--signature", place.signature]
    result = client.run("sign", *words, scene.model)
    check(record, "signing by what the repository says", result, 0, "signed by dev@example.test", "Signing succeeded")
    check(record, "is good", scene.verify(place.signature), 0, "Verification succeeded")
    place = scene.place()
    words = ["--identity-token", scene.token(), "--signature", place.signature]
    client.proxy.plan("/timestamp.json", times=None, kind="answer", status=404)
    shutil.rmtree(client.cache)
    result = client.run("sign", *words, scene.model)
    check_undecided(
        record, "signing where the repository has nothing", place, result, "the TUF repository at", "answered 404"
    )


# What the repository does to every request, how often its first file is asked for, and what is said.
FAILURES = {
    "answers 404": ({"kind": "answer", "status": 404}, 1, ("answered 404", "check the network")),
    "answers 503": ({"kind": "answer", "status": 503}, 4, ("answered 503", "the service has a fault")),
    "closes": ({"kind": "close"}, 4, ("cannot reach", "(tried 4x)", "check the network")),
    "never ends": ({"kind": "endless"}, 1, ("is larger than", "check the network")),
    "points elsewhere": (
        {"kind": "answer", "status": 302, "headers": {"Location": "http://127.0.0.1:1/x"}},
        1,
        ("answered 302", "redirects are not followed"),
    ),
}


def fails(record: Record, scene: Scene, client: Client, name: str) -> None:
    rule, attempts, said = FAILURES[name]
    client.proxy.plan("/", times=None, **rule)
    where = f"the TUF repository at {client.proxy.url}/timestamp.json"
    check(record, f"a repository that {name}", client.update(), 3, where, *said)
    record.check(f"a repository that {name}: asked {attempts} times", client.asked == attempts, client.proxy.counts)
    record.check(f"a repository that {name}: nothing is kept", client.files() == [], client.files())


def fails_midway(record: Record, scene: Scene, client: Client) -> None:
    """Where the first file came, and another does not."""
    alarmed: list[str] = []
    for path in ("/1.snapshot.json", "/1.targets.json", "/targets/"):
        for name, rule, said in (
            ("is missing", {"kind": "answer", "status": 404}, "not found"),
            ("is answered 503", {"kind": "answer", "status": 503}, "503"),
            ("is cut", {"kind": "cut"}, ""),
            ("never ends", {"kind": "endless"}, ""),
        ):
            client.proxy.clear()
            client.proxy.plan(path, times=None, **rule)
            result = client.update()
            check(record, f"a repository whose {path} {name}", result, 3, client.proxy.url, said, "  help: ")
            if name in ("is answered 503", "is cut"):
                alarmed += [f"{path} {name}: {result.stderr}"] if "verify nothing" in result.stderr else []
        client.proxy.clear()
        client.proxy.plan(path, times=1, kind="answer", status=503)
        shutil.rmtree(client.cache)
        check(record, f"a repository whose {path} is answered 503 once", client.update(), 0, "trust root: ")
        shutil.rmtree(client.cache)
    record.check("a fault of the network is not taken for an attack", not alarmed, "\n".join(alarmed))
    client.proxy.clear()
    check(record, "once it is back", client.update(), 0, "trust root: ")


def goes_away(record: Record, scene: Scene, client: Client) -> None:
    client.update()
    client.proxy.plan("/", times=None, kind="close")
    check(record, "when it goes away, what is kept is good for a day", client.verify(), 0, "Verification succeeded")
    check(record, "and offline", client.verify("--offline"), 0, "Verification succeeded")
    result = client.update()
    check(record, "while an update says that there is none", result, 3, "cannot reach the TUF repository", "--trust-config")
    check(record, "which spoils nothing", client.verify("--offline"), 0, "Verification succeeded")


def files(record: Record, scene: Scene, client: Client) -> None:
    """A trust root in a file, for which nobody is asked."""
    folder = scene.place(older=False).folder
    bare = json.loads(scene.s.trusted_root.read_text())
    for name, text, said in (
        ("nothing", "", "is not a Sigstore trust root"),
        ("no JSON", "hello", "is not a Sigstore trust root"),
        ("a bundle", scene.older.decode(), "is not a Sigstore trust root"),
        ("no logs", json.dumps({**bare, "tlogs": "none"}), "is not a Sigstore trust root"),
        ("no media type", json.dumps({**bare, "mediaType": ""}), "its media type is"),
    ):
        file = folder / "root.json"
        file.write_text(text)
        result = scene.verify(scene.folder / "older.sig", config=file)
        check(record, f"a trust root that holds {name}", result, 3, str(file), said, "--trust-config")
    result = scene.verify(scene.folder / "older.sig", config=folder / "absent.json")
    check(
        record, "a trust root that is not there", result, 3, "absent.json", "check the path given with --trust-config"
    )
    result = scene.run("trust", "update", "--trust-config", scene.s.trusted_root)
    check(record, "an update of a file", result, 2, "a trust root in a file is not updated", "get a new file")


def time_passes(record: Record, scene: Scene, client: Client) -> None:
    client.update()
    check(record, "23 hours later", client.verify(before=at("+23h")), 0, "Verification succeeded")
    record.check("nobody is asked", client.asked == 0, client.asked)
    check(
        record,
        "25 hours later",
        client.verify("--offline", before=at("+25h")),
        0,
        "25 hours old",
        "Verification succeeded",
    )
    check(record, "four days later", client.show(before=at("+100h")), 0, ", 4 days old\n")
    check(record, "25 hours later, online", client.verify(before=at("+25h")), 0, "Verification succeeded")
    record.check("the repository is asked", client.asked > 0, client.asked)
    check(record, "an hour back from there", client.verify(before=at("+24h")), 0, "Verification succeeded")
    client.update()
    late = at("+31d")
    expired = (f"the trust root from {client.proxy.url}, kept in ", " expired on 20", UPDATE, "--trust-config FILE")
    check(record, "past its expiry, offline", client.verify("--offline", before=late), 3, *expired)
    check(record, "past its expiry, shown", client.show(before=late), 3, *expired)
    said = (f"the trust root of {client.proxy.url} is not to be believed", "expired", CLOCK)
    check(record, "past its expiry, and the repository's too", client.verify(before=late), 3, *said)
    check(record, "an update then", client.update(before=late), 3, *said)
    early = client.verify("--offline", before=at("-1h"))
    check(record, "a clock that is slow: offline it is what there is", early, 0, "Verification succeeded")


def embedded(record: Record, scene: Scene, client: Client) -> None:
    """The public instance: nothing of it is asked here."""
    env = {"SECUREML_CACHE": str(client.cache), "HTTPS_PROXY": client.proxy.origin}
    shown = scene.run("trust", "show", env=env)
    fresh = shown.returncode == 0
    names = (
        "https://rekor.sigstore.dev",
        "https://fulcio.sigstore.dev",
        "https://timestamp.sigstore.dev",
        "https://ctfe.sigstore.dev/2022",
    )
    if fresh:
        check(
            record,
            "the copy in the program",
            shown,
            0,
            "trust root: the copy inside this program, of 20",
            *names,
        )
        result = scene.run("trust", "show", "--use-staging", env=env)
        if result.returncode == 0:
            check(record, "and that of staging", result, 0, "the copy inside this program", "sigstage.dev")
    else:
        check(
            record,
            "the copy in the program is too old",
            shown,
            3,
            "the trust root inside this program expired on 20",
            UPDATE,
        )
    record.check("nobody is asked for it", client.proxy.count() == 0, client.proxy.counts)
    published(record, scene, env, fresh)
    result = scene.verify(scene.folder / "older.sig", "--offline", config=False, env=env)
    if fresh:
        check(
            record, "a private instance's signature is not the public one's", result, 1, "not trusted", "--trust-config"
        )


def published(record: Record, scene: Scene, env: dict[str, str], fresh: bool) -> None:
    model = SHARED / "v1.0.0-sigstore"
    if not model.is_dir():
        return record.skip("a published signature", f"{model} is not there")
    who = {"identity": PUBLISHED[0], "provider": PUBLISHED[1], "config": False, "model": model, "env": env}
    result = scene.verify(model / "model.sig", "--offline", **who)
    if fresh:
        said = "offline: the trust root is the copy inside this program"
        check(record, "a published signature offline", result, 0, said, "Verification succeeded")
    else:
        check(
            record, "a published signature offline", result, 3, "the trust root inside this program expired on", UPDATE
        )
    if faketime():
        result = scene.verify(model / "model.sig", "--offline", before=at("2040-01-01"), **who)
        said = ("the trust root inside this program expired on 20", UPDATE, "--trust-config FILE")
        check(record, "in years to come", result, 3, *said)
