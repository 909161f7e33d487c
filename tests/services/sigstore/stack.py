"""The local Sigstore as a Python object, for tests.

    sys.path.insert(0, ".../tests/services/sigstore")      # not tests/services: `sigstore` is a package on PyPI as well
    from stack import Sigstore

    able, why = Sigstore(cache).available()
    with Sigstore(cache) as s:
        sign("--trust-config", s.trust_config, "--identity-token", s.token("dev@example.test"))

Needs no package. What it starts is described in `start`; what is in the tokens in servers/identities.mjs.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
USER = "dev@example.test"
READY_S = 60
END_S = 10
HTTP_S = 30
# What `available` looks for, and the script that makes it.
NEEDED = {"bin/.recipe": "build", "npm/installed": "install", "python/installed": "install"}
# Our name of a service, its field in a signing configuration, and the version that tells the two Rekors apart.
SERVICES = {
    "fulcio": ("caUrls", 1),
    "rekor": ("rekorTlogUrls", 1),
    "rekor2": ("rekorTlogUrls", 2),
    "tsa": ("tsaUrls", 1),
    "oidc": ("oidcUrls", 1),
}


class Sigstore:
    def __init__(self, cache: pathlib.Path, out: pathlib.Path | None = None) -> None:
        """`cache` is what `build` and `install` filled. `out` is kept; without it a temporary folder is used."""
        self.cache = pathlib.Path(cache).resolve()
        self._kept = out
        self._process: subprocess.Popen | None = None

    def available(self) -> tuple[bool, str]:
        """Whether the stack can be started, and if not, what is missing."""
        for place, script in NEEDED.items():
            if not (self.cache / place).exists():
                return False, f"{self.cache / place} is missing: run tests/services/sigstore/{script} {self.cache}"
        if shutil.which("openssl") is None:
            return False, "openssl is missing"
        return True, ""

    def start(self) -> "Sigstore":
        self.out = pathlib.Path(self._kept or tempfile.mkdtemp(prefix="local-sigstore-")).resolve()
        errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [HERE / "start", self.cache, "--out", self.out],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        ready, _, _ = select.select([self._process.stdout], [], [], READY_S)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            errors.seek(0)
            raise RuntimeError(f"the local Sigstore did not start within {READY_S} s:\n{errors.read()}")
        self.urls = json.loads(line)
        return self

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None
        if self._kept is None:
            shutil.rmtree(self.out, ignore_errors=True)

    def __enter__(self) -> "Sigstore":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def trusted_root(self) -> pathlib.Path:
        return self.out / "trusted_root.json"

    @property
    def trust_config(self) -> pathlib.Path:
        """Rekor v2 and v1, and a timestamp authority."""
        return self.out / "trust_config.json"

    @property
    def trust_config_v1(self) -> pathlib.Path:
        return self.out / "trust_config_v1.json"

    @property
    def trust_config_v2(self) -> pathlib.Path:
        return self.out / "trust_config_v2.json"

    @property
    def trust_config_no_tsa(self) -> pathlib.Path:
        """Rekor v1, and no timestamp authority at all."""
        return self.out / "trust_config_no_tsa.json"

    def trust_config_through(self, path: pathlib.Path, base: str = "trust_config.json", **urls: str) -> pathlib.Path:
        """Writes a trust configuration with other URLs to sign at; `urls` go by the names in SERVICES."""
        document = json.loads((self.out / base).read_text())
        for name, url in urls.items():
            field, version = SERVICES[name]
            found = [each for each in document["signingConfig"][field] if each["majorApiVersion"] == version]
            if not found:
                raise ValueError(f"{base} has no {name}")
            for each in found:
                each["url"] = url
        path.write_text(json.dumps(document))
        return path

    # Tokens. `claims` override those of the issuer; None takes one out. A negative lifetime gives an expired token.

    def token(
        self,
        user: str = USER,
        *,
        lifetime: int = 600,
        issuer: str = "email",
        audience: str = "sigstore",
        **claims: object,
    ) -> str:
        """A token of any issuer (`urls["issuers"]` has their names)."""
        form = {"username": user, "lifetime": lifetime, "audience": audience, "claims": json.dumps(claims)}
        return self._ask_for_token(issuer, form)

    def forged_token(self, how: str = "key", user: str = USER) -> str:
        """A token for the user that the e-mail issuer did not give out.

        - `key`: signed with RSA by another key, under the issuer's key id
        - `changed`: another user's token with the name exchanged
        - `none`: unsigned, and it says so
        - `hmac`: "signed" with what everybody knows, the issuer's public keys as they are published
        """
        if how == "key":
            return self._ask_for_token("email", {"username": user, "forged": "yes"})
        header, payload, signature = self.token("somebody.else@example.test").split(".")
        payload = _encode({**_decode(payload), **{name: user for name in ("sub", "email")}})
        if how == "changed":
            return f"{header}.{payload}.{signature}"
        if how == "none":
            return f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{payload}."
        if how == "hmac":
            signed = f"{_encode({**_decode(header), 'alg': 'HS256'})}.{payload}"
            keys = _http(f"{self.urls['issuers']['email']}/jwks")
            return f"{signed}.{_base64url(hmac.new(keys, signed.encode(), hashlib.sha256).digest())}"
        raise ValueError(how)

    def _ask_for_token(self, issuer: str, form: dict) -> str:
        form = {"grant_type": "password", "scope": "openid", **form}
        body = _http(f"{self.urls['issuers'][issuer]}/token", data=urllib.parse.urlencode(form).encode())
        return json.loads(body)["id_token"]

    # What a job finds in its environment, on each platform.

    def github_env(self, *, lifetime: int = 600, origin: str | None = None, **claims: object) -> dict[str, str]:
        """The Actions runner's. `origin` is that of a proxy before the endpoint."""
        endpoint = urllib.parse.urlsplit(self.urls["runner"]["url"])
        origin = origin or f"http://{endpoint.netloc}"
        wishes = urllib.parse.urlencode({"lifetime": lifetime, "claims": json.dumps(claims)})
        # As in the real URL, a query is there already, and the client adds the audience to it.
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{origin}{endpoint.path}?{endpoint.query}&{wishes}",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.urls["runner"]["token"],
        }

    def gitlab_env(self, *, lifetime: int = 600, **claims: object) -> dict[str, str]:
        token = self.token(issuer="gitlab", lifetime=lifetime, **claims)
        return {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": token}

    def buildkite_env(self, **claims: object) -> dict[str, str]:
        """`buildkite-agent` on the PATH prints the token."""
        return {
            "BUILDKITE": "true",
            "PATH": self._program("buildkite-agent", "oidc request-token", "buildkite", claims),
        }

    def circleci_env(self, **claims: object) -> dict[str, str]:
        """`circleci` on the PATH prints the token."""
        return {"CIRCLECI": "true", "PATH": self._program("circleci", "run oidc get", "circleci", claims)}

    def _program(self, name: str, words: str, issuer: str, claims: dict) -> str:
        folder = self.out / "programs"
        folder.mkdir(exist_ok=True)
        token = self.token(issuer=issuer, **claims)
        case = f'"{words} "*sigstore*) echo {token} ;;\n*) exit 2 ;;'
        (folder / name).write_text(f'#!/bin/sh\ncase "$*" in\n{case}\nesac\n')
        (folder / name).chmod(0o755)
        return f"{folder}{os.pathsep}{os.environ['PATH']}"

    def google_env(self, *, lifetime: int = 600, **claims: object) -> dict[str, str]:
        """The metadata server's host; from here on its tokens have these claims."""
        wishes = json.dumps({"lifetime": lifetime, "claims": claims}).encode()
        _http(f"http://{self.urls['metadata']}/wishes", data=wishes, method="PUT")
        return {"GCE_METADATA_HOST": self.urls["metadata"]}

    # A person at a browser.

    def browse(self, url: str, user: str = USER, **query: object) -> str:
        """Opens a login page and follows it to its end, as a browser does; returns what the page there says.

        Out of band that is the code. `query` is added to the page's address: `error="access_denied"` for a person who
        says no, `lifetime`, `claims`.
        """
        if "claims" in query:
            query["claims"] = json.dumps(query["claims"])
        more = urllib.parse.urlencode({"login_hint": user, **query})
        body = _http(f"{url}&{more}")
        return body.decode()

    def tuf(self, *words: object) -> None:
        """Changes the TUF repository: see tuf_repo.py."""
        python = self.cache / "python" / "bin" / "python"
        line = [python, HERE / "tuf_repo.py", self.out, *map(str, words)]
        subprocess.run(line, check=True, capture_output=True, text=True, timeout=HTTP_S)


def _http(url: str, **request: object) -> bytes:
    # A proxy of the machine has no business here.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, **request), timeout=HTTP_S) as response:
        return response.read()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encode(part: dict) -> str:
    return _base64url(json.dumps(part).encode())


def _decode(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims_of(token: str) -> dict:
    """What a token says, unchecked."""
    return _decode(token.split(".")[1])
