"""Named checks of one script: each gives one line of JSON to stdout, `{"name", "error"}`; error is null when it passed."""

import json
import sys
import traceback
from collections.abc import Callable

CHECKS: list[tuple[str, Callable[[], None]]] = []


def check(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def add(work: Callable[[], None]) -> Callable[[], None]:
        CHECKS.append((name, work))
        return work

    return add


def fails(kind: type[Exception], work: Callable[[], object], words: str) -> Exception:
    """Gives the error, of exactly this class, whose text has these words."""
    try:
        work()
    except Exception as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        assert words in str(error), f"{words!r} is not in {error}"
        return error
    raise AssertionError(f"no {kind.__name__} came")


def run() -> None:
    for name, work in CHECKS:
        error = None
        try:
            work()
        except Exception:
            error = traceback.format_exc(limit=4)
        print(json.dumps({"name": name, "error": error}), flush=True)
    sys.stdout.flush()
