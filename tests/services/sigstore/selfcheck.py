#!/usr/bin/env python3
"""Proves that the local Sigstore is one: with clients that are not ours.

    tests/services/sigstore/selfcheck.py --cache CACHE --reference VENV

CACHE is what `build` and `install` filled. VENV is a Python environment with model-signing 1.1.1 (which brings
sigstore-python) and pyopenssl. Signs and verifies with model_signing, sigstore-python and cosign, asks Fulcio with
tokens that it must refuse, plays the person at the browser, puts the TUF repository into every state, and looks whether
anything listens beyond the loopback or stays when it should be gone.
"""

import argparse
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "checks"), str(HERE.parent), str(HERE.parents[1] / "interop")]

import clients  # noqa: E402
import identities  # noqa: E402
import logins  # noqa: E402
import logs  # noqa: E402
import processes  # noqa: E402
import repository  # noqa: E402
from record import Record  # noqa: E402
from stack import Sigstore  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--reference", type=pathlib.Path, required=True)
    args = parser.parse_args()
    record = Record()
    able, why = Sigstore(args.cache).available()
    if not able:
        sys.exit(f"selfcheck: {why}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as name, Sigstore(args.cache) as s:
        print(f"ready after {time.monotonic() - begin:.1f} s")
        tools = clients.Tools(s, args.reference.resolve(), pathlib.Path(name))
        record.section("what listens")
        processes.listens_on_loopback_only(record, s)
        record.section("clients that are not ours")
        clients.run(record, s, tools)
        record.section("identities")
        identities.run(record, s, tools)
        record.section("logins")
        logins.run(record, s, tools)
        record.section("logs, through the proxy")
        logs.run(record, s, tools)
        record.section("the TUF repository")
        repository.run(record, s, tools)
    record.section("beginning and end")
    processes.run(record, args.cache)
    print(f"{record.passed} passed, {record.failed} failed, {record.skipped} skipped")
    return 1 if record.failed else 0


if __name__ == "__main__":
    sys.exit(main())
