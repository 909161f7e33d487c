"""The program under test, as a process."""

import pathlib
import subprocess


class SecureML:
    def __init__(self, path: str) -> None:
        self.path = str(pathlib.Path(path).resolve())

    def run(self, *words, cwd: pathlib.Path | None = None) -> subprocess.CompletedProcess:
        return subprocess.run([self.path, *map(str, words)], capture_output=True, text=True, cwd=cwd, timeout=120)

    def sign(self, model: pathlib.Path, signature: pathlib.Path, signer: dict, *more) -> subprocess.CompletedProcess:
        words = ["--private-key", signer["key"], "--signature", signature, *more, model]
        if "certificate" in signer:
            chain = ["--signing-certificate", signer["certificate"], "--certificate-chain", signer["chain"]]
            return self.run("sign", "certificate", *chain, *words)
        return self.run("sign", "key", *words)

    def verify(self, model: pathlib.Path, signature: pathlib.Path, signer: dict, *more) -> subprocess.CompletedProcess:
        if "certificate" in signer:
            trust = ["certificate", "--certificate-chain", signer["chain"]]
        else:
            trust = ["key", "--public-key", signer["public"]]
        return self.run("verify", *trust, "--signature", signature, *more, model)
