"""How an order about a recovery plan can go on, for completion on the console's command line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.run_kinds import VERBS


def completions(typed: str, plans: Sequence[str]) -> list[str]:
    """Whole texts that begin with what is typed: ``plan run demo --kind drill``."""
    return [
        text
        for name in plans
        for text in (f"plan run {name} --kind {kind}" for kind in VERBS["plan"])
        if text.startswith(typed)
    ]
