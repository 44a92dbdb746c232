"""When a run that two people have to agree to may begin. Pure; the ledger asks in the transaction that approves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from store.runs import Approval

ASKED, GLASS = "approval asked", "break-glass"
"""The kinds of the journal's entries, beside those of every run."""


def against(asked: Approval, people: Collection[str], now: datetime, glass: str | None) -> str | None:
    """Why somebody, who is these ``people`` by name, may not approve it now; None: they may. ``glass`` is the reason of
    one who does it alone."""
    if now > asked.until:
        return f"it could be until {asked.until:%Y-%m-%d %H:%M} UTC; propose it anew"
    if glass is not None:
        return None if glass.strip() else "a reason is needed, it is kept in the journal"
    mine = {name.lower() for name in people}
    if not mine or mine & {name.lower() for name in asked.people}:
        return f"{' or '.join(asked.people)} proposed it, and another person has to approve it"
    return None
