"""What lies around the program: a wrong clock, no network, proxies, TLS."""

import functools
import http.server
import ssl
import subprocess
import threading

from fault_proxy import FaultProxy
from record import Record
from scene import Scene, at, check, check_undecided, faketime, new_folder
from together import together

CLOCK = "this machine's clock"
# A port that nothing listens on; the kernel gives out none below 1024.
NOBODY = "http://127.0.0.1:9"


def run(record: Record, scene: Scene) -> None:
    cases = [
        ("no network", functools.partial(no_network, scene=scene)),
        ("proxies", functools.partial(proxies, scene=scene)),
        ("a proxy for the public instance", functools.partial(public_proxy, scene=scene)),
        ("TLS", functools.partial(tls, scene=scene)),
        ("addresses", functools.partial(addresses, scene=scene)),
    ]
    if faketime():
        cases += [("clocks", functools.partial(clocks, scene=scene))]
    else:
        record.skip("a clock that is wrong", "faketime is not installed")
    together(record, cases)


def clocks(record: Record, scene: Scene) -> None:
    """What is signed has the services' times, not ours. A log's time that has not come yet is not believed."""
    for config, told_by_log in (
        (scene.s.trust_config_v1, True),
        (scene.s.trust_config_no_tsa, True),
        (scene.s.trust_config_v2, False),
    ):
        name = config.stem
        place = scene.place()
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config, before=at("+1h"))
        check_undecided(record, f"an hour fast ({name})", place, result, "the identity token expired on 20", CLOCK)
        long = ["--identity-token", scene.token(lifetime=7200)]
        result = scene.sign(place.signature, *long, config=config, before=at("+1h"))
        check(record, f"an hour fast, a token that is good still ({name})", result, 0, "Signing succeeded")
        check(record, f"which signs well ({name})", scene.verify(place.signature), 0, "Verification succeeded")
        place = scene.place()
        result = scene.sign(place.signature, "--identity-token", scene.token(), config=config, before=at("-1h"))
        right = scene.folder / f"{name}.sig"
        made = scene.sign(right, "--identity-token", scene.token(), config=config)
        check(record, f"by a clock that is right ({name})", made, 0, "Signing succeeded")
        slow = scene.verify(right, before=at("-1h"))
        if told_by_log:
            check_undecided(record, f"an hour slow ({name})", place, result, "is in the future", CLOCK)
            check(record, f"verified by a clock that is slow ({name})", slow, 1, "is in the future", CLOCK)
        else:
            check(record, f"an hour slow ({name})", result, 0, "Signing succeeded")
            check(record, f"which signs well too ({name})", scene.verify(place.signature), 0, "Verification succeeded")
            check(record, f"verified by a clock that is slow ({name})", slow, 0, "Verification succeeded")
        for when in ("+1h", "+3y"):
            result = scene.verify(right, before=at(when))
            check(record, f"verified at {when} ({name})", result, 0, "Verification succeeded")


def no_network(record: Record, scene: Scene) -> None:
    place = scene.place()
    instance = ["--tuf-url", NOBODY, "--tuf-root", scene.s.out / "tuf-root.json"]
    result = scene.sign(place.signature, "--identity-token", scene.token(), *instance, config=False)
    said = (f"cannot reach the TUF repository at {NOBODY}/timestamp.json (tried 4x)", "check the network")
    check_undecided(record, "no network, signing", place, result, *said)
    place = scene.place()
    result = scene.verify(place.signature, *instance, config=False)
    check(record, "no network, verifying without a trust root", result, 3, *said, "--offline", "--trust-config FILE")
    result = scene.verify(place.signature)
    check(record, "no network is needed with a trust root in a file", result, 0, "Verification succeeded")


def proxies(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    with FaultProxy() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            proxy.clear()
            env = {variable: proxy.url, **scene.s.github_env()}
            result = scene.sign(place.signature, env=env)
            check(record, f"{variable}: signs", result, 0, "Signing succeeded")
            record.check(f"{variable}: no secret for this machine leaves it", proxy.count() == 0, proxy.counts)


def public_proxy(record: Record, scene: Scene) -> None:
    """Nothing leaves this machine: the proxy says no."""
    with FaultProxy() as proxy:
        result = scene.run("trust", "update", env={"HTTPS_PROXY": proxy.url})
        said = (
            "cannot reach the TUF repository at https://tuf-repo-cdn.sigstore.dev/timestamp.json",
            "check the network",
        )
        check(record, "HTTPS_PROXY that lets nothing pass", result, 3, *said)
        asked = proxy.counts
        wanted = {("CONNECT", "tuf-repo-cdn.sigstore.dev:443"): 4}
        record.check("HTTPS_PROXY is asked for the public instance, a bounded number of times", asked == wanted, asked)


def addresses(record: Record, scene: Scene) -> None:
    """A token goes over HTTPS, or nowhere but this machine."""
    for option, url in (
        ("--fulcio-url", "http://fulcio.example.test"),
        ("--fulcio-url", "http://127.0.0.1.example.test"),
        ("--fulcio-url", "http://127.0.0.1@example.test"),
        ("--rekor-url", "http://rekor.example.test"),
        ("--tsa-url", "ftp://tsa.example.test"),
        ("--fulcio-url", "fulcio"),
    ):
        place = scene.place()
        result = scene.sign(place.signature, "--identity-token", scene.token(), option, url)
        check_undecided(record, f"{option} {url}", place, result, "is not usable", "give the URL with https://")
    place = scene.place()
    env = {**scene.s.github_env(), "ACTIONS_ID_TOKEN_REQUEST_URL": "http://runner.example.test/?x=1"}
    check_undecided(
        record, "a runner's endpoint without TLS", place, scene.sign(place.signature, env=env), "is not usable"
    )
    # By hand, for tests, as the options say.
    place = scene.place(older=False)
    urls = ["--fulcio-url", scene.s.urls["fulcio"], "--rekor-url", scene.s.urls["rekor"], "--rekor-version", "1"]
    result = scene.sign(place.signature, "--identity-token", scene.token(), *urls, "--tsa-url", scene.s.urls["tsa"])
    check(record, "services by their URLs", result, 0, "Signing succeeded")
    check(record, "make a good signature", scene.verify(place.signature), 0, "Verification succeeded")
    result = scene.sign(place.signature, "--identity-token", scene.token(), *urls, config=scene.s.trusted_root)
    check(record, "with a bare trust root beside them", result, 0, "Signing succeeded")
    result = scene.sign(place.signature, "--identity-token", scene.token(), config=scene.s.trusted_root)
    check(record, "a bare trust root alone", result, 3, "it is not known which services sign", "--fulcio-url")


def tls(record: Record, scene: Scene) -> None:
    """The TUF repository behind TLS, with a certificate of a CA that the machine knows or does not."""
    folder = new_folder(scene.place(older=False).folder / "tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca", *ca)
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "server.cnf").write_text("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
    issued = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "server.cnf"]
    openssl("x509", "-req", "-in", "server.csr", *issued, "-out", "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=scene.s.out / "tuf"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.server_address[1]}"
    root = scene.s.out / "tuf-root.json"
    cases = [
        ("a CA that the machine knows", {"SSL_CERT_FILE": str(folder / "ca.pem")}, 0, "trust root: "),
        ("a CA that nobody knows", {}, 3, "UnknownIssuer"),
        ("no CAs at all: those built in", {"SSL_CERT_FILE": "/absent", "SSL_CERT_DIR": "/absent"}, 3, "UnknownIssuer"),
    ]
    for name, env, code, said in cases:
        env["SECUREML_CACHE"] = str(folder / "cache")
        result = scene.run("trust", "update", "--tuf-url", url, "--tuf-root", root, env=env)
        check(record, f"TLS, {name}", result, code, said)
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
