"""Counts what passed, failed and was skipped; says at once what failed and why something is skipped."""

import threading


class Record:
    """May be used by several threads."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self._lock = threading.Lock()

    def check(self, name: str, holds: bool, detail: object = "") -> None:
        with self._lock:
            if holds:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED {name}: {detail}", flush=True)

    def skip(self, name: str, why: str) -> None:
        with self._lock:
            self.skipped += 1
            print(f"skipped {name}: {why}", flush=True)

    def section(self, name: str) -> None:
        print(f"--- {name} ({self.passed} passed so far)", flush=True)
