"""Logins by a person: at a browser, and with a code to type in, at a terminal that is not there."""

import base64
import fcntl
import functools
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import termios
import time
import urllib.parse

from fault_proxy import FaultProxy
from record import Record
from scene import TIMEOUT_S, Place, Scene, check, check_undecided, new_folder
from stack import USER
from together import together

# What plays the browser: it opens the page after `change`, and says on a file what it saw.
BROWSER = """#!{python}
import sys, urllib.error, urllib.parse, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
def open(url):
    try:
        return opener.open(url, timeout=30).read().decode()
    except urllib.error.HTTPError as error:
        return f"{{error.code}} {{error.read().decode()}}"
url = sys.argv[1]
{change}
with __builtins__.open({seen!r}, "a") as file:
    print(open(url), file=file)
"""
STRAY = """
query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
back = query["redirect_uri"][0]
with __builtins__.open({seen!r}, "a") as file:
    for stray in ("?code=evil&state=guessed", "?code=evil", "/../favicon.ico", "?error=x&state=guessed"):
        print(open(back + stray), file=file)
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PROMPT = "Code shown by the page after the login: "


def run(record: Record, scene: Scene) -> None:
    cases = {
        "browser": at_a_browser,
        "refusal": refusal,
        "strays": strays,
        "code": with_a_code,
        "no browser": no_browser,
        "wrong code": wrong_code,
        "client": as_another_client,
        "provider": provider_fails,
        "nobody": nobody,
    }
    together(record, [(name, functools.partial(case, scene=scene)) for name, case in cases.items()])


class Terminal:
    """The program at a pseudo-terminal of its own, which is its controlling one."""

    def __init__(self, scene: Scene, *words: object, env: dict[str, str | None]) -> None:
        self.scene, self.words, self.text = scene, words, ""
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [scene.program, *map(str, words)],
            cwd=scene.folder,
            env=scene.environment(**env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def until(self, pattern: str) -> str:
        """Reads until the pattern is there; gives its last match."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            found = re.findall(pattern, self.text)
            if found:
                return found[-1]
            if not self._read(end):
                break
        raise RuntimeError(f"{pattern} is not in {self.text!r}")

    def type(self, text: str) -> None:
        os.write(self.master, text.encode() + b"\n")

    def finish(self) -> subprocess.CompletedProcess:
        end = time.monotonic() + TIMEOUT_S
        while self._read(end):
            pass
        code = self.process.wait(TIMEOUT_S)
        os.close(self.master)
        self.scene.look_for_secrets(self.text, self.words)
        # Both streams are one at a terminal.
        return subprocess.CompletedProcess(self.words, code, "", COLOUR.sub("", self.text.replace("\r\n", "\n")))

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        if not ready:
            self.process.kill()
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            # The other side is closed.
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


def sign(
    scene: Scene, place: Place, *words: object, browser: str | None = "", config: object = None, **env: str | None
) -> Terminal:
    """`browser` is what the browser does before it opens the page; None for a machine without one."""
    folder = new_folder(place.folder.with_suffix(".programs"))
    path = str(folder)
    if browser is not None:
        program = folder / "xdg-open"
        seen = str(folder / "seen")
        program.write_text(
            BROWSER.format(python=sys.executable, change=browser.replace("{seen!r}", repr(seen)), seen=seen)
        )
        program.chmod(0o755)
        path += os.pathsep + scene.environment()["PATH"]
    line = [
        "sign",
        "--trust-config",
        config or scene.s.trust_config,
        "--signature",
        place.signature,
        *words,
        scene.model,
    ]
    return Terminal(scene, *line, env={"PATH": path, "TERM": "dumb", **env})


def seen(place: Place) -> str:
    return (place.folder.with_suffix(".programs") / "seen").read_text()


def at_a_browser(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    result = sign(scene, place).finish()
    said = (
        f"signed by {USER} (according to {scene.issuer})",
        "Signing succeeded",
        f"If no browser opens, visit: {scene.issuer}/authorize?",
    )
    check(record, "a login at a browser", result, 0, *said)
    check(record, "signs well", scene.verify(place.signature), 0, "Verification succeeded")
    record.check("and thanks for the visit", "You can close this page" in seen(place), seen(place))
    page = urllib.parse.parse_qs(re.search(r"/authorize\?(\S+)", result.stderr)[1])
    asked = {name: page[name] for name in ("response_type", "client_id", "scope", "code_challenge_method")}
    wanted = {
        "response_type": ["code"],
        "client_id": ["sigstore"],
        "scope": ["openid email"],
        "code_challenge_method": ["S256"],
    }
    record.check("asking for what it needs", asked == wanted, page)
    unguessable = [len(page[name][0]) >= 43 for name in ("state", "nonce", "code_challenge")]
    record.check("with what nobody can guess", all(unguessable), page)
    record.check(
        "and comes back to this machine",
        re.match(r"http://(localhost|127\.0\.0\.1):\d+/", page["redirect_uri"][0]) is not None,
        page,
    )
    place = scene.place(older=False)
    other = 'url += "&login_hint=other@example.test"'
    check(
        record, "whoever logs in signs", sign(scene, place, browser=other).finish(), 0, "signed by other@example.test"
    )


def refusal(record: Record, scene: Scene) -> None:
    place = scene.place()
    result = sign(scene, place, browser='url += "&error=access_denied"').finish()
    said = ("the login was not completed", "access_denied", "try again, or log in elsewhere", "--oauth-force-oob")
    check_undecided(record, "a person who says no", place, result, *said)
    place = scene.place()
    result = sign(scene, place, browser='url += "&lifetime=-60"').finish()
    check_undecided(
        record, "a login that gives an expired token", place, result, "the identity token expired on", "get a new token"
    )
    place = scene.place()
    result = sign(scene, place, browser='url += \'&claims={"nonce":"another"}\'').finish()
    check_undecided(record, "a token of another login", place, result, "the token is not for this login")


def strays(record: Record, scene: Scene) -> None:
    """Whoever guesses the port is not listened to."""
    place = scene.place(older=False)
    result = sign(scene, place, browser=STRAY).finish()
    check(record, "a login among strays", result, 0, f"signed by {USER}", "Signing succeeded")
    lines = seen(place).splitlines()
    record.check(
        "which are sent away", [line[:3] for line in lines[:4]] == ["404"] * 4 and "close this page" in lines[-1], lines
    )


def with_a_code(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    terminal = sign(scene, place, "--oauth-force-oob")
    url = terminal.until(r"Visit: (http://\S+/authorize\?\S+)\r")
    terminal.until(PROMPT)
    code = scene.s.browse(url, "oob@example.test").strip()
    terminal.type(code)
    result = terminal.finish()
    check(record, "a login with a code", result, 0, "signed by oob@example.test", "Signing succeeded")
    record.check("which is not shown", code not in result.stderr, result.stderr)
    record.check("and opens no browser", not (place.folder.with_suffix(".programs") / "seen").exists())
    result = scene.verify(place.signature, identity="oob@example.test")
    check(record, "signs well", result, 0, "Verification succeeded")


def no_browser(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    terminal = sign(scene, place, browser=None)
    terminal.until(PROMPT)
    pages = re.findall(r"isit: (http://\S+)\r", terminal.text)
    record.check("without a browser one page is named", len(pages) == 1, terminal.text)
    terminal.type(scene.s.browse(pages[-1]).strip())
    check(record, "without a browser there is a code", terminal.finish(), 0, f"signed by {USER}", "Signing succeeded")


def wrong_code(record: Record, scene: Scene) -> None:
    with FaultProxy(scene.issuer) as proxy:
        for name, code in (("a wrong code", "another"), ("no code", ""), ("an interrupt", "\x03")):
            place = scene.place()
            proxy.clear()
            through_proxy(scene, proxy)
            terminal = sign(scene, place, "--oauth-force-oob", config=place.config(scene.s, oidc=proxy.url))
            terminal.until(PROMPT)
            terminal.type(code)
            result = terminal.finish()
            interrupted = code == "\x03"
            said = ["the login was not completed"] if interrupted else ["the identity provider at ", "answered 400"]
            check_undecided(record, f"{name} typed in", place, result, *said)
            sent = proxy.count("/token", "POST")
            record.check(f"{name}: sent once at most", sent == (0 if interrupted else 1), proxy.counts)


def through_proxy(scene: Scene, proxy: FaultProxy) -> None:
    """Makes the provider describe itself with the proxy's addresses; in its tokens it keeps its own name."""
    proxy.plan("/.well-known/", times=None, kind="replace", old=scene.issuer, new=proxy.url)


def as_another_client(record: Record, scene: Scene) -> None:
    secret = scene.keep_secret("a-secret-that-nobody-may-see")
    with FaultProxy(scene.issuer) as proxy:
        through_proxy(scene, proxy)
        place = scene.place(older=False)
        config = place.config(scene.s, oidc=proxy.url)
        check(record, "a client without a secret", sign(scene, place, config=config).finish(), 0, "Signing succeeded")
        request = token_request(proxy)
        record.check("sends none", "authorization" not in {name.lower() for name in request.headers}, request.headers)
        form = urllib.parse.parse_qs(request.body.decode())
        record.check(
            "but its name and the proof key", form["client_id"] == ["sigstore"] and "code_verifier" in form, form
        )

        proxy.requests.clear()
        place = scene.place(older=False)
        result = sign(scene, place, "--client-secret", secret, config=config).finish()
        check(record, "--client-secret", result, 0, "Signing succeeded")
        given = token_request(proxy).headers.get("authorization", token_request(proxy).headers.get("Authorization", ""))
        wanted = "Basic " + base64.b64encode(f"sigstore:{secret}".encode()).decode()
        record.check("--client-secret reaches the token endpoint", given == wanted, given)

        proxy.requests.clear()
        place = scene.place()
        words = ["--client-id", "another", "--client-secret", secret]
        result = sign(scene, place, *words, config=config).finish()
        form = urllib.parse.parse_qs(token_request(proxy).body.decode())
        record.check("--client-id reaches the token endpoint", form["client_id"] == ["another"], form)
        said = ("Fulcio at", "answered 400", "--client-id")
        check_undecided(record, "a client that Fulcio does not know", place, result, *said)


def token_request(proxy: FaultProxy):
    return next(each for each in proxy.requests if (each.method, each.path) == ("POST", "/token"))


def provider_fails(record: Record, scene: Scene) -> None:
    for name, path, rule, attempts, said in (
        ("has no description", "/.well-known/", {"kind": "answer", "status": 404}, 1, "answered 404"),
        ("is broken", "/.well-known/", {"kind": "answer", "status": 500}, 4, "answered 500"),
        ("describes nothing", "/.well-known/", {"kind": "answer", "status": 200, "body": "{}"}, 1, "unusable"),
        ("gives no token", "/token", {"kind": "answer", "status": 200, "body": "{}"}, 1, "it holds no identity token"),
        ("is cut", "/token", {"kind": "cut", "after_upstream": True}, 1, "incomplete"),
        (
            "names a page without TLS",
            "/.well-known/",
            {"kind": "replace", "old": scene.issuer, "new": "http://login.example.test"},
            1,
            "is not usable",
        ),
    ):
        with FaultProxy(scene.issuer) as proxy:
            proxy.plan(path, times=None, **rule)
            through_proxy(scene, proxy)
            place = scene.place()
            result = sign(scene, place, config=place.config(scene.s, oidc=proxy.url)).finish()
            asked = proxy.count(path)
        check_undecided(record, f"a provider that {name}", place, result, "the identity provider", said)
        record.check(f"a provider that {name}: asked {attempts} times", asked == attempts, asked)


def nobody(record: Record, scene: Scene) -> None:
    """In CI nobody logs in, terminal or not."""
    place = scene.place()
    result = sign(scene, place, CI="true").finish()
    check_undecided(record, "no login in CI", place, result, "there is no identity to sign with", "GitHub Actions")
    check_undecided(record, "nor without a terminal", place, scene.sign(place.signature), "there is no identity")
    result = sign(scene, scene.place(), "--use-ambient-credentials").finish()
    check(record, "nor where the environment has to say who it is", result, 3, "there is no identity to sign with")
    config = place.config(scene.s)
    text = config.read_text().replace('"oidcUrls"', '"otherUrls"')
    pathlib.Path(config).write_text(text)
    place = scene.place()
    result = sign(scene, place, config=config).finish()
    check_undecided(
        record, "nor at an instance without a provider", place, result, "names no identity provider", "--identity-token"
    )
