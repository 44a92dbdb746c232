"""Copying a text: onto the operator's clipboard where the terminal can, into a file where it cannot."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from screens.clipboard import Way, sequence


def copy(text: str, what: str, by: Way, write: Callable[[str], None], folder: Path, now: datetime) -> str:
    """Copy ``text`` and return the sentence to show. ``what`` counts it ("3 names"); ``write`` sends to the terminal;
    a text that cannot be sent goes to a new file in ``folder``, readable by its owner only. Never raises OSError."""
    sent = sequence(text, by)
    if sent is not None:
        write(sent)
        # What stands in between may keep it for itself, by its own settings: so it is named.
        through = f" through {by}" if by in (Way.TMUX, Way.SCREEN) else ""
        return f"Copied {what} ({len(text.encode('utf-8', 'surrogatepass')):,} bytes){through}"
    why = "The clipboard is off" if by is Way.OFF else "Too long for the clipboard"
    try:
        return f"{why}: saved to {_saved(text, folder, now)}"
    except OSError as error:
        return f"Not copied. {why}, and no file can be written to {folder}: {error.strerror}"


def _saved(text: str, folder: Path, now: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(1, 1000):
        again = "" if number == 1 else f"-{number}"
        path = folder / f"copied-{now:%Y%m%dT%H%M%SZ}{again}.txt"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.write(text)
        return path
    raise FileExistsError(17, "a thousand copies in one second")
