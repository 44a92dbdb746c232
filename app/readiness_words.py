"""What was checked of LPARs or VMs, as the command line says it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.runs_command import FAILED, OK, PARTLY

if TYPE_CHECKING:
    from store.readiness import Readiness


def show(found: Sequence[Readiness], noun: str, *, as_json: bool) -> int:
    """Print what stands against each, as JSON all checks under ``noun``. Returns the exit code."""
    from store.recorded import to_text

    if as_json:
        rows = [{**json.loads(to_text(each)), "ready": each.ready} for each in found]
        print(json.dumps({"schema_version": 1, noun: rows}, indent=2))
    else:
        for each in found:
            _print(each)
    verdicts = {each.ready for each in found}
    return FAILED if False in verdicts else PARTLY if None in verdicts else OK


def _print(each: Readiness) -> None:
    words = {True: "ready", False: "NOT READY", None: "not known"}
    reasons = each.because
    print(f"{each.name}: {words[each.ready]}" + (", because" if reasons and not each.ready else ""))
    for one in reasons:
        print(f"  {one.verdict:<7} {one.severity:<5} [{one.id}] {one.evidence}")
        if one.source:
            print(f"  {'':<13} seen by {one.source}{_ago(one.seen_at)}; to hold: {one.words}")
        if one.fix:
            print(f"  {'':<13} {one.fix}")


def _ago(seen_at: datetime | None) -> str:
    return "" if seen_at is None else f", {max(0, round((datetime.now(UTC) - seen_at).total_seconds()))} s ago"
