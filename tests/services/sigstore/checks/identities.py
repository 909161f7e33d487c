"""Who may sign: a token of every issuer, and tokens that Fulcio must refuse."""

import base64
import json
import urllib.error
import urllib.request

from clients import Tools, succeeded
from record import Record
from stack import Sigstore, claims_of

WORKFLOW = "https://github.com/{}/.github/workflows/{}"
PIPELINE = "https://gitlab.com/example-org/models//.gitlab-ci.yml@refs/heads/main"
STEPS = "https://buildkite.com/example-org/models"
CIRCLE = "https://circleci.com/api/v2/projects/project-1/pipeline-definitions/definition-1"
# Fulcio checks the token first and the key afterwards, so its words say how far a request came.
BAD_TOKEN = "There was an error processing the identity token"
BAD_KEY = "The public key supplied in the request could not be parsed"


def run(record: Record, s: Sigstore, tools: Tools) -> None:
    every_issuer(record, s, tools)
    in_github(record, s, tools)
    other_platforms(record, s, tools)
    refused(record, s)


def every_issuer(record: Record, s: Sigstore, tools: Tools) -> None:
    expected = {
        "email": "dev@example.test",
        "github": WORKFLOW.format("example-org/models", "sign.yml@refs/heads/main"),
        "gitlab": PIPELINE,
        "buildkite": STEPS,
        "circleci": CIRCLE,
        "google": "signer@models.iam.gserviceaccount.com",
        "uri": "http://127.0.0.1/people/dev%40example.test",
        "spiffe": "spiffe://example.test/trainer",
    }
    record.check("every issuer is tried", set(expected) == set(s.urls["issuers"]), set(s.urls["issuers"]))
    for name, identity in expected.items():
        token, url = s.token(issuer=name), s.urls["issuers"][name]
        succeeded(
            record,
            f"a token of the {name} issuer signs as {identity}",
            tools.reference_signs("who.sig", s.trust_config, "--identity_token", token),
            tools.reference_verifies("who.sig", s.trust_config, identity, url),
        )
        result = tools.reference_verifies("who.sig", s.trust_config, "x" + identity, url)
        record.check(f"and as nobody else ({name})", result.returncode != 0)


def in_github(record: Record, s: Sigstore, tools: Tools) -> None:
    other = "other-org/other/.github/workflows/release.yml@refs/tags/v1"
    changed = {
        "job_workflow_ref": other,
        "workflow_ref": other,
        "repository": "other-org/other",
        "ref": "refs/tags/v1",
        "ref_type": "tag",
        "sub": "repo:other-org/other:ref:refs/tags/v1",
    }
    plain = WORKFLOW.format("example-org/models", "sign.yml@refs/heads/main")
    cases = {
        "plain": ({}, plain),
        "of another workflow": (changed, WORKFLOW.format("other-org/other", "release.yml@refs/tags/v1")),
        "with an e-mail address": ({"email": "dev@example.test", "email_verified": True}, plain),
    }
    for name, (claims, identity) in cases.items():
        environment = s.github_env(**claims)
        succeeded(
            record,
            f"the runner's endpoint gives a token {name}",
            tools.reference_signs("job.sig", s.trust_config, "--use_ambient_credentials", env=environment),
            tools.reference_verifies("job.sig", s.trust_config, identity, s.urls["issuers"]["github"]),
        )
    extensions = tools.run(
        "openssl", "x509", "-inform", "DER", "-noout", "-text", "-in", certificate(s, tools, changed)
    )
    text = extensions.stdout
    wanted = ("https://github.com/other-org/other", "refs/tags/v1", "1.3.6.1.4.1.57264.1.12", "1.3.6.1.4.1.57264.1.22")
    record.check("what the job said is in the certificate", all(each in text for each in wanted), extensions)

    environment = s.github_env()
    url = environment["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sigstore"
    for name, headers in (("a wrong token", {"Authorization": "Bearer x"}), ("no token", {})):
        record.check(f"the endpoint answers 401 to {name}", status(url, headers) == 401)
    right = {"Authorization": f"Bearer {environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    token = json.loads(ask(url, right))["value"]
    record.check("the audience is the one that was asked for", claims_of(token)["aud"] == "sigstore")
    expired = json.loads(ask(s.github_env(lifetime=-60)["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sigstore", right))
    record.check("an expired token can be had", verdict(s, expired["value"]) == (400, BAD_TOKEN))


def other_platforms(record: Record, s: Sigstore, tools: Tools) -> None:
    for name, environment, identity in (("gitlab", s.gitlab_env(), PIPELINE), ("buildkite", s.buildkite_env(), STEPS)):
        succeeded(
            record,
            f"model_signing finds the token in the environment of {name}",
            tools.reference_signs("job.sig", s.trust_config, "--use_ambient_credentials", env=environment),
            tools.reference_verifies("job.sig", s.trust_config, identity, s.urls["issuers"][name]),
        )
    environment = s.circleci_env()
    line = ["circleci", "run", "oidc", "get", "--root-issuer", "--claims", '{"aud":"sigstore"}']
    result = tools.run(*line, env=environment)
    record.check("circleci prints a token", claims_of(result.stdout)["iss"] == s.urls["issuers"]["circleci"], result)
    metadata(record, s, tools)


def metadata(record: Record, s: Sigstore, tools: Tools) -> None:
    host = s.google_env()["GCE_METADATA_HOST"]
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/identity"
    flavour = {"Metadata-Flavor": "Google"}
    record.check("the metadata server wants its header", status(f"{url}?audience=sigstore&format=full", {}) == 403)
    record.check("and an audience", status(url, flavour) == 400)
    forwarded = {**flavour, "X-Forwarded-For": "127.0.0.1"}
    record.check("and no proxy before it", status(f"{url}?audience=sigstore", forwarded) == 403)
    short = claims_of(ask(f"{url}?audience=sigstore", flavour).decode())
    record.check("without format=full nobody's address is in the token", "email" not in short, short)
    # The detector that model_signing uses, with its fixed host and file exchanged for ours.
    script = (
        "import pathlib, sys; from id._internal.oidc import ambient; "
        "ambient._GCP_PRODUCT_NAME_FILE = sys.argv[1]; ambient._GCP_IDENTITY_REQUEST_URL = sys.argv[2]; "
        "print(ambient.detect_gcp('sigstore'))"
    )
    product = tools.folder / "product_name"
    product.write_text("Google Compute Engine\n")
    found = tools.run(tools.reference / "bin" / "python", "-c", script, product, url)
    succeeded(
        record,
        "a detector for Google finds the token, and it signs",
        found,
        tools.reference_signs("job.sig", s.trust_config, "--identity_token", found.stdout.strip()),
        tools.reference_verifies(
            "job.sig", s.trust_config, "signer@models.iam.gserviceaccount.com", s.urls["issuers"]["google"]
        ),
    )
    s.google_env(email="else@example.test")
    changed = claims_of(ask(f"{url}?audience=sigstore&format=full", flavour).decode())
    record.check("its claims can be set", changed["email"] == "else@example.test", changed)
    s.google_env()


def refused(record: Record, s: Sigstore) -> None:
    record.check("Fulcio gets past a good token", verdict(s, s.token()) == (400, BAD_KEY), verdict(s, s.token()))
    tokens = {f"forged ({how})": s.forged_token(how) for how in ("key", "changed", "none", "hmac")}
    tokens["expired"] = s.token(lifetime=-60)
    tokens["for somebody else"] = s.token(audience="another")
    tokens["with an address that nobody checked"] = s.token(email_verified=False)
    tokens["of an unknown issuer"] = s.token(iss="http://127.0.0.1:1")
    tokens["of a job that names no workflow"] = s.token(issuer="github", job_workflow_ref=None)
    for name, token in tokens.items():
        found = verdict(s, token)
        record.check(f"Fulcio refuses a token {name}", found == (400, BAD_TOKEN), found)
    claims = claims_of(tokens["expired"])
    record.check("the expired token is consistent", claims["iat"] <= claims["nbf"] < claims["exp"], claims)


def certificate(s: Sigstore, tools: Tools, claims: dict) -> object:
    tools.reference_signs("job.sig", s.trust_config, "--identity_token", s.token(issuer="github", **claims))
    bundle = json.loads((tools.folder / "job.sig").read_text())
    file = tools.folder / "job.der"
    file.write_bytes(base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"]))
    return file


def verdict(s: Sigstore, token: str) -> tuple[int, str]:
    """Status and words of Fulcio for a token with a key that is none."""
    body = {"credentials": {"oidcIdentityToken": token}, "publicKeyRequest": {"publicKey": {"content": "none"}}}
    request = urllib.request.Request(
        f"{s.urls['fulcio']}/api/v2/signingCert", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["message"]


def ask(url: str, headers: dict[str, str]) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
        return response.read()


def status(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
