"""The logs behind a fault proxy: what a client sees, and what the log has."""

import json
import urllib.error
import urllib.request

from clients import Tools, succeeded
from fault_proxy import FaultProxy
from record import Record
from stack import Sigstore

ENTRIES_V1, ENTRIES_V2 = "/api/v1/log/entries", "/api/v2/log/entries"


def run(record: Record, s: Sigstore, tools: Tools) -> None:
    for name, path, config in (
        ("rekor", ENTRIES_V1, "trust_config_v1.json"),
        ("rekor2", ENTRIES_V2, "trust_config_v2.json"),
    ):
        with FaultProxy(s.urls[name]) as proxy:
            through = s.trust_config_through(tools.folder / "through.json", config, **{name: proxy.url})
            succeeded(
                record,
                f"a client signs through the proxy ({name})",
                tools.reference_signs("p.sig", through, "--identity_token", s.token()),
            )
            record.check(f"which counted one entry ({name})", proxy.count(path, "POST") == 1, proxy.counts)
            first = next(each for each in proxy.requests if each.method == "POST")

            proxy.clear()
            proxy.plan(path, "POST", times=None, kind="answer", status=503, after_upstream=True)
            result = tools.reference_signs("q.sig", through, "--identity_token", s.token())
            record.check(f"a client can be made to fail ({name})", result.returncode != 0, result)
            taken = [each.upstream_status for each in proxy.requests if each.method == "POST"]
            record.check(f"although the log has its entry ({name})", taken[:1] == [201], taken)
        entry = json.loads((tools.folder / "p.sig").read_text())["verificationMaterial"]["tlogEntries"][0]
        status, headers, body = again(s.urls[name] + path, first)
        record.check(f"the same entry again gets a 409 ({name})", status == 409, (status, headers, body))
        if name == "rekor":
            in_v1(record, s, headers.get("Location", ""), entry["logIndex"])
        else:
            record.check("which names its index (rekor2)", headers.get("x-log-index") == entry["logIndex"], headers)


def in_v1(record: Record, s: Sigstore, place: str, index: str) -> None:
    record.check("which says where it is (rekor)", place.startswith(f"{ENTRIES_V1}/"), place)
    if place:
        with urllib.request.urlopen(s.urls["rekor"] + place, timeout=30) as response:
            found = list(json.loads(response.read()).values())
        record.check("there it is (rekor)", [str(each["logIndex"]) for each in found] == [index], found)
        proved = {"inclusionProof", "signedEntryTimestamp"} <= set(found[0]["verification"])
        record.check("with a proof and a signed time (rekor)", proved, found)


def again(url: str, entry: object) -> tuple[int, dict, str]:
    headers = {name: value for name, value in entry.headers.items() if name.lower() in ("content-type", "accept")}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, entry.body, headers), timeout=30) as response:
            return response.status, dict(response.headers), response.read().decode()[:200]
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()[:200]
