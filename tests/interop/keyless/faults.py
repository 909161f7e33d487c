"""Services that fail: exit 3, a message that names service, address, status and next step, attempts that are counted,
and nothing written.
"""

import functools
import typing

from fault_proxy import FaultProxy
from record import Record
from scene import Scene, check, check_undecided
from together import together

BUSY = "the service is busy: try again later"
BROKEN = "the service has a fault: try again later, or see its status page"
NO_REDIRECT = "redirects are not followed; if you trust it, name http://127.0.0.1:1/elsewhere itself"
NOTHING_WRITTEN = "no signature was written"
ATTEMPTS = 4
LIMIT = 4 << 20
FOREVER = None


class Service(typing.NamedTuple):
    """A request of a signing: who answers it, where, and whether it may be sent again in doubt."""

    name: str
    field: str
    path: str
    method: str
    config: str
    repeats: bool = True


SERVICES = [
    Service("Fulcio", "fulcio", "/api/v2/configuration", "GET", "trust_config.json"),
    Service("Fulcio", "fulcio", "/api/v2/signingCert", "POST", "trust_config.json"),
    Service("Rekor", "rekor", "/api/v1/log/entries", "POST", "trust_config_v1.json"),
    Service("Rekor", "rekor2", "/api/v2/log/entries", "POST", "trust_config_v2.json", repeats=False),
    Service("the timestamp authority", "tsa", "/api/v1/timestamp", "POST", "trust_config.json"),
]


class Fault(typing.NamedTuple):
    """What a service does, how often it is asked then, and what is said; `passes` after that many times."""

    name: str
    rule: dict
    attempts: int
    said: tuple[str, ...] = ()
    # Where a request must not be sent twice.
    attempts_once: int | None = None
    times: int | None = FOREVER


def status(code: int, attempts: int, said: str, once: int | None = None, **headers: str) -> Fault:
    rule = {"kind": "answer", "status": code, "body": '{"code": 9, "message": "as planned"}', "headers": headers}
    return Fault(f"answers {code}", rule, attempts, (f" answered {code}: as planned", said), once)


FAULTS = [
    status(400, 1, ""),
    status(401, 1, ""),
    status(403, 1, ""),
    status(429, ATTEMPTS, BUSY, **{"Retry-After": "0"}),
    status(302, 1, NO_REDIRECT, Location="http://127.0.0.1:1/elsewhere"),
    status(503, ATTEMPTS, BROKEN),
    # Whether the service acted before it failed, or before a proxy before it gave up, is not known.
    status(500, ATTEMPTS, BROKEN, once=1),
    status(504, ATTEMPTS, BROKEN, once=1),
    Fault(
        "closes without an answer",
        {"kind": "close"},
        ATTEMPTS,
        ("cannot reach ", "(tried {attempts}x)", NOTHING_WRITTEN),
        1,
    ),
    Fault(
        "is cut in the middle", {"kind": "cut"}, ATTEMPTS, ("the answer of ", " is incomplete: ", NOTHING_WRITTEN), 1
    ),
    Fault("never ends", {"kind": "endless"}, 1, ("the answer of ", f" is larger than {LIMIT} bytes", NOTHING_WRITTEN)),
    Fault("talks nonsense", {"kind": "answer", "status": 200, "body": "<html>hello</html>"}, 1),
    Fault("says nothing", {"kind": "answer", "status": 200, "body": ""}, 1),
    Fault("sends an empty object", {"kind": "answer", "status": 201, "body": "{}"}, 1),
    Fault("sends binary", {"kind": "answer", "status": 200, "body": bytes(range(256)) * 20}, 1),
    # What passes.
    Fault("is slow", {"kind": "pass", "delay": 2.0}, 1, times=1),
    Fault("is busy for a moment", {"kind": "answer", "status": 429, "headers": {"Retry-After": "1"}}, 2, times=1),
    Fault(
        "is busy until a date",
        {"kind": "answer", "status": 429, "headers": {"Retry-After": "Mon, 01 Jan 2035 00:00:00 GMT"}},
        2,
        times=1,
    ),
    Fault("is away twice", {"kind": "answer", "status": 503}, 3, times=2),
]
# Waits for half a minute at most, whatever is asked for.
VERY_BUSY = Fault(
    "is busy for an hour", {"kind": "answer", "status": 429, "headers": {"Retry-After": "3600"}}, 2, times=1
)
# What Fulcio sends is an object of which every field may be missing, a list of known issuers is among it.
HARMLESS = {("/api/v2/configuration", "sends an empty object")}


def run(record: Record, scene: Scene) -> None:
    cases = [
        (
            f"{service.field}{service.path} {fault.name}",
            functools.partial(one, scene=scene, service=service, fault=fault),
        )
        for fault in FAULTS
        for service in SERVICES
        if (service.path, fault.name) not in HARMLESS
    ]
    cases += [
        (f"{service.field} is gone", functools.partial(gone, scene=scene, service=service)) for service in SERVICES[1:]
    ]
    cases += [(f"runner: {name}", functools.partial(runner, scene=scene, name=name)) for name in RUNNER]
    cases += [("metadata", functools.partial(metadata, scene=scene))]
    together(record, cases)


def very_busy(record: Record, scene: Scene) -> None:
    """Takes so long that it had better begin before all other sections."""
    one(record, scene, SERVICES[1], VERY_BUSY)


def one(record: Record, scene: Scene, service: Service, fault: Fault) -> None:
    name = f"{service.field}{service.path} {fault.name}"
    place = scene.place()
    with FaultProxy(scene.s.urls[service.field]) as proxy:
        proxy.plan(service.path, service.method, **fault.rule, times=fault.times)
        config = place.config(scene.s, service.config, **{service.field: proxy.url})
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
        attempts = fault.attempts
        if not service.repeats and fault.attempts_once is not None:
            attempts = fault.attempts_once
        asked = proxy.count(service.path, service.method)
    if fault.times is FOREVER:
        said = [each.format(attempts=attempts) for each in fault.said]
        where = f"{service.name} at {proxy.origin}{service.path}"
        check_undecided(record, name, place, result, where, *said)
    else:
        check(record, f"{name}: and it signs all the same", result, 0, "Signing succeeded")
        check(record, f"{name}: well", scene.verify(place.signature), 0, "Verification succeeded")
    record.check(f"{name}: asked {attempts} times", asked == attempts, asked)


def gone(record: Record, scene: Scene, service: Service) -> None:
    with FaultProxy() as proxy:
        pass
    place = scene.place()
    url = proxy.origin + (service.path if service.field == "tsa" else "")
    config = place.config(scene.s, service.config, **{service.field: url})
    result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
    where = f"cannot reach {service.name} at {proxy.origin}/api"
    said = (where, f"(tried {ATTEMPTS}x)", "efused", "check the network", NOTHING_WRITTEN)
    check_undecided(record, f"{service.field} is gone", place, result, *said)


# What the runner's endpoint does, how often it is asked, and what is said beside its name.
RUNNER = {
    "answers 401": ({"kind": "answer", "status": 401}, 1, ("401",)),
    "answers 429": ({"kind": "answer", "status": 429}, ATTEMPTS, ("429",)),
    "answers 500": ({"kind": "answer", "status": 500}, ATTEMPTS, ("500",)),
    "answers 302": ({"kind": "answer", "status": 302, "headers": {"Location": "http://127.0.0.1:1/x"}}, 1, ("302",)),
    "is cut": ({"kind": "cut"}, ATTEMPTS, ()),
    "closes": ({"kind": "close"}, ATTEMPTS, ()),
    "talks nonsense": ({"kind": "answer", "status": 200, "body": "hello"}, 1, ()),
    "gives no token": ({"kind": "answer", "status": 200, "body": '{"value": "hello"}'}, 1, ()),
}


def runner(record: Record, scene: Scene, name: str) -> None:
    rule, attempts, said = RUNNER[name]
    origin = scene.s.urls["runner"]["url"].split("/idtoken")[0]
    place = scene.place()
    with FaultProxy(origin) as proxy:
        proxy.plan("/idtoken", "GET", **rule, times=FOREVER)
        result = scene.sign(place.signature, env=scene.s.github_env(origin=proxy.origin))
        asked = proxy.count("/idtoken")
    where = ("GitHub Actions", proxy.origin)
    check_undecided(record, f"the runner's endpoint {name}", place, result, *where, *said)
    record.check(f"the runner's endpoint {name}: asked {attempts} times", asked == attempts, asked)


def metadata(record: Record, scene: Scene) -> None:
    where = "Google Cloud's metadata server at http://"
    for name, rule, attempts, said in (
        (
            "answers 404",
            {"kind": "answer", "status": 404, "body": "no service account"},
            1,
            "answered 404: no service account",
        ),
        ("answers 500", {"kind": "answer", "status": 500}, ATTEMPTS, "answered 500"),
        ("closes", {"kind": "close"}, ATTEMPTS, "cannot reach"),
    ):
        place = scene.place()
        with FaultProxy(f"http://{scene.s.urls['metadata']}") as proxy:
            proxy.plan("/", **rule, times=FOREVER)
            host = proxy.origin.removeprefix("http://")
            result = scene.sign(place.signature, env={"GCE_METADATA_HOST": host})
            asked = proxy.count("/computeMetadata/v1/instance/service-accounts/default/identity", "GET")
        check_undecided(record, f"the metadata server {name}", place, result, where + host, said)
        record.check(f"the metadata server {name}: asked {attempts} times", asked == attempts, asked)
