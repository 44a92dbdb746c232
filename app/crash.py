"""What is kept of a defect of drdeck itself: where it happened, never what the values were."""

from __future__ import annotations

import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import TracebackType

from app.paths import state_dir

LOG_NAME = "crash.log"


def record(error: BaseException) -> Path | None:
    """Append the places and types of an exception to the crash log (mode 0600) and return its path; None if it cannot
    be written. Messages of exceptions are left out: a library's may hold a password or a session key."""
    return _append(type(error), error, error.__traceback__, "")


def record_threads() -> None:
    """From now on an exception that ends a thread goes to the crash log, not onto the screen."""

    def hook(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else ""
        _append(args.exc_type, args.exc_value, args.exc_traceback, name)

    threading.excepthook = hook


def _append(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, thread: str
) -> Path | None:
    lines = [f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} Python {sys.version.split()[0]} {thread}".rstrip()]
    lines += _places(kind, trace)
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
        if error is not None:
            lines += ["  from", *_places(type(error), error.__traceback__)]
    try:
        path = state_dir() / LOG_NAME
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")
    except OSError:
        return None
    return path


def _places(kind: type[BaseException], trace: TracebackType | None) -> list[str]:
    return [f"  {kind.__module__}.{kind.__qualname__}", *(_place(frame) for frame in extract_tb(trace))]


def _place(frame: FrameSummary) -> str:
    return f"    {frame.filename}:{frame.lineno} in {frame.name}"
