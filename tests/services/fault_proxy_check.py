#!/usr/bin/env python3
"""Shows that the fault proxy does what it says, against a server of ten lines.

tests/services/fault_proxy_check.py
"""

import http.client
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

from fault_proxy import FaultProxy  # noqa: E402
from record import Record  # noqa: E402

BODY = b'{"entry": "the real one"}'


class Service(http.server.BaseHTTPRequestHandler):
    """Answers 201 with a body and what it was sent; counts."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, bytes]] = []

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, body))
        self.send_response(201)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("X-Seen", self.headers.get("X-Sent", ""))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else BODY)

    do_GET = do_POST = do_HEAD = handle_any

    def log_message(self, *_: object) -> None:
        pass


def ask(proxy: FaultProxy, method: str, path: str, body: object = None, **more: object):
    """Status, headers and body; or the name of what went wrong."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(proxy.origin).netloc, timeout=10)
    try:
        connection.request(method, path, body, {"X-Sent": "yes"}, **more)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def passes_on(record: Record, proxy: FaultProxy) -> None:
    status, headers, body = ask(proxy, "POST", "/a?b=c", b"sent")
    record.check("passed on", (status, body, headers["X-Seen"]) == (201, BODY, "yes"), (status, headers, body))
    record.check("whole", Service.asked[-1] == ("POST", "/a?b=c", b"sent"), Service.asked)
    ask(proxy, "POST", "/a", iter([b"in ", b"pieces"]), encode_chunked=True)
    record.check("a body in chunks too", Service.asked[-1] == ("POST", "/a", b"in pieces"), Service.asked)
    record.check("HEAD has no body", ask(proxy, "HEAD", "/a")[2] == b"")
    record.check("all are counted", proxy.counts == {("POST", "/a"): 2, ("HEAD", "/a"): 1}, proxy.counts)
    record.check("by path and method", (proxy.count("/a?b"), proxy.count("/a", "POST"), proxy.count()) == (1, 2, 3))


def answers(record: Record, proxy: FaultProxy) -> None:
    before = len(Service.asked)
    for status in (302, 400, 401, 403, 404, 409, 429, 500, 503):
        proxy.plan("/x", "POST", status=status, headers={"Retry-After": "7", "Location": "/y"}, body="no")
        found = ask(proxy, "POST", "/x")
        record.check(f"answers {status}", found[0] == status and found[2] == b"no", found)
        record.check(f"with headers ({status})", (found[1]["Retry-After"], found[1]["Location"]) == ("7", "/y"), found)
    record.check("the service was not asked", len(Service.asked) == before)
    rule = proxy.plan("/x", "POST", times=2, status=503)
    other = [ask(proxy, "GET", "/x")[0], ask(proxy, "POST", "/z")[0]]
    record.check("only the method and the path of the plan", (other, rule.times) == ([201, 201], 2), other)
    found = [ask(proxy, "POST", "/x/y")[0] for _ in range(3)]
    record.check("the next two only", found == [503, 503, 201], found)
    proxy.plan("/x", status=500)
    proxy.plan("/x", status=501)
    found = [ask(proxy, "GET", "/x")[0] for _ in range(3)]
    record.check("in the order of the plan", found == [500, 501, 201], found)


def breaks(record: Record, proxy: FaultProxy) -> None:
    proxy.plan("/x", kind="close")
    record.check("closes", ask(proxy, "GET", "/x") == "RemoteDisconnected")
    proxy.plan("/x", kind="cut")
    record.check("cuts the body", ask(proxy, "GET", "/x") == "IncompleteRead")
    proxy.plan("/x", kind="cut", keep=0)
    record.check("before its first byte too", ask(proxy, "GET", "/x") == "IncompleteRead")
    proxy.plan("/x", kind="replace", old="real", new="false")
    found = ask(proxy, "GET", "/x")
    record.check("replaces", found[:1] + found[2:] == (201, BODY.replace(b"real", b"false")), found)
    before = len(Service.asked)
    proxy.plan("/x", kind="answer", status=500, after_upstream=True)
    proxy.plan("/x", kind="close", after_upstream=True)
    found = [ask(proxy, "POST", "/x")[0], ask(proxy, "POST", "/x")]
    record.check("fails after the service took it", found == [500, "RemoteDisconnected"], found)
    record.check("which it did", len(Service.asked) == before + 2)
    done = [(each.done, each.upstream_status) for each in proxy.requests[-2:]]
    record.check("and that is known", done == [("answer", 201), ("close", 201)], done)


def takes_time(record: Record, proxy: FaultProxy) -> None:
    proxy.plan("/x", kind="pass", delay=0.3)
    begin = time.monotonic()
    found = ask(proxy, "GET", "/x")
    record.check("waits, and passes on", found[0] == 201 and time.monotonic() - begin >= 0.3, found)
    proxy.plan("/x", kind="endless", body="abc", times=2)
    place = urllib.parse.urlsplit(proxy.origin)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        size = 0
        while size < 5_000_000:
            size += len(connection.recv(65536))
    record.check("has no end", size >= 5_000_000)
    record.check("and others are served meanwhile", ask(proxy, "GET", "/y")[0] == 201)
    proxy.plan("/slow", kind="endless", body="a", pause=0.01)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"aaaaa"):
            received += connection.recv(10)
    record.check("drips", received.startswith(b"HTTP/1.1 200"), received)


def stops(record: Record) -> None:
    proxy = FaultProxy("http://127.0.0.1:1").start()
    record.check("a service that is not there is a 502", ask(proxy, "GET", "/")[0] == 502)
    proxy.plan("/", kind="pass", delay=600)
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(ask(proxy, "GET", "/")))
    waiting.start()
    while proxy.count() < 2:
        time.sleep(0.01)
    proxy.stop()
    waiting.join(10)
    record.check("a stop ends a wait", found == ["RemoteDisconnected"], found)


def forwards(record: Record, service: str) -> None:
    with FaultProxy() as proxy:
        found = ask(proxy, "GET", f"{service}/through?a=b")
        record.check("a forward proxy passes on", found[0] == 201 and Service.asked[-1][1] == "/through?a=b", found)
        record.check("and counts", proxy.count(service) == 1, proxy.counts)
        record.check("but not to the world", ask(proxy, "GET", "http://192.0.2.1/")[0] == 502)
        record.check("nor with TLS", ask(proxy, "CONNECT", "example.test:443")[0] == 502)
        record.check("which is counted", proxy.count("example.test:443", "CONNECT") == 1, proxy.counts)


def as_a_program(record: Record, service: str) -> None:
    line = [sys.executable, HERE / "fault_proxy.py", "--upstream", f"{service}/base"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    said = json.loads(process.stdout.readline())
    record.check("the URL has the service's path", urllib.parse.urlsplit(said["url"]).path == "/base", said)
    proxy = FaultProxy()
    proxy.origin = said["control"].removesuffix("/__fault__/")
    rule = {"path": "/base", "kind": "answer", "status": 418}
    record.check("a rule over HTTP", ask(proxy, "POST", "/__fault__/plan", json.dumps(rule))[0] == 200)
    record.check("is used", ask(proxy, "GET", "/base/x")[0] == 418)
    record.check(
        "a wrong one is refused", ask(proxy, "POST", "/__fault__/plan", '{"path": "/", "kind": "x"}')[0] == 400
    )
    requests = json.loads(ask(proxy, "GET", "/__fault__/requests")[2])
    record.check("requests over HTTP", [each["path"] for each in requests] == ["/base/x"], requests)
    ask(proxy, "DELETE", "/__fault__/plan")
    record.check("forgotten", ask(proxy, "GET", "/__fault__/requests")[2] == b"[]")
    process.send_signal(signal.SIGTERM)
    record.check("ends when told", process.wait(5) == 0)
    # A shell that starts it, waits until it is up, and is gone.
    with tempfile.NamedTemporaryFile() as said:
        shell = '"$@" >"$0" & echo $!; until [ -s "$0" ]; do sleep 0.05; done'
        process = subprocess.run(["sh", "-c", shell, said.name, *map(str, line)], capture_output=True, text=True)
    pid = pathlib.Path("/proc") / process.stdout.strip()
    record.check("is up on its own", process.returncode == 0, process.stderr)
    end = time.monotonic() + 5
    while (pid / "cmdline").exists() and time.monotonic() < end:
        time.sleep(0.05)
    record.check("ends with who started it", not (pid / "cmdline").exists())


def main() -> int:
    record = Record()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = f"http://127.0.0.1:{server.server_port}"
    for check in (passes_on, answers, breaks, takes_time):
        with FaultProxy(service) as proxy:
            check(record, proxy)
    stops(record)
    forwards(record, service)
    as_a_program(record, service)
    server.shutdown()
    print(f"{record.passed} passed, {record.failed} failed, {record.skipped} skipped")
    return 1 if record.failed else 0


if __name__ == "__main__":
    sys.exit(main())
