"""The screen of compliance: drills, gaps and lessons over all plans, and what there is to show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion

from store.compliance import Asked, Compliance, Drilled, Gap
from store.lessons import Lesson
from tests.screens.estate import NOW, troubled
from tests.screens.piloting import driven, piloted
from tests.screens.test_screens_snapshots import PlainText

REACHED = (("erp", 700.0, 600.0), ("dns", 60.0, None))
FOUND = Compliance(
    NOW - timedelta(seconds=4),
    365,
    (
        Drilled("erp", "verified", "0201-0300-a7f3c1", NOW - timedelta(days=28), REACHED),
        Drilled("shop", "not checked", None, None),
    ),
    (
        Gap("shop", "no drill of it ever passed", "drdeck plan run shop --kind drill"),
        Gap("approvals", "no kind of run needs a second person", "four_eyes in [access] of the configuration"),
    ),
    (
        Lesson(7, "0201-0300-a7f3c1", "Renew the fence", "Berit", (NOW - timedelta(days=9)).date(), "eva@warroom", NOW),
        Lesson(9, "incident 2", "Ring the bank first", "Ana", (NOW + timedelta(days=9)).date(), "eva@warroom", NOW),
    ),
    (
        Asked("DORA 11(6)", "plans tested once a year at least", "1 of 2 plans drilled in the last 365 days", False),
        Asked("DORA 11(8)", "records of what was done", "12 runs ended; 340 entries, the chain is whole", True),
        Asked("NIS2 21(2)(c)", "business continuity", "2 plans", None),
    ),
)  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@piloted
async def test_the_screen_reads_so(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), size) as console:
        console.console.around.compliance.take(FOUND)
        await console.press("K")
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_before_it_was_looked_at_it_says_so_and_shows_it_then() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await console.command("compliance")
        assert "being looked at" in console.text and "None." not in console.text
        console.console.around.compliance.take(FOUND)
        console.screen.runs_changed()
        await console.settle()
        assert "Compliance: 2 gaps" in console.text
