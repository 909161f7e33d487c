"""model_signing, sigstore-python and cosign: each signs, another verifies."""

import json
import os
import pathlib
import subprocess

from record import Record
from stack import USER, Sigstore

PREDICATE = "https://model_signing/signature/v1.0"
TIMEOUT_S = 120
# Of the machine, what a program needs to run. Nothing that says where a job runs.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class Tools:
    """The clients, with a home and a model of their own."""

    def __init__(self, s: Sigstore, reference: pathlib.Path, folder: pathlib.Path) -> None:
        self.s, self.reference, self.folder = s, reference, folder
        self.model = folder / "model"
        self.model.mkdir()
        (self.model / "weights.bin").write_bytes(os.urandom(100_000))
        (self.model / "config.json").write_text('{"layers": 1}\n')
        self.file = folder / "file.txt"
        self.file.write_text("hello\n")

    def environment(self, **more: str) -> dict[str, str]:
        return {**{name: os.environ[name] for name in KEPT if name in os.environ}, "HOME": str(self.folder), **more}

    def run(self, *words: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env=self.environment(**(env or {})),
            text=True,
            capture_output=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )

    def reference_signs(self, signature: str, config: pathlib.Path, *words: object, env: dict[str, str] | None = None):
        line = ["sign", "sigstore", "--trust_config", config, "--signature", signature, *words, self.model]
        return self.run(self.reference / "bin" / "model_signing", *line, env=env)

    def reference_verifies(self, signature: str, config: pathlib.Path, identity: str, issuer: str):
        line = ["verify", "sigstore", "--trust_config", config, "--identity", identity, "--identity_provider", issuer]
        return self.run(self.reference / "bin" / "model_signing", *line, "--signature", signature, self.model)

    def sigstore(self, *words: object):
        return self.run(self.reference / "bin" / "sigstore", *words)

    def cosign(self, *words: object):
        return self.run(self.s.cache / "bin" / "cosign", *words)

    def cosign_verifies(self, command: str, bundle: str, identity: str, issuer: str, *words: object):
        who = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
        return self.cosign(command, "--bundle", bundle, "--trusted-root", self.s.trusted_root, *who, *words)


def succeeded(record: Record, name: str, *results: subprocess.CompletedProcess) -> None:
    failed = [each for each in results if each.returncode != 0]
    detail = "".join(f"{each.args}\n{each.stdout}{each.stderr}" for each in failed)
    record.check(name, not failed, detail[-3000:])


def timestamps(bundle: pathlib.Path) -> int:
    data = json.loads(bundle.read_text())["verificationMaterial"].get("timestampVerificationData", {})
    return len(data.get("rfc3161Timestamps", []))


def run(record: Record, s: Sigstore, tools: Tools) -> None:
    issuer = s.urls["issuers"]["email"]
    for name, config in (("", s.trust_config), ("_v1", s.trust_config_v1), ("_v2", s.trust_config_v2)):
        succeeded(
            record,
            f"model_signing signs and verifies, cosign verifies ({config.name})",
            tools.reference_signs(f"model{name}.sig", config, "--identity_token", s.token()),
            tools.reference_verifies(f"model{name}.sig", config, USER, issuer),
            tools.cosign_verifies(
                "verify-blob-attestation", f"model{name}.sig", USER, issuer, "--check-claims=false", "--type", PREDICATE
            ),
        )
        bundle = f"file{name}.bundle"
        succeeded(
            record,
            f"sigstore-python signs and verifies a file, cosign verifies ({config.name})",
            tools.sigstore(
                "--trust-config", config, "sign", "--identity-token", s.token(), "--bundle", bundle, tools.file
            ),
            tools.sigstore(
                "--trust-config",
                config,
                "verify",
                "identity",
                "--bundle",
                bundle,
                "--cert-identity",
                USER,
                "--cert-oidc-issuer",
                issuer,
                tools.file,
            ),
            tools.cosign_verifies("verify-blob", bundle, USER, issuer, tools.file),
        )
    without = s.trust_config_no_tsa
    succeeded(
        record,
        "model_signing signs and verifies without a timestamp authority",
        tools.reference_signs("model_no_tsa.sig", without, "--identity_token", s.token()),
        tools.reference_verifies("model_no_tsa.sig", without, USER, issuer),
    )
    record.check("and there is no timestamp in it", timestamps(tools.folder / "model_no_tsa.sig") == 0)
    record.check("as there is with one", timestamps(tools.folder / "model_v1.sig") == 1)

    config = ["--signing-config", s.out / "signing_config.json", "--trusted-root", s.trusted_root]
    succeeded(
        record,
        "cosign signs a file, sigstore-python verifies it",
        tools.cosign("sign-blob", "--yes", *config, "--identity-token", s.token(), "--bundle", "c.bundle", tools.file),
        tools.sigstore(
            "--trust-config",
            s.trust_config,
            "verify",
            "identity",
            "--bundle",
            "c.bundle",
            "--cert-identity",
            USER,
            "--cert-oidc-issuer",
            issuer,
            tools.file,
        ),
    )
    result = tools.reference_verifies("model.sig", s.trust_config, "somebody.else@example.test", issuer)
    record.check("another identity is refused", result.returncode != 0, result.stdout)
    (tools.model / "extra").write_text("1")
    result = tools.reference_verifies("model.sig", s.trust_config, USER, issuer)
    record.check("a changed model is refused", result.returncode != 0 and "extra" in result.stderr, result.stderr)
    (tools.model / "extra").unlink()
