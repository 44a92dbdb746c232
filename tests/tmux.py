"""A tmux session for tests: keys in, the screen out, as an operator's fingers and eyes have it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType

KEYS = {"enter": "Enter", "esc": "Escape", "down": "Down", "ctrl+q": "C-q"}


class Tmux:
    """``with Tmux([...], 80, 24, env, folder) as screen``: the program in a session of a server of its own."""

    def __init__(self, command: list[str], columns: int, rows: int, env: dict[str, str], folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._env = {**{name: value for name, value in os.environ.items() if name != "TMUX"}, **env}
        size = ["-x", str(columns), "-y", str(rows)]
        self._run("-f", os.devnull, "new-session", "-d", "-s", "drdeck", *size, "--", *command)

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], env=self._env, check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments], env=self._env, check=True, capture_output=True, text=True
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        for key in keys:
            if key in KEYS:
                self._run("send-keys", "-t", "drdeck", KEYS[key])
            else:
                self._run("send-keys", "-t", "drdeck", "-l", key)
            time.sleep(0.05)  # the gap of a fast typist: an Esc must not join the key behind it

    @property
    def text(self) -> str:
        """What the screen shows, one line a row."""
        return self._run("capture-pane", "-p", "-t", "drdeck").rstrip()

    def wait_for(self, *words: str, timeout: float = 60.0, absent: bool = False) -> str:
        """The screen as soon as it shows all ``words`` (or none of them, with ``absent``)."""
        deadline = time.monotonic() + timeout
        shown = ""
        while time.monotonic() < deadline:
            shown = self.text
            if all((word in shown) is not absent for word in words):
                return shown
            time.sleep(0.1)
        raise AssertionError(f"not {'gone' if absent else 'shown'} in {timeout} s: {words}\n{shown}")
