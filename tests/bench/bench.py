"""Runs secureml and the reference tool in turn over the same models, and prints what the system says of each process.

Ratios are taken pair by pair (A B A B ...), so that they hold while the machine's speed drifts.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import carried

CHUNK = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--secureml", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--file-mib", type=int, default=4096)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--many", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--part", choices=["all", "programs", "carried"], default="all")
    parser.add_argument("--out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secureml-bench-") as folder:
        lines = bench(args, pathlib.Path(folder))
    print("\n".join(lines))
    if args.out:
        pathlib.Path(args.out).write_text("\n".join(lines) + "\n")


def bench(args: argparse.Namespace, folder: pathlib.Path) -> list[str]:
    models = make_models(args, folder)
    key, public = folder / "key.pem", folder / "key.pub.pem"
    openssl = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]
    subprocess.run([*openssl, str(key)], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public)], check=True)
    signature = str(folder / "model.sig")

    def sign(program: str, model: pathlib.Path, *more: str) -> list[str]:
        return [program, "sign", "key", "--private_key", str(key), "--signature", signature, *more, str(model)]

    def verify(program: str, model: pathlib.Path) -> list[str]:
        return [program, "verify", "key", "--public_key", str(public), "--signature", signature, str(model)]

    ours, theirs = args.secureml, args.reference
    lines = header(args)
    if args.part == "carried":
        return [lines[0], *beyond(args, models, folder)]
    for name, model in models.items():
        lines.append(row(f"sign, {name}", sign(ours, model), sign(theirs, model), args.runs))
        lines.append(row(f"verify, {name}", verify(ours, model), verify(theirs, model), args.runs))
    lines += keyless(args)
    lines += ["", "One large file against one core of the same program (`taskset -c 0`):", ""]
    lines += TABLE
    large = list(models.values())[-2]
    for name, more in [("sha256", []), ("blake3", ["--hash", "blake3"]), ("shards", ["--method", "shards"])]:
        command = sign(ours, large, *more)
        lines.append(row(f"sign, {name}", command, ["taskset", "-c", "0", *command], args.runs))
    return lines + (beyond(args, models, folder) if args.part == "all" else [])


def beyond(args: argparse.Namespace, models: dict[str, pathlib.Path], folder: pathlib.Path) -> list[str]:
    """Fingerprints and packages."""
    paths = [str(folder / name) for name in ("key.pem", "key.pub.pem")]
    programs = carried.Programs(measure, peak_mib, args.secureml, *paths, args.runs)
    names = list(models)
    large, many = (names[2], models[names[2]]), (names[1], models[names[1]])
    lines = ["", *carried.FINGERPRINT_TABLE, *carried.fingerprints(programs, *large, folder)]
    lines += ["", *carried.PACKAGE_TABLE]
    for name, model in (large, many):
        lines += carried.packages(programs, name, model, folder)
    return lines


def keyless(args: argparse.Namespace) -> list[str]:
    """A published keyless signature over two tiny files, without a network: both programs take the trust root from a
    file, and ours the one inside it as well."""
    oms = pathlib.Path(__file__).resolve().parents[3] / "shared" / "oms"
    model = oms / "historical" / "v1.0.0-sigstore"
    if not model.is_dir():
        print(f"skipped: keyless verification ({oms} is absent)", file=sys.stderr)
        return []
    signer = ["--identity", "stefanb@us.ibm.com", "--identity_provider", "https://sigstore.verify.ibm.com/oauth2"]
    words = ["verify", "sigstore", *signer, "--signature", str(model / "model.sig")]
    config = ["--trust_config", str(oms / "clienttrustconfig.prod.json")]
    theirs = [args.reference, *words, *config, str(model)]
    return [
        row("verify keyless, root in a file", [args.secureml, *words, *config, str(model)], theirs, args.runs),
        row("verify keyless, --offline", [args.secureml, *words, "--offline", str(model)], theirs, args.runs),
    ]


def make_models(args: argparse.Namespace, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    tiny, many, large, medium = (folder / name for name in ("tiny", "many", "large", "medium"))
    for model in (tiny, many, large, medium):
        model.mkdir()
    (tiny / "model.bin").write_bytes(os.urandom(1024))
    for number in range(args.many):
        place = many / f"{number // 100:03}"
        place.mkdir(exist_ok=True)
        (place / f"{number:06}.bin").write_bytes(os.urandom(10_000))
    fill(large / "model.bin", args.file_mib)
    for number in range(args.files):
        fill(medium / f"part-{number:03}.bin", args.file_mib // args.files)
    return {
        "1 file of 1 KiB": tiny,
        f"{args.many} files of 10 kB": many,
        f"1 file of {args.file_mib} MiB": large,
        f"{args.files} files of {args.file_mib // args.files} MiB": medium,
    }


def fill(path: pathlib.Path, mebibytes: int) -> None:
    block = os.urandom(64 * CHUNK)
    with path.open("wb") as file:
        for start in range(0, mebibytes, 64):
            file.write(block[: min(64, mebibytes - start) * CHUNK])


def header(args: argparse.Namespace) -> list[str]:
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    version = subprocess.run([args.secureml, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    reference = subprocess.run([args.reference, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    machine = f"{os.cpu_count()} cores, {cpu}; {version}; {reference}; medians of {args.runs} pairs"
    return [machine, "", *TABLE]


TABLE = [
    "| case | wall s: ours | other | ratio | CPU s: ours | other | peak MiB: ours | other |",
    "|---|---|---|---|---|---|---|---|",
]


def row(name: str, ours: list[str], theirs: list[str], runs: int) -> str:
    peaks = [peak_mib(ours), peak_mib(theirs)]
    pairs = [(measure(ours), measure(theirs)) for _ in range(runs)]
    mine, other = ([pair[side] for pair in pairs] for side in (0, 1))
    ratio = statistics.median(b[0] / a[0] for a, b in pairs)
    wall, cpu = (lambda side, at=at: statistics.median(run[at] for run in side) for at in range(2))
    cells = [f"{wall(mine):.3f}", f"{wall(other):.3f}", f"**{ratio:.2f}x**", f"{cpu(mine):.3f}", f"{cpu(other):.3f}"]
    return f"| {name} | {' | '.join([*cells, *peaks])} |"


def measure(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process; `wait4` reports the process itself and no other."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}: {process.stderr.read().decode()}")
    process.stderr.close()
    return wall, usage.ru_utime + usage.ru_stime


def peak_mib(command: list[str]) -> str:
    """Peak memory by GNU time, in a run that is not timed: a child of this process would start with this one's peak."""
    if not os.access(GNU_TIME, os.X_OK):
        return "-"
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([GNU_TIME, "-f", "%M", "-o", out.name, *command], check=True, capture_output=True)
        return f"{int(out.read()) / 1024:.1f}"


GNU_TIME = "/usr/bin/time"


if __name__ == "__main__":
    main()
