"""Services that answer with something real that is not for us: what the program checks before it writes."""

import dataclasses
import functools
import json
import typing

from fault_proxy import Answer, FaultProxy, Request
from record import Record
from scene import Scene, check, check_undecided
from together import together

NOT_WRITTEN = "the finished signature does not hold, and was not written"
CHECK = "check this machine's clock"
CERTIFICATE = "/api/v2/signingCert"
ENTRIES_V1, ENTRIES_V2 = "/api/v1/log/entries", "/api/v2/log/entries"


class Impostor(FaultProxy):
    """Stands before a service, changes what is asked or answered, and remembers the service's answers."""

    def __init__(
        self,
        upstream: str,
        asked: typing.Callable[[bytes], bytes] = bytes,
        answered: typing.Callable[[bytes], bytes] = bytes,
    ) -> None:
        super().__init__(upstream)
        self.asked, self.answered = asked, answered
        self.answers: list[Answer] = []

    def ask(self, request: Request) -> Answer:
        changed = self.asked(request.body) if request.method == "POST" else request.body
        # The length changes with the body, and is the client's header otherwise.
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        answer = super().ask(dataclasses.replace(request, body=changed, headers=headers))
        if request.method == "POST":
            self.answers.append(answer)
            answer = answer._replace(body=self.answered(answer.body))
        return answer


def run(record: Record, scene: Scene) -> None:
    cases = [
        ("another issuer", functools.partial(another_issuer, scene=scene)),
        ("no promise of a certificate log", functools.partial(no_promise, scene=scene)),
        ("before the log", functools.partial(before_the_log, scene=scene)),
        ("an untrusted instance", functools.partial(untrusted, scene=scene)),
    ]
    cases += [(name, functools.partial(again, scene=scene, name=name)) for name in AGAIN]
    cases += [(name, functools.partial(changed, scene=scene, name=name)) for name in CHANGED]
    together(record, cases)


# A service's answer to one signing is given to the next: field, path, configuration, what is said.
AGAIN = {
    "a certificate for another key": (
        "fulcio",
        CERTIFICATE,
        "trust_config_v1.json",
        ("answered something unusable", "the certificate is for another key"),
    ),
    "another upload's entry (v1)": ("rekor", ENTRIES_V1, "trust_config_v1.json", (NOT_WRITTEN, CHECK)),
    "another upload's entry (v1, without a timestamp)": (
        "rekor",
        ENTRIES_V1,
        "trust_config_no_tsa.json",
        (NOT_WRITTEN, CHECK),
    ),
    "another upload's entry (v2)": ("rekor2", ENTRIES_V2, "trust_config_v2.json", (NOT_WRITTEN, CHECK)),
    "another signature's timestamp": ("tsa", "/", "trust_config_v2.json", ("the timestamp authority at", "it is about something else")),
    "another signature's timestamp (v1)": ("tsa", "/", "trust_config_v1.json", ("the timestamp authority at", "it is about something else")),
}


def again(record: Record, scene: Scene, name: str) -> None:
    field, path, base, said = AGAIN[name]
    with Impostor(scene.s.urls[field]) as service:
        place = scene.place(older=False)
        config = place.config(scene.s, base, **{field: service.url})
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        check(record, f"{name}: nothing is wrong without it", result, 0, "Signing succeeded")
        old = service.answers[-1]
        headers = {key: value for key, value in old.headers if key.lower() == "content-type"}
        service.plan(path, "POST", times=None, kind="answer", status=old.status, headers=headers, body=old.body)
        place = scene.place()
        config = place.config(scene.s, base, **{field: service.url})
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        check_undecided(record, name, place, result, *said)


def before_the_log(record: Record, scene: Scene) -> None:
    """A log forgets nothing, so what is useless is found out before it is sent there."""
    for name, rule in {
        "no timestamp": {"status": 201, "body": "hello"},
        "a refusal": {"status": 200, "body": bytes.fromhex("30053003020102")},
    }.items():
        with FaultProxy(scene.s.urls["tsa"]) as tsa, FaultProxy(scene.s.urls["rekor2"]) as rekor:
            tsa.plan("/", times=None, kind="answer", **rule)
            place = scene.place()
            config = place.config(scene.s, "trust_config_v2.json", tsa=tsa.url, rekor2=rekor.url)
            result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
            check_undecided(record, f"an authority that sends {name}", place, result, "timestamp")
            record.check(f"an authority that sends {name}: nothing is logged", rekor.count() == 0, rekor.counts)


def entry_v1(change: typing.Callable[[dict], object]) -> typing.Callable[[bytes], bytes]:
    def apply(body: bytes) -> bytes:
        document = json.loads(body)
        change(next(iter(document.values())))
        return json.dumps(document).encode()

    return apply


def entry_v2(change: typing.Callable[[dict], object]) -> typing.Callable[[bytes], bytes]:
    def apply(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return json.dumps(document).encode()

    return apply


def later(entry: dict) -> None:
    entry["integratedTime"] += 1


# An answer is changed on its way: field, configuration, change, what is said.
CHANGED = {
    "an entry without proofs (v1)": (
        "rekor",
        "trust_config_v1.json",
        entry_v1(lambda entry: entry.pop("verification")),
        ("Rekor at", "it has no proof"),
    ),
    "an entry without an inclusion proof (v1)": (
        "rekor",
        "trust_config_v1.json",
        entry_v1(lambda entry: entry["verification"].pop("inclusionProof")),
        ("Rekor at", "it has no inclusion proof"),
    ),
    "an entry of a later time (v1)": ("rekor", "trust_config_v1.json", entry_v1(later), (NOT_WRITTEN,)),
    "an entry without a promise, and so without a time (v1)": (
        "rekor",
        "trust_config_no_tsa.json",
        entry_v1(lambda entry: entry["verification"].pop("signedEntryTimestamp")),
        (NOT_WRITTEN,),
    ),
    "an entry of another log (v1)": (
        "rekor",
        "trust_config_v1.json",
        entry_v1(lambda entry: entry.update(logID="00" * 32)),
        (NOT_WRITTEN, "not trusted"),
    ),
    "a root hash of another tree (v1)": (
        "rekor",
        "trust_config_v1.json",
        entry_v1(lambda entry: entry["verification"]["inclusionProof"].update(rootHash="00" * 32)),
        (NOT_WRITTEN,),
    ),
    "an entry without an inclusion proof (v2)": (
        "rekor2",
        "trust_config_v2.json",
        entry_v2(lambda entry: entry.pop("inclusionProof")),
        (),
    ),
    "an entry with a time (v2)": (
        "rekor2",
        "trust_config_v2.json",
        entry_v2(lambda entry: entry.update(integratedTime="1700000000")),
        (NOT_WRITTEN,),
    ),
    "an entry of another index (v2)": (
        "rekor2",
        "trust_config_v2.json",
        entry_v2(lambda entry: entry.update(logIndex="123456")),
        (NOT_WRITTEN,),
    ),
}


def changed(record: Record, scene: Scene, name: str) -> None:
    field, base, change, said = CHANGED[name]
    place = scene.place()
    with Impostor(scene.s.urls[field], answered=change) as service:
        config = place.config(scene.s, base, **{field: service.url})
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
    check_undecided(record, name, place, result, *said)


def another_issuer(record: Record, scene: Scene) -> None:
    """Fulcio is handed another provider's token for the same address, so that the proof of possession holds."""
    other = scene.token(issuer="google", email="dev@example.test")

    def swap(body: bytes) -> bytes:
        document = json.loads(body)
        document["credentials"]["oidcIdentityToken"] = other
        return json.dumps(document).encode()

    place = scene.place()
    with Impostor(scene.s.urls["fulcio"], asked=swap) as service:
        config = place.config(scene.s, fulcio=service.url)
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        record.check("Fulcio certified it", service.answers and service.answers[0].status == 200, service.answers)
    said = ("answered something unusable", "the certificate names another identity provider")
    check_undecided(record, "a certificate by another provider's word", place, result, *said)


def no_promise(record: Record, scene: Scene) -> None:
    """A certificate whose log entry comes beside it, where no verifier of bundles would find it."""

    def detach(body: bytes) -> bytes:
        document = json.loads(body)
        chain = document.pop("signedCertificateEmbeddedSct")
        return json.dumps({"signedCertificateDetachedSct": {**chain, "signedCertificateTimestamp": "AA=="}}).encode()

    place = scene.place()
    with Impostor(scene.s.urls["fulcio"], answered=detach) as service:
        config = place.config(scene.s, fulcio=service.url)
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
    said = ("answered something unusable", "no certificate with a log's receipt")
    check_undecided(record, "a certificate without a promise inside", place, result, *said)


def untrusted(record: Record, scene: Scene) -> None:
    """Services that work, of an instance that the trust root does not know."""
    for part in ("tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"):
        place = scene.place()
        config = place.config(scene.s, "trust_config_v2.json")
        document = json.loads(config.read_text())
        document["trustedRoot"][part] = []
        config.write_text(json.dumps(document))
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        check_undecided(record, f"a trust root without {part}", place, result)
