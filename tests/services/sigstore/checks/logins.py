"""Logins by a person: the authorisation-code flow, at a browser and out of band."""

import base64
import hashlib
import http.server
import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from clients import Tools, succeeded
from record import Record
from stack import USER, Sigstore, claims_of

BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


def run(record: Record, s: Sigstore, tools: Tools) -> None:
    issuer = s.urls["issuers"]["email"]
    browser = tools.folder / "browser.py"
    browser.write_text(BROWSER)
    environment = {"BROWSER": f"{tools.reference / 'bin' / 'python'} {browser} %s"}
    succeeded(
        record,
        "model_signing signs after a login at a browser",
        tools.reference_signs("login.sig", s.trust_config, env=environment),
        tools.reference_verifies("login.sig", s.trust_config, USER, issuer),
    )
    out_of_band(record, s, tools)
    strict(record, s)


def out_of_band(record: Record, s: Sigstore, tools: Tools) -> None:
    line = ["sign", "sigstore", "--trust_config", s.trust_config, "--oauth_force_oob", "--signature", "oob.sig"]
    process = subprocess.Popen(
        [str(word) for word in (tools.reference / "bin" / "model_signing", *line, tools.model)],
        cwd=tools.folder,
        text=True,
        env=tools.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    lines = (re.search(r"http://\S+/authorize\S+", line) for line in process.stderr)
    url = next(found.group() for found in lines if found)
    output, errors = process.communicate(s.browse(url, "oob@example.test"), timeout=60)
    record.check("model_signing signs after a login out of band", process.returncode == 0, output + errors)
    succeeded(
        record,
        "as the person who logged in",
        tools.reference_verifies("oob.sig", s.trust_config, "oob@example.test", s.urls["issuers"]["email"]),
    )


def strict(record: Record, s: Sigstore) -> None:
    """What a client could get wrong is not let through, so that a test notices."""
    issuer = s.urls["issuers"]["email"]
    found = json.loads(fetch(f"{issuer}/.well-known/openid-configuration"))
    known = (found["authorization_endpoint"], found["token_endpoint"]) == (f"{issuer}/authorize", f"{issuer}/token")
    record.check("the discovery document names the endpoints", known, found)
    with Callback() as callback:
        good = redeem(s, callback, {})
        record.check("a code gives a token", good[0] == 200, good)
        if good[0] == 200:
            claims = claims_of(good[1]["id_token"])
            facts = [claims[name] for name in ("email", "aud", "nonce")]
            record.check("with user, client and nonce", facts == ["a@example.test", "sigstore", "n-1"], claims)
        for name, change in {
            "without its verifier": {"code_verifier": None},
            "with another verifier": {"code_verifier": "y" * 43},
            "for another client": {"client_id": "another"},
            "for another address": {"redirect_uri": "http://localhost:1/"},
            "that was never given": {"code": "another"},
        }.items():
            record.check(f"no token for a code {name}", redeem(s, callback, change)[0] == 400, change)
        twice = redeem(s, callback, {})[2]
        record.check("no token for a code that was used", token(s, twice)[0] == 400)
        short = redeem(s, callback, {}, lifetime=-60)[1]
        record.check("a login can give an expired token", claims_of(short["id_token"])["exp"] < time.time())
        answer = login(s, callback, error="access_denied")
        record.check("a person can say no", answer["error"] == ["access_denied"] and "code" not in answer, answer)
        answer = login(s, callback, challenge=None)
        record.check("a login without PKCE is refused", answer["error"] == ["invalid_request"], answer)
    try:
        fetch(f"{issuer}/authorize?" + urllib.parse.urlencode(request("http://evil.example.test/")))
        code = 200
    except urllib.error.HTTPError as error:
        code = error.code
    record.check("a login is not sent to another host", code == 400, code)


class Callback:
    """What a client listens on for the end of the login."""

    def __enter__(self) -> "Callback":
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"done\n")

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


VERIFIER = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def request(back: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "response_type": "code",
        "client_id": "sigstore",
        "scope": "openid email",
        "redirect_uri": back,
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def login(s: Sigstore, callback: Callback, challenge: object = True, **query: object) -> dict[str, list[str]]:
    asked = request(callback.url)
    if not challenge:
        asked.pop("code_challenge")
    url = f"{s.urls['issuers']['email']}/authorize?{urllib.parse.urlencode(asked)}"
    page = s.browse(url, "a@example.test", **query)
    assert page == "done\n" and callback.query["state"] == ["s-1"], (page, callback.query)
    return callback.query


def redeem(s: Sigstore, callback: Callback, change: dict, **query: object) -> tuple[int, dict, dict]:
    form = {
        "grant_type": "authorization_code",
        "code": login(s, callback, **query)["code"][0],
        "redirect_uri": callback.url,
        "client_id": "sigstore",
        "code_verifier": VERIFIER,
        **change,
    }
    form = {name: value for name, value in form.items() if value is not None}
    return *token(s, form), form


def token(s: Sigstore, form: dict) -> tuple[int, dict]:
    try:
        return 200, json.loads(fetch(f"{s.urls['issuers']['email']}/token", urllib.parse.urlencode(form).encode()))
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def fetch(url: str, data: bytes | None = None) -> bytes:
    with urllib.request.urlopen(url, data, timeout=30) as response:
        return response.read()
