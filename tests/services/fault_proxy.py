#!/usr/bin/env python3
"""A small HTTP proxy before one service, which does what networks and overloaded services do: on a plan, and counted.

    with FaultProxy("http://127.0.0.1:3000") as proxy:
        proxy.plan("/api/v1/log/entries", "POST", times=2, kind="answer", status=503, headers={"Retry-After": "1"})
        ...                                        # the client is given proxy.url instead of the service's URL
        assert proxy.count("/api/v1/log/entries", "POST") == 3

A rule applies to the next `times` requests (None: to all) whose path, query included, starts with `path` and whose
method is `method` (None: any). The first rule that fits is used; a request that none fits is passed on. Kinds:

    pass      pass the request on (useful with `delay`)
    answer    answer with `status`, `headers` and `body`, and do not ask the service
    replace   pass on; in the answer's body put `new` for each `old`
    cut       pass on; announce the whole body, send `keep` bytes of it (None: half), and close
    close     close the connection without an answer
    endless   status 200 and a body without end: `body` over and over, with `pause` seconds in between

Every kind knows `delay` (seconds before the answer) and `after_upstream`: the service is asked first, its answer is
thrown away, and then the fault happens. So a log has the entry, and the client does not know.

As a program, with the plan over HTTP (the JSON of a rule to POST /__fault__/plan; GET /__fault__/requests; DELETE
/__fault__/plan forgets the rules and the requests):

    fault_proxy.py --upstream URL [--plan FILE]

FILE is a JSON list of rules. One line of JSON says where it listens.

Without an upstream it is a forward proxy, as HTTP_PROXY names one: paths are whole URLs then. Plain HTTP to loopback
addresses is passed on; anything else, a CONNECT for HTTPS too, is counted and gets a 502.
"""

import argparse
import dataclasses
import http.client
import json
import os
import pathlib
import signal
import sys
import threading
import typing
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KINDS = ("pass", "answer", "replace", "cut", "close", "endless")
CONTROL = "/__fault__/"
# Of one connection only; each side of the proxy has its own.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
UPSTREAM_TIMEOUT_S = 60


@dataclasses.dataclass
class Rule:
    path: str
    method: str | None = None
    times: int | None = 1
    kind: str = "answer"
    status: int = 500
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: str | bytes = b""
    delay: float = 0
    after_upstream: bool = False
    keep: int | None = None
    pause: float = 0
    old: str = ""
    new: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")
        if isinstance(self.body, str):
            self.body = self.body.encode()

    def fits(self, method: str, path: str) -> bool:
        return self.times != 0 and path.startswith(self.path) and self.method in (None, method)


@dataclasses.dataclass
class Request:
    """What a client asked, what was done with it (a kind), and which status the service gave, if it was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    done: str = "pass"
    upstream_status: int | None = None


class Answer(typing.NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class FaultProxy:
    def __init__(self, upstream: str | None = None) -> None:
        """`upstream` may have a path; it is part of `url` then, so that `url` stands for the service's whole URL."""
        self.upstream = upstream
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self.origin + (urllib.parse.urlsplit(upstream).path if upstream else "")

    def start(self) -> "FaultProxy":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FaultProxy":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def plan(self, path: str, method: str | None = None, **rule: typing.Any) -> Rule:
        """Adds a rule (see `Rule`); what is left of its `times` can be read from what is returned."""
        made = Rule(path, method, **rule)
        with self._lock:
            self._rules.append(made)
        return made

    def clear(self) -> None:
        """Forgets the rules and the requests."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def count(self, path: str = "", method: str | None = None) -> int:
        """How many requests came in, whatever was done with them."""
        with self._lock:
            return sum(each.path.startswith(path) and method in (None, each.method) for each in self.requests)

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """The same for each method and path, the query left out."""
        counts: dict[tuple[str, str], int] = {}
        with self._lock:
            for each in self.requests:
                key = (each.method, each.path.split("?")[0])
                counts[key] = counts.get(key, 0) + 1
        return counts

    def take(self, request: Request) -> Rule:
        """Counts a request and finds what to do with it."""
        with self._lock:
            self.requests.append(request)
            rule = next((each for each in self._rules if each.fits(request.method, request.path)), None)
            if rule is None:
                return Rule("/", kind="pass")
            if rule.times is not None:
                rule.times -= 1
            request.done = rule.kind
            return rule

    def ask(self, request: Request) -> Answer:
        """Passes a request on. What the service says comes back whole; a service that fails is a 502."""
        where = urllib.parse.urlsplit(self.upstream or request.path)
        path = request.path if self.upstream else where._replace(scheme="", netloc="").geturl() or "/"
        if where.scheme != "http" or where.hostname not in ("127.0.0.1", "localhost", "::1"):
            return Answer(502, [], b"only plain HTTP to the loopback is passed on\n")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
        connection = http.client.HTTPConnection(where.hostname, where.port or 80, timeout=UPSTREAM_TIMEOUT_S)
        try:
            connection.request(request.method, path, request.body or None, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(502, [], f"{error}\n".encode())
        finally:
            connection.close()
        request.upstream_status = answer.status
        return answer


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultProxy
    protocol_version = "HTTP/1.1"
    # Headers and body leave at once, each in its own write.
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def handle_any(self) -> None:
        body = self._read_body()
        if self.path.startswith(CONTROL):
            return self._control(body)
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        rule = self.proxy.take(request)
        passed_on = rule.after_upstream or rule.kind in ("pass", "replace", "cut")
        answer = self.proxy.ask(request) if passed_on else Answer(rule.status, [], b"")
        if rule.delay and self.proxy.stopping.wait(rule.delay):
            rule = Rule("/", kind="close")
        if rule.kind == "answer":
            answer = Answer(rule.status, list(rule.headers.items()), rule.body)
        elif rule.kind == "replace":
            answer = answer._replace(body=answer.body.replace(rule.old.encode(), rule.new.encode()))
        if rule.kind == "close":
            self.close_connection = True
        elif rule.kind == "endless":
            self._send_endless(rule)
        else:
            self._send(answer, rule)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_CONNECT = handle_any

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _send(self, answer: Answer, rule: Rule) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        body = b"" if bodiless else answer.body
        if rule.kind == "cut":
            body = body[: len(body) // 2 if rule.keep is None else rule.keep]
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def _send_endless(self, rule: Rule) -> None:
        self.close_connection = True
        self.send_response_only(200)
        for name, value in rule.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        # Without a pause the client's limit is what matters, so it is reached quickly.
        piece = rule.body if rule.pause else (rule.body or b" ") * 65536
        while not self.proxy.stopping.wait(rule.pause):
            self.wfile.write(piece or b" ")

    def _control(self, body: bytes) -> None:
        what = (self.command, self.path.removeprefix(CONTROL))
        status, said = 200, {}
        if what == ("POST", "plan"):
            try:
                self.proxy.plan(**json.loads(body))
            except (TypeError, ValueError) as error:
                status, said = 400, {"error": str(error)}
        elif what == ("DELETE", "plan"):
            self.proxy.clear()
        elif what == ("GET", "requests"):
            said = [
                {**dataclasses.asdict(each), "body": each.body.decode(errors="replace")} for each in self.proxy.requests
            ]
        else:
            status, said = 404, {"error": "no such control"}
        answer = Answer(status, [("Content-Type", "application/json")], json.dumps(said).encode())
        self._send(answer, Rule("/", kind="pass"))

    def log_message(self, *_: object) -> None:
        """Says nothing; what came in is in `requests`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream")
    parser.add_argument("--plan", type=pathlib.Path)
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with FaultProxy(args.upstream) as proxy:
        for rule in json.loads(args.plan.read_text()) if args.plan else []:
            proxy.plan(**rule)
        print(json.dumps({"url": proxy.url, "control": proxy.origin + CONTROL}), flush=True)
        # Ends with the process that started it.
        parent = os.getppid()
        while os.getppid() == parent and not proxy.stopping.wait(0.2):
            pass


if __name__ == "__main__":
    main()
