"""Every screen as plain text at both sizes, and a few in colour. Renew with ``pytest --snapshot-update``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from app.console import Console
from app.looks import Look
from screens.base import EstateScreen
from tests.screens.estate import SITES, Clock, drillable, troubled, with_own
from tests.screens.piloting import KEY_NAMES, driven, piloted, pressed, settled
from tests.screens.readied import REPLICATED, fill, fill_vms

KEYS = {
    "overview": ["1"],
    "lpars": ["2"],
    "lpars_filtered": ["2", "slash", *"host:!none", "enter", "s", "space"],
    "prompt_filter": ["2", "slash", *"state:run"],
    "prompt_command": ["2", "colon", *"s"],
    "pgroups": ["3"],
    "rcgs": ["4"],
    "replicas": ["5"],
    "devices": ["6"],
    "events": ["7"],
    "help": ["2", "question_mark"],
    "palette": ["2", "ctrl+p", *"erp"],
    "export": ["2", "e"],
    "values": ["2", "j", "i"],
    "detail_lpar": ["2", "j", "enter"],
    "detail_lpar_not_ready": ["2", "slash", *"erp-db site:bergen", "enter", "enter", *"jjjjjjj"],
    "detail_lpar_sources": ["2", "j", "enter", "i"],
    "detail_pgroup": ["3", "enter"],
    "detail_rcg": ["4", "j", "j", "j", "j", "enter"],
    "detail_vm": ["5", "G", "enter"],
    "detail_device": ["6", "j", "enter"],
    "level_adapters": ["2", "slash", *"erp-db", "enter", "enter", "enter"],
    "level_volumes": ["2", "slash", *"erp-db", "enter", "enter", "enter", "enter", "enter"],
    "level_snapshots": ["3", "enter", "enter"],
    "level_rcg_volumes": ["4", "enter", "enter"],
    "level_device": ["6", "j", "enter", "enter"],
    "acts_lpar": ["2", "slash", *"erp-db", "enter", "a", "j"],
    "acts_lpars": ["2", "slash", *"erp", "enter", *["space"] * 4, "a", "j"],
    "acts_pgroup": ["3", "a"],
    "acts_snapshot": ["3", "enter", "enter", "j", "a", "G"],
    "acts_replica": ["3", "j", "a"],
}
"""The keys that lead to each screen and dialog."""

ESTATES = {
    "level_adapters": drillable,
    "level_volumes": drillable,
    "acts_pgroup": lambda: with_own(troubled()),
    "acts_snapshot": lambda: with_own(troubled()),
}
"""The estate that a screen wants where it is another than the one with trouble in it: with hosts and volumes, or with
snapshots that can be restored from."""


@pytest.fixture(autouse=True)
def started_in_the_root_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The export dialog names the folder that the console was started in."""
    monkeypatch.chdir("/")


class PlainText(SingleFileSnapshotExtension):
    """One text file for a snapshot."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"
    file_extension = "txt"


def readied(console: Console) -> None:
    """It was checked how the LPARs and the VMs stand."""
    fill(console.around.readiness)
    console.around.replicated = REPLICATED
    fill_vms(console.around.vm_readiness)
    console.screen.redraw()  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", KEYS)
@piloted
async def test_the_screen_reads_so(screen: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(ESTATES.get(screen, troubled)().view(), size) as console:
        readied(console.console)
        await console.press(*(KEY_NAMES.get(key, key) for key in KEYS[screen]))
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@pytest.mark.parametrize("screen", ["overview", "lpars", "detail_rcg"])
@piloted
async def test_a_wall_of_200x60_shows_more_of_it(screen: str, snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), (200, 60)) as console:
        readied(console.console)
        await console.press(*KEYS[screen])
        assert console.text == snapshot.use_extension(PlainText)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
@pytest.mark.parametrize(
    ("screen", "theme"),
    [
        ("overview", "dark"),
        ("lpars", "dark"),
        ("detail_rcg", "dark"),
        ("palette", "dark"),
        ("export", "dark"),
        ("acts_lpar", "dark"),
        ("acts_pgroup", "dark"),
        ("prompt_filter", "dark"),
        ("overview", "monochrome"),
        ("lpars", "monochrome"),
        ("overview", "light"),
        ("rcgs", "high-contrast"),
        ("rcgs", "colour-blind"),
    ],
)
def test_the_screen_looks_so(
    screen: str, theme: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view = troubled().view()
    look = Look(theme=theme)
    app = Console(lambda: view, lambda say: None, lambda name: None, sites=SITES, lab=True, clock=Clock(), look=look)

    async def before(pilot: Pilot[int]) -> None:
        while not (app.screen_stack and isinstance(app.screen, EstateScreen) and app.around.sweeping()):
            await pilot.pause(0.02)
        readied(app)
        for key in KEYS[screen]:
            await pressed(pilot, KEY_NAMES.get(key, key))
        await settled(pilot)

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)
