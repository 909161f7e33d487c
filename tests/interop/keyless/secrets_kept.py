"""Services that repeat the token they were sent: what the program says of it must not hold the token.

That no run says a secret is looked for in each of them (see `Scene.run`); here it is made likely.
"""

import functools
import json
import pathlib
import subprocess

from fault_proxy import FaultProxy
from record import Record
from scene import Scene, check_undecided, new_folder
from together import together

# Into these a test writes a token itself.
OWN_FILES: list[pathlib.Path] = []
# So many characters of a token in a row are too many.
PIECE = 32
CERTIFICATE, ENTRIES = "/api/v2/signingCert", "/api/v2/log/entries"


def echoes(token: str) -> dict[str, dict]:
    """Answers that repeat a token, each in another way."""
    head, payload, signature = token.split(".")
    return {
        "in a line": {"status": 400, "body": f"bad token {token}, sorry"},
        "in a message": {"status": 400, "body": json.dumps({"code": 3, "message": f"not good: '{token}'"})},
        "in an error field": {
            "status": 401,
            "body": json.dumps({"error": "x", "error_description": f"Bearer {token}"}),
        },
        "in a page": {"status": 403, "body": f"<html><pre>Authorization: Bearer {token}</pre></html>"},
        "without its header": {"status": 400, "body": f"payload was {payload}.{signature}"},
        "in lines": {"status": 400, "body": "\n".join(token[at : at + 64] for at in range(0, len(token), 64))},
        "in pieces": {"status": 400, "body": json.dumps({"message": f"{head} {payload} {signature}"})},
        "as JSON": {"status": 200, "body": json.dumps(token)},
        "as a field's value": {"status": 200, "body": json.dumps({"signedCertificateEmbeddedSct": token})},
        "as a field's name": {"status": 200, "body": json.dumps({"signedCertificateEmbeddedSct": {token: 1}})},
        "as a certificate": {
            "status": 200,
            "body": json.dumps({"signedCertificateEmbeddedSct": {"chain": {"certificates": [token]}}}),
        },
        "in a redirect": {"status": 302, "headers": {"Location": f"http://127.0.0.1:1/?token={token}"}},
        "of a broken server": {"status": 500, "body": f"panic: {token}"},
    }


def run(record: Record, scene: Scene) -> None:
    services = (("Fulcio", "fulcio", CERTIFICATE), ("Rekor", "rekor2", ENTRIES))
    cases = [
        (f"{service[0]} {name}", functools.partial(echo, scene=scene, name=name, service=service))
        for service in services
        for name in echoes("a.b.c")
    ]
    cases += [
        ("a runner that repeats", functools.partial(runner, scene=scene)),
        ("programs that say the token aloud", functools.partial(loud_programs, scene=scene)),
        ("a metadata server that repeats", functools.partial(metadata, scene=scene)),
    ]
    together(record, cases)


def echo(record: Record, scene: Scene, name: str, service: tuple[str, str, str]) -> None:
    who, field, path = service
    token = scene.token()
    for more in ([], ["--format", "json"]):
        place = scene.place()
        with FaultProxy(scene.s.urls[field]) as proxy:
            proxy.plan(path, "POST", times=None, kind="answer", **echoes(token)[name])
            config = place.config(scene.s, "trust_config_v2.json", **{field: proxy.url})
            result = scene.sign(place.signature, *more, "--identity-token", token, config=config)
        where = f"{who} repeats the token {name}" + (", in JSON" if more else "")
        not_shown(record, where, result, token)
        if not more:
            check_undecided(record, where, place, result)


def runner(record: Record, scene: Scene) -> None:
    origin = scene.s.urls["runner"]["url"].split("/idtoken")[0]
    token = scene.token(issuer="github")
    for name, answer in {
        "as JSON": {"status": 200, "body": json.dumps(token)},
        "in a list": {"status": 200, "body": json.dumps({"value": [token]})},
        "with more around it": {"status": 200, "body": json.dumps({"value": f"Bearer {token}"})},
        "in an error": {"status": 400, "body": json.dumps({"message": token})},
    }.items():
        place = scene.place()
        with FaultProxy(origin) as proxy:
            proxy.plan("/idtoken", times=None, kind="answer", **answer)
            result = scene.sign(place.signature, env=scene.s.github_env(origin=proxy.origin))
        not_shown(record, f"the runner's endpoint repeats a token {name}", result, token)
        check_undecided(record, f"the runner's endpoint repeats a token {name}", place, result)


def loud_programs(record: Record, scene: Scene) -> None:
    for variable, program in (("BUILDKITE", "buildkite-agent"), ("CIRCLECI", "circleci")):
        token = scene.token(issuer=variable.lower())
        place = scene.place()
        folder = new_folder(place.folder.with_suffix(".programs"))
        OWN_FILES.append(folder)
        (folder / program).write_text(f"#!/bin/sh\necho {token}\necho have {token} >&2\nexit 1\n")
        (folder / program).chmod(0o755)
        path = f"{folder}:{scene.environment()['PATH']}"
        result = scene.sign(place.signature, env={variable: "true", "PATH": path})
        not_shown(record, f"{program} fails and says its token", result, token)
        check_undecided(record, f"{program} fails and says its token", place, result, program)


def metadata(record: Record, scene: Scene) -> None:
    token = scene.token(issuer="google")
    place = scene.place()
    with FaultProxy(f"http://{scene.s.urls['metadata']}") as proxy:
        for name, answer in {
            "twice": {"status": 200, "body": f"{token} {token}"},
            "in an error": {"status": 404, "body": f"no such account for {token}"},
        }.items():
            proxy.clear()
            proxy.plan("/", times=None, kind="answer", **answer)
            result = scene.sign(place.signature, env={"GCE_METADATA_HOST": proxy.origin.removeprefix("http://")})
            not_shown(record, f"the metadata server says a token {name}", result, token)
            check_undecided(record, f"the metadata server says a token {name}", place, result)


def not_shown(record: Record, name: str, result: subprocess.CompletedProcess, token: str) -> None:
    text = result.stdout + result.stderr
    shown = [token[at : at + PIECE] for at in range(len(token) - PIECE) if token[at : at + PIECE] in text]
    at = text.find(shown[0]) if shown else 0
    record.check(f"{name}: it is not shown", not shown, text[max(0, at - 200) : at + PIECE])
