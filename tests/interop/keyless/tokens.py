"""Tokens that must not sign, and those that must although they look odd."""

import functools
import os

from cross import MAIN
from fault_proxy import FaultProxy
from record import Record
from scene import Scene, check, check_undecided
from together import together

BY_FULCIO = (
    "Fulcio at {fulcio}/api/v2/signingCert answered 400",
    "Fulcio does not accept the identity token",
    "audience",
)
NO_TOKEN = ("cannot sign with an identity", "the identity token is not a JSON web token", "three parts with dots")
ENVIRONMENTS = (
    "GitHub Actions",
    "GitLab",
    "Buildkite",
    "CircleCI",
    "Google Cloud",
    "--identity-token",
    "SIGSTORE_ID_TOKEN",
)
# Larger than any disk reads in the time that a test has.
HUGE = 1 << 40


def run(record: Record, scene: Scene) -> None:
    s = scene.s
    refused = {f"a forged token ({how})": s.forged_token(how) for how in ("key", "changed", "none", "hmac")}
    refused |= {
        "a token for somebody else": s.token(audience="another"),
        "a token with an address that nobody checked": s.token(email_verified=False),
        "a token of an unknown issuer": s.token(iss="http://127.0.0.1:1"),
        "a job's token that names no workflow": s.token(issuer="github", job_workflow_ref=None),
    }
    cases = [
        (name, functools.partial(by_fulcio, scene=scene, name=name, token=scene.keep_secret(token)))
        for name, token in refused.items()
    ]
    cases += [
        ("expired", functools.partial(expired, scene=scene)),
        ("garbage", functools.partial(garbage, scene=scene)),
        ("a given token in a job", functools.partial(both, scene=scene)),
        ("a job's odd tokens", functools.partial(odd_jobs, scene=scene)),
        ("no identity", functools.partial(no_identity, scene=scene)),
        ("nothing is asked for a model that is not there", functools.partial(no_model, scene=scene)),
    ]
    together(record, cases)


def by_fulcio(record: Record, scene: Scene, name: str, token: str) -> None:
    words = [each.format(fulcio=scene.s.urls["fulcio"]) for each in BY_FULCIO]
    place = scene.place()
    check_undecided(record, name, place, scene.sign(place.signature, "--identity-token", token), *words)
    place = scene.place(older=False)
    result = scene.sign(place.signature, env={"SIGSTORE_ID_TOKEN": token})
    check_undecided(record, f"{name}, from the environment, where there was no signature", place, result, *words)


def expired(record: Record, scene: Scene) -> None:
    """Found out before anything is read or asked: hours of hashing would be in vain."""
    token = scene.token(lifetime=-90)
    huge = scene.folder / "huge.bin"
    huge.touch()
    os.truncate(huge, HUGE)
    said = ("cannot sign with an identity", "the identity token expired on 20", "seconds ago", "get a new token")
    with FaultProxy(scene.s.urls["fulcio"]) as fulcio, FaultProxy(scene.s.urls["tuf"]) as tuf:
        for name, model in (("any model", scene.model), ("no model", scene.folder / "absent"), ("a huge model", huge)):
            place = scene.place()
            config = place.config(scene.s, fulcio=fulcio.url)
            result = scene.sign(place.signature, "--identity-token", token, config=config, model=model)
            check_undecided(record, f"expired, {name}", place, result, *said)
            result = scene.sign(place.signature, config=config, model=model, env={"SIGSTORE_ID_TOKEN": token})
            check_undecided(record, f"expired, {name}, from the environment", place, result, *said)
            instance = ["--tuf-url", tuf.url, "--tuf-root", scene.s.out / "tuf-root.json"]
            result = scene.sign(place.signature, *instance, "--identity-token", token, config=False, model=model)
            check_undecided(record, f"expired, {name}, of an instance with a repository", place, result, *said)
        record.check("expired: nobody was asked", (fulcio.count(), tuf.count()) == (0, 0), (fulcio.counts, tuf.counts))
        place = scene.place()
        result = scene.sign(
            place.signature, config=place.config(scene.s, fulcio=fulcio.url), env=scene.s.github_env(lifetime=-90)
        )
        check_undecided(record, "a job that is given an expired token", place, result, *said[1:])
        record.check("for which Fulcio was not asked", fulcio.count() == 0, fulcio.counts)
    huge.unlink()


def garbage(record: Record, scene: Scene) -> None:
    for token in (
        "garbage",
        "a.b",
        "a.b.c",
        "..",
        "e30.e30.e30",
        " ",
        "a.b.c.d",
        "\u00e9.\u00e9.\u00e9",
        "x" * 100_000,
    ):
        place = scene.place()
        result = scene.sign(place.signature, "--identity-token", token)
        check_undecided(record, f"garbage: {token[:20]!r}", place, result, *NO_TOKEN)
        record.check(f"garbage: {token[:20]!r} is not repeated", len(result.stderr) < 1000, result.stderr[:500])
    place = scene.place(older=False)
    result = scene.sign(place.signature, "--identity-token", f"\n {scene.token()}\r\n")
    check(record, "space around a token is no part of it", result, 0, "Signing succeeded")


def odd_jobs(record: Record, scene: Scene) -> None:
    github = scene.s.urls["issuers"]["github"]
    place = scene.place(older=False)
    # The proof of possession is by the subject, whatever else the token says.
    result = scene.sign(place.signature, env=scene.s.github_env(email="dev@example.test", email_verified=True))
    check(record, "a job's token with an e-mail address", result, 0, f"signed by {MAIN} (according to {github})")
    check(
        record,
        "is the job's",
        scene.verify(place.signature, identity=MAIN, provider=github),
        0,
        "Verification succeeded",
    )
    place = scene.place()
    result = scene.sign(place.signature, "--client-id", "another", env=scene.s.github_env())
    words = [each.format(fulcio=scene.s.urls["fulcio"]) for each in BY_FULCIO]
    check_undecided(record, "a job that asks for another audience", place, result, *words)
    result = scene.sign(place.signature, "--use-ambient-credentials", env={"SIGSTORE_ID_TOKEN": scene.token()})
    check_undecided(record, "a token at hand is no identity of the environment", place, result, *ENVIRONMENTS)


def no_identity(record: Record, scene: Scene) -> None:
    place = scene.place()
    check_undecided(record, "no identity", place, scene.sign(place.signature), "there is no identity", *ENVIRONMENTS)
    result = scene.sign(place.signature, env={"SIGSTORE_ID_TOKEN": ""})
    check_undecided(record, "an empty variable is none", place, result, "there is no identity", *ENVIRONMENTS)
    job = scene.s.github_env()
    permission = ("GitHub Actions", "id-token: write", "forks")
    for missing in ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        for value in (None, ""):
            result = scene.sign(place.signature, env={**job, missing: value})
            check_undecided(
                record, f"a job without {missing} ({value!r})", place, result, f"{missing} is not set", *permission
            )
    result = scene.sign(place.signature, env={"GITLAB_CI": "true"})
    check_undecided(record, "a GitLab job without a token", place, result, "GitLab", "id_tokens", "aud: sigstore")
    result = scene.sign(place.signature, env={"BUILDKITE": "true"})
    check_undecided(
        record,
        "a Buildkite job without its agent",
        place,
        result,
        "Buildkite gives no identity token",
        "buildkite-agent",
    )
    result = scene.sign(place.signature, env={"CIRCLECI": "true"})
    check_undecided(
        record, "a CircleCI job without its program", place, result, "CircleCI gives no identity token", "circleci"
    )


def both(record: Record, scene: Scene) -> None:
    """As with the reference tool: a token that is given comes before the one that the job has."""
    place = scene.place(older=False)
    words = ["--identity_token", scene.token(), "--use_ambient_credentials", "--format", "json"]
    result = scene.sign(place.signature, *words, env=scene.s.github_env())
    check(record, "a given token in a job", result, 0, '"subject":"dev@example.test"')


def no_model(record: Record, scene: Scene) -> None:
    """The token is asked for after hashing, since it does not live long."""
    place = scene.place()
    runner = scene.s.urls["runner"]["url"].split("/idtoken")[0]
    with FaultProxy(scene.s.urls["fulcio"]) as fulcio, FaultProxy(runner) as endpoint:
        env = scene.s.github_env(origin=endpoint.origin)
        config = place.config(scene.s, fulcio=fulcio.url)
        result = scene.sign(place.signature, config=config, model=scene.folder / "absent", env=env)
        check_undecided(record, "a model that is not there", place, result, "absent", "check the path of the model")
        record.check("is no reason to ask for a token", (endpoint.count(), fulcio.count()) == (0, 0), endpoint.counts)
        check(
            record,
            "while one that is there signs",
            scene.sign(place.signature, config=config, env=env),
            0,
            "Signing succeeded",
        )
        record.check("with one token", endpoint.count("/idtoken", "GET") == 1, endpoint.counts)
