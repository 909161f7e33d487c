"""The commands of the README, as they stand there: one signs in a job-like environment, another verifies."""

import os
import pathlib
import re
import subprocess

from record import Record
from scene import Scene, new_folder

ROOT = pathlib.Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
BEGIN = "$ tests/services/sigstore/with bash\n"


def run(record: Record, scene: Scene) -> None:
    block = next(
        block for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.S) if block.startswith(BEGIN)
    )
    commands, printed = read(block.removeprefix(BEGIN))
    record.check(
        "one command signs, another verifies", [each.split()[1] for each in commands] == ["sign", "verify"], commands
    )
    folder = new_folder(scene.folder / "readme")
    (folder / "secureml").symlink_to(scene.program)
    new_folder(folder / "my-model")
    (folder / "my-model" / "weights.bin").write_bytes(b"weights")
    result = subprocess.run(
        [ROOT / "tests" / "services" / "sigstore" / "with", "bash", "-e"],
        input="".join(f"{each}\n" for each in commands),
        cwd=folder,
        env={
            **scene.environment(),
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            # Where `build` and `install` look for what they made.
            "HOME": os.environ.get("HOME", str(scene.home)),
            "SECUREML_TEST_CACHE": str(scene.s.cache.parent),
        },
        text=True,
        capture_output=True,
        timeout=600,
    )
    scene.look_for_secrets(result.stdout + result.stderr, ("the README",))
    record.check("both succeed", result.returncode == 0, result.stdout + result.stderr)
    for line in printed:
        pattern = ".*".join(re.escape(part) for part in line.split("\u2026"))
        found = re.search(f"^{pattern}$", result.stdout + result.stderr, re.M)
        record.check(f"prints: {line}", found is not None, result.stdout + result.stderr)


def read(block: str) -> tuple[list[str], list[str]]:
    """The commands, each on one line, and what they print."""
    lines = block.replace("\\\n", " ").splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return commands, [line for line in lines if not line.startswith("$ ")]
