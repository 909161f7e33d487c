"""Runs cases side by side: most of their time they wait, as the program does between attempts."""

import concurrent.futures
import traceback
import typing

from record import Record

WORKERS = 12
Case = tuple[str, typing.Callable[[Record], None]]


def together(record: Record, cases: list[Case]) -> None:
    """Each case has a name and takes a record. One that breaks counts as failed, and the others go on."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for run in [pool.submit(guarded, record, *case) for case in cases]:
            run.result()


def guarded(record: Record, name: str, run: typing.Callable[[Record], None]) -> None:
    try:
        run(record)
    except Exception:  # whatever it is, the other cases have their own to say
        record.check(f"{name} runs to its end", False, traceback.format_exc())
