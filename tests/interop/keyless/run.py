#!/usr/bin/env python3
"""Signs and verifies with identities, before a Sigstore of real servers on this machine.

    tests/interop/keyless/run.py --secureml PROGRAM --cache CACHE [--reference VENV]

CACHE/sigstore is what tests/services/sigstore/build and install filled. VENV is a Python environment with the reference
tool and jsonschema, by default CACHE/reference; it runs this. Where the services cannot be started this says so and
skips, or fails in CI, where everything can be installed.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = HERE.parents[1] / "services"
# The folder of the stack stands before its parent: `sigstore` is also a package that the reference tool needs.
sys.path[:0] = [str(each) for each in (HERE.parent, SERVICES, SERVICES / "sigstore", SERVICES / "sigstore" / "checks")]

import carried  # noqa: E402
import claims  # noqa: E402
import cross  # noqa: E402
import demo  # noqa: E402
import faults  # noqa: E402
import flips  # noqa: E402
import lies  # noqa: E402
import logged  # noqa: E402
import login  # noqa: E402
import secrets_kept  # noqa: E402
import shown  # noqa: E402
import surroundings  # noqa: E402
import tokens  # noqa: E402
import trust  # noqa: E402
import trust_attacks  # noqa: E402
import trust_cache  # noqa: E402
from record import Record  # noqa: E402
from scene import Scene  # noqa: E402
from stack import Sigstore  # noqa: E402
from together import guarded  # noqa: E402

SECTIONS = [
    ("who signs, who verifies", cross),
    ("who must have signed", claims),
    ("fingerprints and packages", carried),
    ("what is shown", shown),
    ("tokens", tokens),
    ("secrets", secrets_kept),
    ("a service that fails", faults),
    ("a service that lies", lies),
    ("one signature, one log entry", logged),
    ("clocks and networks", surroundings),
    ("the trust root", trust),
    ("caches of the trust root", trust_cache),
    ("attacks on the trust root", trust_attacks),
    ("logins", login),
    ("every byte of a fresh signature", flips),
    ("the README", demo),
]


def main() -> int:
    args = arguments()
    record = Record()
    able, why = Sigstore(args.cache / "sigstore").available()
    if able and not (args.reference / "bin" / "model_signing").exists():
        able, why = False, f"{args.reference} has no model_signing"
    if able and not args.reference.samefile(sys.prefix):
        # For the packages that are there.
        interpreter = args.reference / "bin" / "python"
        os.execv(interpreter, [str(interpreter), *sys.argv])
    if not able:
        record.skip("keyless signing", why)
    else:
        guarded(record, "all of it", lambda each: perform(each, args))
    print(f"{record.passed} passed, {record.failed} failed, {record.skipped} skipped")
    return 1 if record.failed or (not able and "CI" in os.environ) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secureml", type=pathlib.Path, required=True, help="the program under test")
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--reference", type=pathlib.Path)
    parser.add_argument("--only", action="append", help="a section by its module's name; may be repeated")
    args = parser.parse_args()
    args.reference = (args.reference or args.cache / "reference").absolute()
    return args


def perform(record: Record, args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="secureml-keyless-") as name, Sigstore(args.cache / "sigstore") as s:
        scene = Scene(s, args.secureml, args.reference, pathlib.Path(name).resolve())
        slow = threading.Thread(
            target=guarded, args=(record, "a very busy service", lambda each: faults.very_busy(each, scene))
        )
        if not args.only or "faults" in args.only:
            slow.start()
        for title, module in SECTIONS:
            if args.only and module.__name__ not in args.only:
                continue
            begin = time.monotonic()
            record.section(title)
            guarded(record, title, lambda record, run=module.run: run(record, scene))
            if module is faults:
                slow.join()
            print(f"    {time.monotonic() - begin:.1f} s")
        record.check(f"no secret in what {scene.runs} runs said", not scene.leaks, "\n".join(scene.leaks))
        found = scene.files_with_secrets(*secrets_kept.OWN_FILES)
        record.check("nor in a file that they wrote", not found, found)


if __name__ == "__main__":
    sys.exit(main())
