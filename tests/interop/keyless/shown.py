"""What commands show: `inspect`, JSON, and what is said where the transparency log is left out."""

import base64
import copy
import datetime
import functools
import json
import pathlib

from cross import MAIN
from record import Record
from scene import Scene, check
from stack import USER
from together import together

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "src" / "render" / "output.schema.json"
SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "oms" / "historical"
NOT_VERIFIED = "not verified: this is what the signature says of itself"
UNLOGGED = "warning: nobody looked for this signature in a transparency log"
# What the GitHub job claims, as the certificate has it.
CLAIMS = (
    "Issuer (V2) (1.3.6.1.4.1.57264.1.8): {issuer}",
    "Build Signer URI (1.3.6.1.4.1.57264.1.9): " + MAIN,
    "Runner Environment (1.3.6.1.4.1.57264.1.11): github-hosted",
    "Source Repository URI (1.3.6.1.4.1.57264.1.12): https://github.com/example-org/models",
    "Source Repository Digest (1.3.6.1.4.1.57264.1.13): " + "a" * 40,
    "Source Repository Ref (1.3.6.1.4.1.57264.1.14): refs/heads/main",
    "Build Config URI (1.3.6.1.4.1.57264.1.18): " + MAIN,
    "Build Trigger (1.3.6.1.4.1.57264.1.20): push",
    "Run Invocation URI (1.3.6.1.4.1.57264.1.21): https://github.com/example-org/models/actions/runs/9000000001/attempts/1",
)
CLOCK_TOLERANCE = datetime.timedelta(minutes=2)


def run(record: Record, scene: Scene) -> None:
    together(
        record,
        [
            ("inspect", functools.partial(inspect, scene=scene)),
            ("JSON", functools.partial(in_json, scene=scene)),
            ("without the log", functools.partial(without_log, scene=scene)),
            ("a published signature", functools.partial(published, scene=scene)),
        ],
    )


def inspect(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    scene.sign(place.signature, env=scene.s.github_env())
    issuer = scene.s.urls["issuers"]["github"]
    bundle = json.loads(place.signature.read_text())
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    log = base64.b64decode(entry["logId"]["keyId"]).hex()
    lines = [
        NOT_VERIFIED,
        f"signer       {MAIN}\n",
        f"issuer       {issuer}\n",
        f"log          {log}, entry {entry.get('logIndex', '0')} (hashedrekord 0.0.2)\n",
        "timestamp    20",
        "files        2\n",
        *(f"claim        {claim.format(issuer=issuer)}\n" for claim in CLAIMS),
    ]
    check(record, "inspect shows all that is claimed", scene.run("inspect", place.signature), 0, *lines)

    tampered = place.folder / "tampered.sig"
    for name, (where, change) in {
        "signature": (["dsseEnvelope", "signatures", 0, "sig"], other_byte),
        "payload": (["dsseEnvelope", "payload"], other_file_digest),
        "log index": (["verificationMaterial", "tlogEntries", 0, "logIndex"], lambda _: "77"),
    }.items():
        tampered.write_text(json.dumps(changed(bundle, where, change)))
        said = [NOT_VERIFIED, f"signer       {MAIN}\n", *(["entry 77 "] if name == "log index" else [])]
        check(record, f"a changed {name}: inspect shows it, unverified", scene.run("inspect", tampered), 0, *said)
        result = scene.verify(tampered, identity=MAIN, provider=issuer)
        check(record, f"a changed {name}: verify refuses it", result, 1, "is not accepted", "  help: ")
    tampered.write_bytes(place.signature.read_bytes()[:-100])
    check(record, "half a bundle cannot be shown", scene.run("inspect", tampered), 1, "cannot show", "tampered.sig")
    result = scene.run("inspect", place.folder / "absent.sig")
    check(record, "nor can what is not there", result, 3, "cannot show", "absent.sig")


def in_json(record: Record, scene: Scene) -> None:
    try:
        import jsonschema
    except ImportError:
        return record.skip("JSON against its schema", "the Python environment has no jsonschema")
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())

    def read(name: str, result, code: int, outcome: str) -> dict:
        record.check(
            f"{name}: exit {code}", result.returncode == code, (result.returncode, result.stdout, result.stderr)
        )
        document = json.loads(result.stdout)
        record.check(f"{name}: one line", result.stdout.count("\n") == 1, result.stdout)
        record.check(f"{name}: as the schema says", not list(validator.iter_errors(document)), document)
        record.check(f"{name}: {outcome}", document["outcome"] == outcome, document)
        return document

    place = scene.place(older=False)
    who = {"method": "sigstore", "subject": USER, "issuer": scene.issuer}
    for name, config, clocks in (
        ("v1 with timestamps", scene.s.trust_config_v1, 2),
        ("v1", scene.s.trust_config_no_tsa, 1),
        ("v2", scene.s.trust_config_v2, 1),
    ):
        result = scene.sign(place.signature, "--format", "json", "--identity-token", scene.token(), config=config)
        signed = read(f"sign, {name}", result, 0, "accepted")
        verified = read(f"verify, {name}", scene.verify(place.signature, "--format", "json"), 0, "accepted")
        for document in (signed, verified):
            record.check(f"{document['command']}, {name}: who", document.get("identity") == who, document)
            times = [
                datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) for time in document.get("signed_at", [])
            ]
            now = datetime.datetime.now(datetime.timezone.utc)
            soon = all(abs(now - time) < CLOCK_TOLERANCE for time in times)
            record.check(
                f"{document['command']}, {name}: when, by {clocks} clocks", soon and len(times) == clocks, times
            )
    shown = read("inspect", scene.run("inspect", place.signature, "--format", "json"), 0, "accepted")
    record.check("inspect: not verified", shown["inspection"]["verified"] is False, shown)
    record.check("inspect: no identity, no time", not {"identity", "signed_at"} & set(shown), shown)
    result = scene.verify(place.signature, "--format", "json", identity="else@example.test")
    refused = read("verify, somebody else", result, 1, "refused")
    record.check(
        "verify, somebody else: the rule",
        [each["rule"] for each in refused["findings"]] == ["signature-identity"],
        refused,
    )
    record.check("verify, somebody else: no identity", "identity" not in refused, refused)
    failed = read(
        "sign, forged token",
        scene.sign(place.signature, "--format", "json", "--identity-token", scene.keep_secret(scene.s.forged_token())),
        3,
        "undecided",
    )
    record.check("sign, forged token: why", "Fulcio at" in " ".join(failed["error"]["causes"]), failed)
    record.check("sign, forged token: what to do", "identity token" in failed["error"].get("help", ""), failed)


def without_log(record: Record, scene: Scene) -> None:
    place = scene.place(older=False)
    skip = "--insecure-skip-tlog"
    scene.sign(place.signature, "--identity-token", scene.token(), config=scene.s.trust_config_v1)
    bundle = json.loads(place.signature.read_text())
    result = scene.verify(place.signature, skip)
    check(
        record, "a whole signature without the log: loud", result, 0, UNLOGGED, "a stolen identity would go unnoticed"
    )
    bare = place.folder / "bare.sig"
    proof = ["verificationMaterial", "tlogEntries", 0, "inclusionProof", "rootHash"]
    bare.write_text(json.dumps(changed(bundle, proof, other_byte)))
    check(
        record,
        "an entry that does not hold is refused",
        scene.verify(bare),
        1,
        "the transparency log entry does not hold",
    )
    check(record, "and accepted with a warning where that is asked for", scene.verify(bare, skip), 0, UNLOGGED)
    result = scene.verify(bare, skip, "--format", "json")
    rules = [(each["rule"], each["severity"]) for each in json.loads(result.stdout)["findings"]]
    record.check("JSON says it too", rules == [("log-not-checked", "warning")], result.stdout)
    result = scene.verify(bare, skip, identity="else@example.test")
    check(record, "not for somebody else's identity", result, 1, "signed by somebody else")
    result = scene.verify(bare, skip, provider="https://accounts.example.test")
    check(record, "not by somebody else's word", result, 1, "signed by somebody else")
    result = scene.verify(bare, skip, model=scene.program)
    check(record, "not for another model", result, 1, "is not what was signed")
    bare.write_text(json.dumps(changed(bundle, ["dsseEnvelope", "signatures", 0, "sig"], other_byte)))
    check(record, "not with another signature", scene.verify(bare, skip), 1, "is not accepted")
    stamps = ["verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"]
    bare.write_text(json.dumps(changed(bundle, stamps, lambda _: [])))
    said = "nobody trusted says when the model was signed"
    check(record, "not without a time: that of the log does not count then", scene.verify(bare, skip), 1, said)
    check(record, "while with the log it does", scene.verify(bare), 0, "Verification succeeded")
    bare.write_text(json.dumps(changed(bundle, ["verificationMaterial", "tlogEntries"], lambda _: [])))
    check(
        record, "a signature that is in no log is refused", scene.verify(bare), 1, "transparency log entr", "  help: "
    )
    check(record, "and accepted, loudly, by those who do not look", scene.verify(bare, skip), 0, UNLOGGED)
    result = scene.verify(bare, skip, config=False, identity=None, provider="")
    check(record, "and never without saying who must have signed", result, 2, "--identity-provider")


def published(record: Record, scene: Scene) -> None:
    signature = SHARED / "v1.0.1-sigstore" / "model.sig"
    if not signature.exists():
        return record.skip("a published signature", f"{signature} is not there")
    entry = json.loads(signature.read_text())["verificationMaterial"]["tlogEntries"][0]
    lines = [
        NOT_VERIFIED,
        "signer       stefanb@us.ibm.com\n",
        "issuer       https://sigstore.verify.ibm.com/oauth2\n",
        f"https://rekor.sigstore.dev, entry {entry['logIndex']} (dsse 0.0.1) at 20",
        f"log page     https://search.sigstore.dev/?logIndex={entry['logIndex']}\n",
    ]
    check(record, "inspect names the public log, and the page of the entry", scene.run("inspect", signature), 0, *lines)


def changed(bundle: dict, where: list, change) -> dict:
    """A copy of a bundle with one value changed."""
    made = copy.deepcopy(bundle)
    value = made
    for key in where[:-1]:
        value = value[key]
    value[where[-1]] = change(value[where[-1]])
    return made


def other_byte(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


def other_file_digest(text: str) -> str:
    payload = json.loads(base64.b64decode(text))
    payload["predicate"]["resources"][0]["digest"] = "0" * 64
    return base64.b64encode(json.dumps(payload).encode()).decode()
