"""The program before the local Sigstore, and what must hold of each of its runs, whatever the run is about."""

import base64
import itertools
import pathlib
import re
import shutil
import subprocess
import threading

from clients import PREDICATE, Tools
from record import Record
from stack import USER, Sigstore

TIMEOUT_S = 120
# What every JSON web token begins with: a JSON object in base64.
TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{20,}")
# The same with all its parts, as it would stand in a file; bundles hold base64 that begins alike.
WHOLE_TOKEN = re.compile(rb"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*")


class Scene:
    """Program, counterparts, services, a model. Nothing of the machine's environment reaches the program."""

    def __init__(self, s: Sigstore, program: pathlib.Path, reference: pathlib.Path, folder: pathlib.Path) -> None:
        self.s, self.program, self.folder = s, str(program.resolve()), folder
        self.home = new_folder(folder / "home")
        self.tools = Tools(s, reference, new_folder(folder / "tools"))
        self.model = self.tools.model
        self.issuer = s.urls["issuers"]["email"]
        self.runs = 0
        self.leaks: list[str] = []
        self._secrets = {s.urls["runner"]["token"]}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        made = self.sign(folder / "older.sig", "--identity-token", self.token())
        if made.returncode:
            raise RuntimeError(f"there is no first signature: {made.stderr}")
        self.older = (folder / "older.sig").read_bytes()

    # Secrets.

    def token(self, user: str = USER, **wishes: object) -> str:
        """A token of the stack that no run may show."""
        return self.keep_secret(self.s.token(user, **wishes))

    def keep_secret(self, secret: str) -> str:
        """From here on no run may show it, nor a part of it that is long enough to be of use."""
        with self._lock:
            self._secrets.update(part for part in [secret, *secret.split(".")] if len(part) > 16)
        return secret

    def look_for_secrets(self, text: str, words: tuple[object, ...]) -> None:
        shown = [found for found in TOKEN.findall(text) if is_text(found)]
        shown += [secret for secret in list(self._secrets) if secret in text]
        with self._lock:
            self.runs += 1
            if shown:
                line = " ".join(word if len(word) < 100 else "\u2026" for word in map(str, words))
                at = text.index(shown[0])
                self.leaks.append(f"{line}: {text[max(0, at - 200) : at + 16]}\u2026")

    def files_with_secrets(self, *spared: pathlib.Path) -> list[str]:
        """Files below this scene's folder that hold a token; `spared` are those that a test itself put one into."""
        found = []
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(each) for each in spared):
                data = path.read_bytes()
                if WHOLE_TOKEN.search(data) or any(secret.encode() in data for secret in self._secrets):
                    found.append(str(path))
        return found

    # Runs.

    def environment(self, **more: str | None) -> dict[str, str]:
        """What a run finds; None takes a variable out."""
        environment = {**self.tools.environment(), "HOME": str(self.home), **more}
        return {name: value for name, value in environment.items() if value is not None}

    def run(
        self,
        *words: object,
        env: dict[str, str | None] | None = None,
        cwd: pathlib.Path | None = None,
        before: tuple[object, ...] = (),
    ) -> subprocess.CompletedProcess:
        """`before` are the words of a program that starts ours."""
        line = [str(word) for word in (*before, self.program, *words)]
        result = subprocess.run(
            line,
            cwd=cwd or self.folder,
            env=self.environment(**(env or {})),
            text=True,
            capture_output=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
        self.look_for_secrets(result.stdout + result.stderr, words)
        return result

    def sign(self, signature: object, *words: object, config: object = None, model: object = None, **how):
        """`config` is a trust configuration; `False` leaves it out."""
        config = self.s.trust_config if config is None else config
        instance = ["--trust-config", config] if config else []
        return self.run("sign", *instance, "--signature", signature, *words, model or self.model, **how)

    def verify(
        self,
        signature: object,
        *words: object,
        identity: str | None = USER,
        provider: str | None = None,
        config: object = None,
        model: object = None,
        **how,
    ):
        config = self.s.trusted_root if config is None else config
        instance = ["--trust-config", config] if config else []
        who = ["--identity", identity] if identity else []
        who += ["--identity-provider", provider or self.issuer] if provider != "" else []
        return self.run("verify", *instance, *who, "--signature", signature, *words, model or self.model, **how)

    def cosign(self, signature: object, identity: str, provider: str) -> subprocess.CompletedProcess:
        more = ["--check-claims=false", "--type", PREDICATE]
        return self.tools.cosign_verifies("verify-blob-attestation", str(signature), identity, provider, *more)

    # Places.

    def place(self, older: bool = True) -> "Place":
        return Place(new_folder(self.folder / f"place-{next(self._numbers)}"), self.older if older else None)


class Place:
    """A folder for one signature, with an older one there already or with nothing."""

    def __init__(self, folder: pathlib.Path, older: bytes | None) -> None:
        self.folder, self.signature, self.older = folder, folder / "model.sig", older
        if older is not None:
            self.signature.write_bytes(older)

    def config(self, s: Sigstore, base: str = "trust_config.json", **urls: str) -> pathlib.Path:
        """A trust configuration with other URLs; it stands beside the folder, which is to stay as it was."""
        return s.trust_config_through(self.folder.with_suffix(".json"), base, **urls)

    def is_untouched(self) -> bool:
        """Whether the older signature is what it was, and nothing lies beside it."""
        found = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        return found == ({} if self.older is None else {self.signature.name: self.older})


def is_text(encoded: str) -> bool:
    """Whether it is a text in base64: random characters that begin like a token are none."""
    return base64.urlsafe_b64decode(encoded[: len(encoded) // 4 * 4]).isascii()


def new_folder(path: pathlib.Path) -> pathlib.Path:
    path.mkdir(parents=True)
    return path


def check(record: Record, name: str, result: subprocess.CompletedProcess, code: int, *words: str) -> None:
    """The exit code, and the words that matter, wherever the program says them."""
    text = result.stdout + result.stderr
    missing = [word for word in words if word not in text]
    record.check(
        name, result.returncode == code and not missing, f"exit {result.returncode}, without {missing}: {text}"
    )


def check_undecided(record: Record, name: str, place: Place, result: subprocess.CompletedProcess, *words: str) -> None:
    """A signing that came to nothing: exit 3, a reason, a next step, and no trace."""
    check(record, name, result, 3, "error: ", "  help: ", *words)
    record.check(f"{name}: and success is not spoken of", result.stdout == "", result.stdout)
    listing = [str(path) for path in place.folder.iterdir()]
    record.check(f"{name}: and nothing is written", place.is_untouched(), listing)


def faketime() -> bool:
    """Whether the clock can be set for a run."""
    return shutil.which("faketime") is not None


def at(when: str) -> tuple[str, ...]:
    """The words that start a program at another time, such as `+1h` or a date."""
    return ("faketime", "-f", when) if when[0] in "+-" else ("faketime", when)
