"""People at one console, as the operating system knows them: users that every Unix has."""

from __future__ import annotations

import os
import pwd

import pytest


def person(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked for from now on is this user of this machine: ``root``, ``daemon``, ``nobody``."""
    uid = pwd.getpwnam(name).pw_uid
    monkeypatch.setattr(os, "getuid", lambda: uid)
    for variable in ("SUDO_USER", "SUDO_UID"):
        monkeypatch.delenv(variable, raising=False)
