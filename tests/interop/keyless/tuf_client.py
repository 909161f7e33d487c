"""The program as a client of a TUF repository, with a cache of its own."""

import pathlib
import typing

from fault_proxy import FaultProxy
from record import Record
from scene import Scene

# What a refusal has to recommend where there is nothing on this machine to go by.
UPDATE = "run `secureml trust update`"


class Client:
    """The program with a cache of its own, before the repository with a proxy in between that counts."""

    def __init__(self, scene: Scene, proxy: FaultProxy, cache: pathlib.Path | None = None) -> None:
        self.scene, self.proxy = scene, proxy
        self.cache = cache or scene.place(older=False).folder / "cache"
        self.instance = ["--tuf-url", proxy.url, "--tuf-root", scene.s.out / "tuf-root.json"]

    def run(self, *words: object, **how):
        """A command, and from then on `self.asked` is how many requests it made."""
        before = self.proxy.count()
        env = {"SECUREML_CACHE": str(self.cache), **how.pop("env", {})}
        result = self.scene.run(*words, *self.instance, env=env, **how)
        self.asked = self.proxy.count() - before
        return result

    def update(self, **how):
        return self.run("trust", "update", **how)

    def show(self, **how):
        return self.run("trust", "show", **how)

    def verify(self, *words: object, **how):
        signature = self.scene.folder / "older.sig"
        who = ["--identity", "dev@example.test", "--identity-provider", self.scene.issuer]
        return self.run("verify", *who, "--signature", signature, *words, self.scene.model, **how)

    def files(self) -> list[pathlib.Path]:
        return sorted(path for path in self.cache.rglob("*") if path.is_file())


def counted(record: Record, scene: Scene, case: typing.Callable) -> None:
    with FaultProxy(scene.s.urls["tuf"]) as proxy:
        case(record, scene, Client(scene, proxy))
