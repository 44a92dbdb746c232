"""A console on a twin says so on every screen and in every question, in words and shape, not in colour alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.appearance import title
from app.console import Console
from app.looks import Look
from app.run_desk import Proposed
from screens.base import EstateScreen
from screens.cells import line_text
from screens.columns import Column
from screens.dialogs.typed import TypedDialog
from screens.export import Form, Sheet, export, file_name
from screens.head import band
from screens.modes import modes
from screens.status import ASCII
from screens.surroundings import Surroundings
from store.ledger import Ledger
from tests.screens.estate import NOW, SITES, Clock, calm, troubled
from tests.screens.kept_runs import kept, propose
from tests.screens.piloting import pressed, settled

TAKEN = datetime(2026, 2, 27, 21, 40, 12, tzinfo=UTC)
SAID = "▣ TWIN of 2026-02-27 21:40Z"


def shown(width: int, **marks: bool) -> str:
    view = calm().view()
    around = Surroundings(view, Clock(), SITES, lab=True, twin=TAKEN, **marks)  # type: ignore[arg-type]
    return line_text(band(around.scene(), width, around))


def test_the_band_names_the_moment_in_place_of_lab_and_never_cuts_it() -> None:
    assert shown(80).startswith(f"{SAID}   ")
    assert shown(80, drill=True, read_only=True).startswith(f"{SAID}   ◇ DRILL   READ-ONLY")
    narrow = shown(78, drill=True, read_only=True)
    assert narrow == "▣ TWIN of 02-27 21:40Z   ◇ DRILL   READ-ONLY   devices ● 8 ok   oldest 10s"
    assert shown(20).startswith("▣ TWIN of 02-27 21:40Z")
    assert title(["oslo"], lab=True, drill=False, twin=TAKEN) == "drdeck TWIN of 2026-02-27 21:40Z oslo"


def test_twin_differs_from_live_and_lab_in_word_and_shape_and_in_ascii_too() -> None:
    firsts = [
        modes(lab=lab, drill=False, twin=twin)[0].text for lab, twin in ((True, TAKEN), (True, None), (False, None))
    ]
    for table in ({}, ASCII):
        parts = [text.translate(table).split()[:2] for text in firsts]
        assert len({shape for shape, _ in parts}) == len({word for _, word in parts}) == 3
        assert all(shape.isascii() for shape, _ in parts) or not table


def test_what_is_exported_says_that_it_is_of_a_twin() -> None:
    sheet = Sheet("lpars", (Column("name", 4),), (), NOW, "all", TAKEN)
    assert '"twin_of": "2026-02-27T21:40:12Z"' in export(sheet, Form.JSON)
    assert file_name(sheet, Form.CSV).startswith("twin-lpars-")
    assert "twin" not in export(replace(sheet, twin=None), Form.JSON) + file_name(replace(sheet, twin=None), Form.CSV)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
@pytest.mark.parametrize("screen", ["lpars", "proposed"])
def test_the_screen_looks_so(
    screen: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view, made = troubled().view(), []

    def make(ledger: Ledger, clock: Clock) -> None:
        made.append(propose(ledger, clock))

    with kept(tmp_path, make) as (begin, _):
        app = Console(
            lambda: view, lambda say: None, lambda name: None, begin, sites=SITES, lab=True, twin=TAKEN, clock=Clock(),
            look=Look(theme="monochrome"),
        )  # fmt: skip

        async def before(pilot: Pilot[int]) -> None:
            while not (app.screen_stack and isinstance(app.screen, EstateScreen) and app.around.runs.read):
                await pilot.pause(0.02)
            await pressed(pilot, "2")
            if screen == "proposed":
                app.post_message(Proposed(made[0], ""))
                while not isinstance(app.screen, TypedDialog):
                    await pilot.pause(0.02)
            await settled(pilot)

        assert snap_compare(app, terminal_size=(80, 24), run_before=before)
