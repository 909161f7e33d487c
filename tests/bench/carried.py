"""Fingerprints against what their hashes cost at least, packages against `cp` of the same tree and the time of hashing it."""

import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import time
import typing


class Cost(typing.NamedTuple):
    """Seconds of one run: on the clock, and of all cores together."""

    wall: float
    cpu: float


class Programs(typing.NamedTuple):
    """How one process is measured, and what is measured."""

    measure: typing.Callable[[list[str]], Cost]
    peak_mib: typing.Callable[[list[str]], str]
    secureml: str
    key: str
    public: str
    runs: int


def warm(*paths: pathlib.Path) -> None:
    """Has the page cache hold the files, which some kernels give back early, nothing else wait to be written, and as much
    memory at hand again: a virtual machine's is slow when it is used for the first time after a while."""
    os.sync()
    needed = sum(file.stat().st_size for path in paths for file in [path, *path.rglob("*")] if file.is_file())
    memory = mmap.mmap(-1, max(needed, 1 << 20), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
    memory.close()
    for path in paths:
        if path.exists():
            words = ["find", str(path), "-type", "f", "-exec", "cat", "{}", "+"]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def fingerprints(programs: Programs, name: str, model: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """The optimum is the sum of what each algorithm costs alone, shared by all cores, and no less than the slowest one.

    SHA-256 is always computed, so that the others are told by what they add to it.
    """
    out = folder / "fingerprint.json"

    def command(*words: str) -> list[str]:
        return [programs.secureml, "fingerprint", "create", *words, "-o", str(out), str(model)]

    cases = {
        "sha256": ["--algorithms", "sha256", "--no-merkle"],
        "sha512": ["--algorithms", "sha512", "--no-merkle"],
        "blake2b": ["--algorithms", "blake2b", "--no-merkle"],
        "merkle": ["--algorithms", "sha256"],
    }
    whole, optimum = [], []
    for _ in range(programs.runs):
        cpu = {}
        for case, words in cases.items():
            warm(model)
            cpu[case] = programs.measure(command(*words))[1]
        alone = [cpu["sha256"], *(cpu[case] - cpu["sha256"] for case in ("sha512", "blake2b", "merkle"))]
        warm(model)
        whole.append(programs.measure(command())[0])
        optimum.append(max(sum(alone) / (os.cpu_count() or 1), *alone))
    ratio = statistics.median(a / b for a, b in zip(whole, optimum))
    cells = [f"{statistics.median(whole):.2f}", f"{statistics.median(optimum):.2f}", f"**{ratio:.2f}**"]
    return [f"| fingerprint, {name} | {' | '.join([*cells, programs.peak_mib(command())])} |"]


def packages(programs: Programs, name: str, model: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """The baseline of `create` and `extract` is `cp -r` of the tree until it is on the disk, and then hashing it; that of
    `verify` is hashing it."""
    signature, package = folder / "packaged.sig", folder / "packaged.sml"
    extracted, copy = folder / "extracted", folder / "copied"
    ours = programs.secureml
    sign = [ours, "-q", "sign", "key", "--private-key", programs.key, "--signature", str(signature), str(model)]
    subprocess.run(sign, check=True)
    digest = [ours, "-q", "digest", str(model)]
    words = {
        "create": ["create", str(model), "--signature", str(signature), "-o", str(package), "--key", programs.key],
        "verify": ["verify", str(package), "--public-key", programs.public],
        "extract": ["extract", str(package), "-o", str(extracted), "--public-key", programs.public],
        "add-signature": ["add-signature", str(package), "--key", programs.key],
    }
    walls: dict[str, list[float]] = {case: [] for case in [*words, "copy", "hash"]}
    for _ in range(programs.runs):
        package.unlink(missing_ok=True)
        warm(model)
        start = time.perf_counter()
        subprocess.run(["cp", "-r", str(model), str(copy)], check=True)
        subprocess.run(["sync", "-f", str(copy)], check=True)
        walls["copy"].append(time.perf_counter() - start)
        shutil.rmtree(copy)
        warm(model)
        walls["hash"].append(programs.measure(digest)[0])
        for case, rest in words.items():
            warm(model, package)
            walls[case].append(programs.measure([ours, "-q", "package", *rest])[0])
            shutil.rmtree(extracted, ignore_errors=True)
    lines = []
    for case, rest in words.items():
        baseline = {"create": ["copy", "hash"], "extract": ["copy", "hash"], "verify": ["hash"]}.get(case)
        wall = statistics.median(walls[case])
        cells = [f"{wall:.2f}", "", ""]
        if baseline:
            times = [sum(run) for run in zip(*(walls[part] for part in baseline))]
            ratio = statistics.median(b / a for a, b in zip(walls[case], times))
            cells = [f"{wall:.2f}", f"{statistics.median(times):.2f}", f"**{ratio:.2f}x**"]
        if case == "create":
            package.unlink()
        peak = programs.peak_mib([ours, "-q", "package", *rest])
        shutil.rmtree(extracted, ignore_errors=True)
        lines.append(f"| package {case}, {name} | {' | '.join([*cells, peak])} |")
    package.unlink()
    return lines


FINGERPRINT_TABLE = ["| case | wall s | optimum s | wall / optimum | peak MiB |", "|---|---|---|---|---|"]
PACKAGE_TABLE = ["| case | wall s | baseline s | speed against it | peak MiB |", "|---|---|---|---|---|"]
