"""Every screen as plain text at both sizes, and a few in colour. Renew with ``pytest --snapshot-update``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from app.console import Console
from screens.base import EstateScreen
from tests.screens.estate import SITES, Clock, troubled
from tests.screens.piloting import driven, piloted

KEYS = {
    "overview": ["1"],
    "lpars": ["2"],
    "pgroups": ["3"],
    "rcgs": ["4"],
    "replicas": ["5"],
    "devices": ["6"],
    "events": ["7"],
    "help": ["2", "question_mark"],
    "detail_lpar": ["2", "j", "enter"],
    "detail_pgroup": ["3", "enter"],
    "detail_rcg": ["4", "j", "j", "j", "j", "enter"],
    "detail_vm": ["5", "G", "enter"],
    "detail_device": ["6", "j", "enter"],
}


class PlainText(SingleFileSnapshotExtension):
    """One text file for a snapshot."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"
    file_extension = "txt"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", KEYS)
@piloted
async def test_the_screen_reads_so(screen: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), size) as console:
        await console.press(*KEYS[screen])
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
@pytest.mark.parametrize("screen", ["overview", "lpars", "detail_rcg"])
def test_the_screen_looks_so(screen: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view = troubled().view()
    app = Console(lambda: view, lambda say: None, lambda name: None, sites=SITES, lab=True, clock=Clock())

    async def before(pilot: Pilot[int]) -> None:
        while not (isinstance(app.screen, EstateScreen) and app.around.sweeping()):
            await pilot.pause(0.02)
        for key in KEYS[screen]:
            await pilot.press(key)
        for _ in range(3):
            await pilot.pause()

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)
