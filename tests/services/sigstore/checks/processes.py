"""What the stack opens, and that it is gone when it should be."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from record import Record
from stack import HERE, Sigstore

PROC = pathlib.Path("/proc")
LISTENING = "0A"
GONE_S = 5
# Starts the stack and says which process it is, then waits to be killed.
STARTER = """
import sys
sys.path.insert(0, sys.argv[1])
from stack import Sigstore
s = Sigstore(sys.argv[2], sys.argv[3]).start()
print(s.pid, flush=True)
sys.stdin.read()
"""


def listens_on_loopback_only(record: Record, s: Sigstore) -> None:
    sockets = {name for pid in family(s.pid) for name in open_sockets(pid)}
    addresses = [address for address, inode in listening() if f"socket:[{inode}]" in sockets]
    record.check("all services listen", len(addresses) > 15, addresses)
    # 127.0.0.1 as the kernel writes it.
    outside = [address for address in addresses if not address.startswith("0100007F:")]
    record.check(f"all {len(addresses)} sockets are on 127.0.0.1", not outside, outside)


def run(record: Record, cache: pathlib.Path) -> None:
    with Sigstore(cache) as one, Sigstore(cache) as two:
        record.check("two stacks run side by side", not set(flat(one.urls)) & set(flat(two.urls)), (one.urls, two.urls))
        members = family(one.pid) + family(two.pid)
    record.check("nothing is left after SIGTERM", len(members) == 14 and gone(members), alive(members))

    s = Sigstore(cache).start()
    members = family(s.pid)
    os.kill(s.pid, signal.SIGINT)
    record.check("nothing is left after SIGINT", gone(members), alive(members))
    s.stop()

    s = Sigstore(cache).start()
    members = family(s.pid)
    os.kill(s.pid, signal.SIGKILL)
    record.check("nothing is left after SIGKILL of the stack itself", gone(members), alive(members))
    s.stop()

    # Nobody is left to remove the folder, so it is one that goes with us.
    with tempfile.TemporaryDirectory() as folder:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, HERE, cache, f"{folder}/out"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        members = family(int(starter.stdout.readline()))
        starter.kill()
        starter.wait()
        record.check("nothing is left after SIGKILL of who started it", gone(members), alive(members))

    s = Sigstore(cache).start()
    members = family(s.pid)
    os.kill(next(pid for pid in members if "trillian-mem" in command(pid)), signal.SIGKILL)
    record.check("the stack ends when one of its programs does", gone(members), alive(members))
    s.stop()


def flat(urls: object) -> list[str]:
    if isinstance(urls, dict):
        return [each for value in urls.values() for each in flat(value)]
    return [str(urls)]


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def alive(pids: list[int]) -> list[str]:
    """The command lines of those that still run; what has ended and was not waited for has none."""
    return [command(pid) for pid in pids if command(pid)]


def gone(pids: list[int]) -> bool:
    end = time.monotonic() + GONE_S
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pids)


def open_sockets(pid: int) -> list[str]:
    return [os.readlink(file) for file in (PROC / str(pid) / "fd").iterdir() if os.path.islink(file)]


def listening() -> list[tuple[str, str]]:
    """Local address and inode of every TCP socket that listens."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in (PROC / "net" / name).read_text().splitlines()[1:]]
    return [(fields[1], fields[9]) for fields in lines if fields[3] == LISTENING]
