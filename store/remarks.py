"""What people say of a run, in its journal: notes of observers, and lessons with who sees to them until when."""

from __future__ import annotations

from datetime import date

from store.ledger import Ledger

NOTE, LESSON = "note", "lesson"


def note(ledger: Ledger, run_id: str, text: str, by: str) -> None:
    """Keep what somebody saw. Raises :class:`store.ledger.RunError` where there is no such run, ValueError for a text
    that says nothing."""
    ledger.remark(run_id, NOTE, {"by": by, "text": _said(text)})


def lesson(ledger: Ledger, run_id: str, text: str, owner: str, due: date, by: str) -> None:
    """Keep what is to become better; ``owner`` sees to it until ``due``. Raises as :func:`note`."""
    body = {"by": by, "text": _said(text), "owner": _said(owner, "an owner"), "due": due.isoformat()}
    ledger.remark(run_id, LESSON, body)


def _said(text: str, what: str = "a text") -> str:
    if not text.strip():
        raise ValueError(f"it is empty: expected {what}")
    return text.strip().encode("utf-8", "replace").decode()
