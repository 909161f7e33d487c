"""Counts what passed, failed and was skipped; says at once what failed and why something is skipped."""


class Record:
    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    def check(self, name: str, holds: bool, detail: object = "") -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {detail}", flush=True)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        print(f"skipped {name}: {why}", flush=True)

    def section(self, name: str) -> None:
        print(f"--- {name} ({self.passed} passed so far)", flush=True)
