"""Compares SecureML with the reference tool, both ways; tests/run installs what it needs and calls it.

Everything random comes from one seed, which is printed and can be given again with --seed.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import added
import commands
import differences
import models
import packages
import real_models
import releases
from record import Record
from schemas import Schemas
from secureml import SecureML


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--secureml", required=True, help="the program under test")
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="where older releases and models are kept")
    parser.add_argument("--models", type=int, default=200, help="how many random models")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    record, ours = Record(), SecureML(args.secureml)
    print(f"seed {args.seed}")
    shared = pathlib.Path(__file__).resolve().parents[3] / "shared"
    schemas = Schemas(record, shared / "schemas" / "oms")
    with tempfile.TemporaryDirectory(prefix="secureml-interop-") as name:
        folder = pathlib.Path(name)
        record.section("the same command lines through both programs")
        commands.run(record, ours, make(folder, "commands"))
        record.section("where the programs differ on purpose")
        differences.run(record, ours, make(folder, "differences"))
        record.section(f"{args.models} random models, both ways")
        models.run(record, ours, make(folder, "models"), schemas, count=args.models, seed=args.seed)
        record.section("packages")
        packages.run(record, ours, make(folder, "packages"))
        record.section("real models")
        real_models.run(record, ours, make(folder, "real"), args.cache)
        record.section("further signatures of one model")
        added.run(record, ours, make(folder, "added"), args.cache)
        record.section("every release of the reference tool")
        releases.run(record, ours, make(folder, "releases"), args.cache)
    print(f"{record.passed} passed, {record.failed} failed, {record.skipped} skipped")
    return 1 if record.failed else 0


def make(folder: pathlib.Path, name: str) -> pathlib.Path:
    (folder / name).mkdir()
    return folder / name


if __name__ == "__main__":
    sys.exit(main())
