"""One signature makes one log entry: what the logs have, counted there, when answers get lost."""

import functools
import json
import urllib.request

from fault_proxy import FaultProxy
from record import Record
from scene import Scene, check, check_undecided
from together import together

ENTRIES_V1, ENTRIES_V2 = "/api/v1/log/entries", "/api/v2/log/entries"


def run(record: Record, scene: Scene) -> None:
    # In each log one after the other, and nothing else meanwhile: its size is looked at.
    together(
        record,
        [
            ("v1", functools.partial(in_v1, scene=scene)),
            ("v2", functools.partial(in_v2, scene=scene)),
        ],
    )


def in_v1(record: Record, scene: Scene) -> None:
    with FaultProxy(scene.s.urls["rekor"]) as proxy:
        version_1(record, scene, proxy)
        conflicts(record, scene, proxy)


def in_v2(record: Record, scene: Scene) -> None:
    with FaultProxy(scene.s.urls["rekor2"]) as proxy:
        version_2(record, scene, proxy)


def size_v1(scene: Scene) -> int:
    return json.loads(fetch(f"{scene.s.urls['rekor']}/api/v1/log"))["treeSize"]


def size_v2(scene: Scene) -> int:
    """As the log's own checkpoint says."""
    return int(fetch(f"{scene.s.urls['rekor2']}/api/v2/checkpoint").decode().splitlines()[1])


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def version_1(record: Record, scene: Scene, proxy: FaultProxy) -> None:
    """The first answer is lost after the log took the entry; the second attempt gets a real 409."""
    for name, rule in {
        "nothing": None,
        "503": {"kind": "answer", "status": 503},
        "429": {"kind": "answer", "status": 429, "headers": {"Retry-After": "0"}},
        "504": {"kind": "answer", "status": 504},
        "close": {"kind": "close"},
        "cut": {"kind": "cut"},
    }.items():
        proxy.clear()
        if rule:
            proxy.plan(ENTRIES_V1, "POST", after_upstream=True, **rule)
        place = scene.place(older=False)
        before = size_v1(scene)
        config = place.config(scene.s, "trust_config_v1.json", rekor=proxy.url)
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        check(record, f"v1, {name} gets in the way: it signs", result, 0, "Signing succeeded")
        check(record, f"v1, {name}: well", scene.verify(place.signature), 0, "Verification succeeded")
        record.check(f"v1, {name}: the log has one entry more", size_v1(scene) == before + 1, (before, size_v1(scene)))
        statuses = [each.upstream_status for each in proxy.requests if each.method == "POST"]
        record.check(f"v1, {name}: what the log answered", statuses == ([201, 409] if rule else [201]), statuses)
        fetched = [each.path for each in proxy.requests if each.method == "GET"]
        record.check(f"v1, {name}: the entry that is there is fetched", len(fetched) == (1 if rule else 0), fetched)


def conflicts(record: Record, scene: Scene, proxy: FaultProxy) -> None:
    """A 409 is believed as far as the entry that it names is ours."""
    place = scene.place(older=False)
    scene.sign(place.signature, "--identity-token", scene.token(), config=scene.s.trust_config_v1)
    index = json.loads(place.signature.read_text())["verificationMaterial"]["tlogEntries"][0].get("logIndex", "0")
    other = next(iter(json.loads(fetch(f"{scene.s.urls['rekor']}{ENTRIES_V1}?logIndex={index}"))))
    with FaultProxy(scene.s.urls["rekor"]) as elsewhere:
        for name, headers, said in (
            ("no place", {}, ("Rekor at", "answered 409")),
            ("a place that is none", {"Location": "http://127.0.0.1:1/elsewhere"}, ("Rekor at", "answered 409")),
            (
                "another upload's entry",
                {"Location": f"{ENTRIES_V1}/{other}"},
                ("the finished signature does not hold",),
            ),
            (
                "an entry elsewhere",
                {"Location": f"{elsewhere.url}{ENTRIES_V1}/{other}"},
                ("the finished signature does not",),
            ),
            (
                "an entry that is not there",
                {"Location": f"{ENTRIES_V1}/{'0' * 80}"},
                ("Rekor at", f"{'0' * 80} answered "),
            ),
        ):
            proxy.clear()
            proxy.plan(ENTRIES_V1, "POST", kind="answer", status=409, headers=headers)
            place = scene.place()
            config = place.config(scene.s, "trust_config_v1.json", rekor=proxy.url)
            result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
            check_undecided(record, f"a 409 that names {name}", place, result, *said)
        record.check("where a 409 points to is not asked", elsewhere.count() == 0, elsewhere.counts)


def version_2(record: Record, scene: Scene, proxy: FaultProxy) -> None:
    """The log has taken the entry, and nobody here can know: it is not sent again."""
    for name, rule in {
        "nothing": None,
        "close": {"kind": "close"},
        "cut": {"kind": "cut"},
        "500": {"kind": "answer", "status": 500},
        "502": {"kind": "answer", "status": 502},
        "504": {"kind": "answer", "status": 504},
    }.items():
        proxy.clear()
        if rule:
            proxy.plan(ENTRIES_V2, "POST", times=None, after_upstream=True, **rule)
        place = scene.place()
        before = size_v2(scene)
        config = place.config(scene.s, "trust_config_v2.json", rekor2=proxy.url)
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        if rule:
            check_undecided(record, f"v2, {name} after the log took the entry", place, result, f"Rekor at {proxy.url}")
        else:
            check(record, "v2: it signs", result, 0, "Signing succeeded")
        record.check(f"v2, {name}: the log has one entry more", size_v2(scene) == before + 1, (before, size_v2(scene)))
        posted = proxy.count(ENTRIES_V2, "POST")
        record.check(f"v2, {name}: sent once", posted == 1, posted)
