"""The kinds of runs there are, in the words of the command line, for those who must not import the commands."""

from __future__ import annotations

from collections.abc import Mapping

VERBS: Mapping[str, tuple[str, ...]] = {
    "rcg": ("start", "stop", "sync", "failover", "recover", "restore", "reverse", "undo", "switchover"),
    "volume": ("create", "add", "remove", "delete"),
    "pgroup": ("snapshot", "clone", "restore"),
    "lpar": ("check", "align", "failover", "reprotect", "failback", "drill", "cleanup"),
    "pod": ("demote", "promote", "undo"),
    "vm": (
        "list",
        "ready",
        "replicate",
        "failover",
        "drill",
        "cleanup",
        "undo",
        "failback",
        "pause",
        "resume",
        "backup",
        "backups",
        "restore",
    ),
    "plan": ("planned", "disaster", "drill", "cleanup", "reprotect", "failback"),
}
"""By the command. A test holds them equal to what the commands take."""

KINDS = tuple(f"{command} {verb}" for command, verbs in VERBS.items() for verb in verbs)
"""Such as ``rcg failover``."""
