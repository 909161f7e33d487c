"""Fresh signatures of every kind, for the test that turns over each of their bytes (tests/integration/keyless)."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from record import Record
from scene import Scene, check
from stack import USER

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = "SECUREML_TEST_BUNDLES"
FILTER = "keyless::flips::fresh"


def run(record: Record, scene: Scene) -> None:
    folder = scene.place(older=False).folder
    kinds = {
        "v1-timestamp": scene.s.trust_config_v1,
        "v1": scene.s.trust_config_no_tsa,
        "v2-timestamp": scene.s.trust_config_v2,
    }
    for name, config in kinds.items():
        result = scene.sign(folder / f"{name}.sig", "--identity-token", scene.token(), config=config)
        check(record, f"a fresh signature: {name}", result, 0, "Signing succeeded")
        (folder / f"{name}.identity").write_text(json.dumps({"identity": USER, "provider": scene.issuer}))
    shutil.copyfile(scene.s.trusted_root, folder / "trusted_root.json")
    if not (ROOT / "tests" / "integration" / "keyless" / "flips.rs").exists():
        return record.skip("every byte of them", "tests/integration/keyless/flips.rs is not there")
    if shutil.which("cargo") is None:
        return record.skip("every byte of them", "cargo is not installed")
    line = ["cargo", "test", "--locked", "--test", "integration", FILTER, "--", "--nocapture"]
    if subprocess.run(["cargo", "nextest", "--version"], capture_output=True).returncode == 0:
        line = ["cargo", "nextest", "run", "--locked", "--test", "integration", "--no-capture", FILTER]
    # Cargo wants the machine's environment: its own home, proxies, compilers.
    result = subprocess.run(line, cwd=ROOT, env={**os.environ, FOLDER: str(folder)}, text=True, capture_output=True)
    text = result.stdout + result.stderr
    total = re.search(r"^all +\d+ .*$", text, re.M)
    record.check("no byte of them can be turned over", result.returncode == 0 and total is not None, text[-4000:])
    if total:
        print(f"    bytes, flips, not UTF-8, accepted: {total[0]}")
