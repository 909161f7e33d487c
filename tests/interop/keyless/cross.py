"""Signatures of every kind of signer and log: made here and verified there, and the other way round."""

import copy
import functools
import json
import os
import pathlib
import typing

from clients import Tools
from identities import CIRCLE, PIPELINE, STEPS, WORKFLOW
from record import Record
from scene import Scene, check, new_folder
from stack import USER
from together import together

MAIN = WORKFLOW.format("example-org/models", "sign.yml@refs/heads/main")
# What the log entry has to be of: kind, version, whether the log tells the time.
V1, V2 = ("dsse", "0.0.1", True), ("hashedrekord", "0.0.2", False)
# The folder "café" as one character and as two, what shells and JSON take for their own, and other scripts.
NAMES = [
    "weights.bin",
    "sub/deep/config.json",
    "caf\u00e9/a",
    "cafe\u0301/a",
    "模型/権重.bin",
    "🤖",
    'with "quotes" $HOME',
    "a b",
    "-flag",
    "back\\slash",
    "empty",
]


class Signer(typing.NamedTuple):
    """How somebody signs: options, environment, and who it is then."""

    words: list[str]
    env: dict[str, str]
    identity: str
    issuer: str


def signers(scene: Scene) -> dict[str, Signer]:
    s = scene.s
    mail = "dev@example.test"
    return {
        "e-mail token": Signer(["--identity-token", scene.token()], {}, mail, "email"),
        "e-mail token in the environment": Signer([], {"SIGSTORE_ID_TOKEN": scene.token()}, mail, "email"),
        "GitHub job": Signer([], s.github_env(), MAIN, "github"),
        "GitLab job": Signer([], kept(scene, s.gitlab_env()), PIPELINE, "gitlab"),
        "Buildkite job": Signer([], s.buildkite_env(), STEPS, "buildkite"),
        "CircleCI job": Signer([], s.circleci_env(), CIRCLE, "circleci"),
        "Google machine": Signer([], s.google_env(), "signer@models.iam.gserviceaccount.com", "google"),
        "person with a URI": Signer(
            ["--identity-token", scene.token(issuer="uri")], {}, "http://127.0.0.1/people/dev%40example.test", "uri"
        ),
        "workload with a SPIFFE id": Signer(
            ["--identity-token", scene.token(issuer="spiffe")], {}, "spiffe://example.test/trainer", "spiffe"
        ),
        "job that must be one": Signer(["--use-ambient-credentials"], s.github_env(), MAIN, "github"),
    }


def kept(scene: Scene, env: dict[str, str]) -> dict[str, str]:
    scene.keep_secret(env["SIGSTORE_ID_TOKEN"])
    return env


def run(record: Record, scene: Scene) -> None:
    cases = []
    for name, signer in signers(scene).items():
        cases.append((name, functools.partial(ours, scene=scene, name=name, signer=signer)))
    for name, config, kind, timestamps in (
        ("Rekor v1 and a timestamp", scene.s.trust_config_v1, V1, 1),
        ("Rekor v1 without a timestamp", scene.s.trust_config_no_tsa, V1, 0),
        ("Rekor v2 and a timestamp", scene.s.trust_config_v2, V2, 1),
        ("whatever is newest", scene.s.trust_config, V2, 1),
    ):
        cases.append(
            (name, functools.partial(logs, scene=scene, name=name, config=config, kind=kind, times=timestamps))
        )
        cases.append((f"theirs, {name}", functools.partial(theirs, scene=scene, name=name, config=config)))
    cases.append(("theirs, in a job", functools.partial(theirs, scene=scene, name="a GitHub job", job=True)))
    for name, model in models(scene.folder).items():
        cases.append((name, functools.partial(any_model, scene=scene, name=name, model=model)))
    together(record, cases)


def ours(record: Record, scene: Scene, name: str, signer: Signer) -> None:
    place = scene.place(older=False)
    provider = scene.s.urls["issuers"][signer.issuer]
    result = scene.sign(place.signature, *signer.words, env=signer.env)
    said = f"signed by {signer.identity} (according to {provider})"
    check(record, f"{name} signs", result, 0, said, "Signing succeeded\n")
    verified_by_all(record, scene, name, place.signature, signer.identity, provider)
    result = scene.verify(place.signature, identity="x" + signer.identity, provider=provider)
    check(record, f"{name} is nobody else", result, 1, f'the identity is "{signer.identity}", not "x{signer.identity}"')
    other = scene.s.urls["issuers"]["github" if signer.issuer != "github" else "email"]
    result = scene.verify(place.signature, identity=signer.identity, provider=other)
    check(record, f"{name} by nobody else's word", result, 1, f'the identity provider is "{provider}", not "{other}"')


def verified_by_all(
    record: Record, scene: Scene, name: str, signature: pathlib.Path, identity: str, provider: str, model=None
) -> None:
    result = scene.verify(signature, identity=identity, provider=provider, model=model)
    check(record, f"{name}: verified here", result, 0, "Verification succeeded\n")
    tools = with_model(scene.tools, model)
    result = tools.reference_verifies(str(signature), scene.s.trust_config, identity, provider)
    check(record, f"{name}: verified by the reference tool", result, 0, "Verification succeeded")
    check(record, f"{name}: verified by cosign", scene.cosign(signature, identity, provider), 0, "Verified OK")


def logs(record: Record, scene: Scene, name: str, config: pathlib.Path, kind: tuple, times: int) -> None:
    place = scene.place(older=False)
    result = scene.sign(place.signature, "--identity-token", scene.token(), config=config)
    check(record, f"{name}: signs", result, 0, "Signing succeeded\n")
    material = json.loads(place.signature.read_text())["verificationMaterial"]
    entry, *more = material["tlogEntries"]
    tells_time = "inclusionPromise" in entry and int(entry.get("integratedTime", 0)) > 0
    found = (entry["kindVersion"]["kind"], entry["kindVersion"]["version"], tells_time)
    record.check(f"{name}: one entry of that log", (found, more) == (kind, []), (found, more))
    stamps = material.get("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    record.check(f"{name}: so many timestamps", len(stamps) == times, stamps)
    verified_by_all(record, scene, name, place.signature, USER, scene.issuer)


def theirs(record: Record, scene: Scene, name: str, config: pathlib.Path | None = None, job: bool = False) -> None:
    place = scene.place(older=False)
    config = config or scene.s.trust_config
    words = ["--use_ambient_credentials"] if job else ["--identity_token", scene.s.token()]
    identity, provider = (MAIN, scene.s.urls["issuers"]["github"]) if job else (USER, scene.issuer)
    env = scene.s.github_env() if job else {}
    result = scene.tools.reference_signs(str(place.signature), config, *words, env=env)
    check(record, f"the reference tool signs: {name}", result, 0, "Signing succeeded")
    result = scene.verify(place.signature, identity=identity, provider=provider)
    check(record, f"theirs, {name}: verified here", result, 0, "Verification succeeded\n")
    result = scene.verify(place.signature, identity="else@example.test", provider=provider)
    check(record, f"theirs, {name}: not as somebody else", result, 1, "the model was signed by somebody else")
    result = scene.verify(place.signature, identity=identity, provider=provider, model=scene.program)
    check(record, f"theirs, {name}: not for another model", result, 1, "is not what was signed")


def models(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    many = new_folder(folder / "many files")
    for number, name in enumerate(NAMES):
        (many / name).parent.mkdir(parents=True, exist_ok=True)
        (many / name).write_bytes(b"" if name == "empty" else os.urandom(1000 + number))
    single = new_folder(folder / "single") / "modèle.safetensors"
    single.write_bytes(os.urandom(5000))
    return {"many files": many, "a single file": single}


def any_model(record: Record, scene: Scene, name: str, model: pathlib.Path) -> None:
    place = scene.place(older=False)
    result = scene.sign(place.signature, "--identity-token", scene.token(), model=model)
    check(record, f"{name}: signed here", result, 0, "Signing succeeded\n")
    verified_by_all(record, scene, name, place.signature, USER, scene.issuer, model)
    tools = with_model(scene.tools, model)
    result = tools.reference_signs(str(place.signature), scene.s.trust_config, "--identity_token", scene.s.token())
    check(record, f"{name}: signed by the reference tool", result, 0, "Signing succeeded")
    result = scene.verify(place.signature, model=model)
    check(record, f"{name}: theirs verified here", result, 0, "Verification succeeded\n")
    changed = model if model.is_file() else model / NAMES[2]
    content = changed.read_bytes()
    changed.write_bytes(content + b"x")
    result = scene.verify(place.signature, model=model)
    check(record, f"{name}: a change is refused", result, 1, "is not what was signed", "changed")
    changed.write_bytes(content)


def with_model(tools: Tools, model: pathlib.Path | None) -> Tools:
    """The counterparts with another model than theirs."""
    changed = copy.copy(tools)
    changed.model = model or tools.model
    return changed
