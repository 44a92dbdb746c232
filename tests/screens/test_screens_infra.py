"""The infrastructure on the screen: places, a site, a rack as it stands, plain rows, and what falls with each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from screens.blast import BlastScreen
from screens.cells import Tone
from screens.infra import InfraScreen
from screens.infra_messages import BlastRequested
from screens.levels import Ref, level
from screens.levels.rack import INSIDE
from screens.scene import Scene
from store.infra.blast import Planned, PlannedMember, radius, struck
from store.infra.book import Kept
from store.infra.differences import by_ref
from store.infra.records import Face, Item, Plain, Rack, Site, Source, System, SystemType, ref_of
from store.infra.rules import conflicts
from store.infra.view import InfraView
from tests.screens.estate import NOW, calm, drillable
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText
from tests.store.infra.standing import NAMES, OSLO, drawn

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
ROWS = tuple(Plain("warranty", name, (("vendor", "IBM"), ("until", "2027-03-31"))) for name in ("a", "b"))
PLAN = Planned("main", "oslo", "bergen", (("erp", (PlannedMember("lpar", "erp-db"),)),))


def kept(items: tuple[Item, ...] = (*OSLO, *ROWS)) -> Kept:
    source = Source("file:oslo.csv", NOW - timedelta(hours=2), "anna@jump")
    return Kept(by_ref(items), {ref_of(item): source.name for item in items}, {source.name: source})


def filled(view: InfraView, items: tuple[Item, ...] = (*OSLO, *ROWS)) -> None:
    view.take(kept(items), [PLAN], conflicts(items, NAMES))


def scene(items: tuple[Item, ...] = (*OSLO, *ROWS)) -> Scene:
    infra = InfraView()
    filled(infra, items)
    return replace(calm().scene(), infra=infra)


def texts(made: Scene, ref: Ref, title: str) -> dict[str, str]:
    found = level(made, ref)
    place = [column.title for column in found.columns].index(title)
    return {row.key: row.cells[place].text for row in found.rows}


async def asked(console: Driven, kind: str, key: str, shown: tuple[str, str]) -> None:
    """The blast screen with the radius of a node, as the App counts it on a thread."""
    console.screen.post_message(BlastRequested(*shown, asked_by=console.screen))
    await console.settle()
    made = drawn(drillable())
    node = struck(made, kind, key)
    console.console.around.infra.counted(shown, radius(made, node, NOW, [PLAN]))
    console.screen.infra_changed()
    await console.settle()


@SIZES
@piloted
async def test_from_sites_down_to_a_rack_and_what_falls_with_it(
    size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    plain = snapshot.use_extension(PlainText)
    async with driven(drillable().view(), size) as console:
        filled(console.console.around.infra)
        await console.press("I")
        assert isinstance(console.screen, InfraScreen) and "imported 2h" in console.text
        assert console.text == plain(name=f"places-{size[0]}")
        await console.press("enter")
        assert console.text == plain(name=f"site-{size[0]}")
        await console.press("j", "j", "enter")
        assert "rack A7" in console.text
        assert console.text == plain(name=f"rack-{size[0]}")
        await asked(console, "rack", "A7", ("rack", "oslo/A7"))
        assert isinstance(console.screen, BlastScreen)
        assert console.text == plain(name=f"blast-{size[0]}")


@piloted
async def test_keys_lead_from_a_row_to_its_radius_and_back_to_the_same_row() -> None:
    async with driven(drillable().view()) as console:
        filled(console.console.around.infra)
        await console.press("I", "enter", "j", "j", "enter", "b")
        assert isinstance(console.screen, BlastScreen) and console.screen.ref == Ref("infra.blast", "oslo/A7", "rack")
        assert "being read" in console.text
        await console.press("q", "q")
        assert isinstance(console.screen, InfraScreen) and console.screen.table.selected == "rack oslo/A7"


@piloted
async def test_opened_from_a_radius_the_path_begins_with_the_infrastructure() -> None:
    async with driven(drillable().view()) as console:
        filled(console.console.around.infra)
        await console.press("2", "b", "I", "enter")
        assert "Infrastructure › site oslo › racks" in console.line("site oslo")
        assert not console.line("site oslo").startswith("blast")


@piloted
async def test_a_device_and_an_lpar_and_a_group_are_struck_at_what_they_run_on() -> None:
    async with driven(drillable().view()) as console:
        for pane, node in (
            ("2", ("lpar", "9105-22A*7801234/erp-db")),
            ("3", ("pgroup", "id-fa-oslo:pg-erp")),
            ("6", ("device", "fa-oslo")),
        ):
            await console.press(pane)
            await console.wait_for(lambda: bool(console.screen.table.keys), "no rows")  # type: ignore[attr-defined]
            table = console.screen.table  # type: ignore[attr-defined]
            table.select(list(table.keys).index(node[1]))
            await console.press("b")
            assert isinstance(console.screen, BlastScreen) and (console.screen.ref.part, console.screen.ref.key) == node
            await console.press("q")


@piloted
async def test_why_there_is_no_radius_is_said() -> None:
    async with driven(calm().view()) as console:
        console.screen.post_message(BlastRequested("device", "hmc-oslo"))
        await console.settle()
        console.console.around.infra.counted(("device", "hmc-oslo"), "On hmc-oslo itself stands nothing that runs")
        console.screen.infra_changed()
        await console.settle()
        assert "? On hmc-oslo itself stands nothing that runs." in console.text


def test_not_read_nothing_imported_and_imported_are_three_different_screens() -> None:
    unread = level(replace(calm().scene(), infra=InfraView()), Ref("infra.places", ""))
    empty = level(scene(()), Ref("infra.places", ""))
    assert "being read" in unread.notes[0].text and "Nothing was imported yet" in empty.notes[0].text
    assert not level(scene(), Ref("infra.places", "")).notes
    assert [row.key for row in empty.rows] == ["site oslo", "site bergen"], "sites of the settings are there anyway"


def test_a_conflict_is_counted_at_its_site_and_told_below_it() -> None:
    items = (*OSLO, System("nas1", "oslo", SystemType.OTHER, "A7", 16.0, 2.0))
    made = scene(items)
    assert texts(made, Ref("infra.places", ""), "Conflicts")["site oslo"].startswith("✗ 2")
    notes = [note.text for note in level(made, Ref("infra.site", "oslo")).notes]
    assert any("U 16 to 17 of rack A7 is taken by P10-OSLO-01" in text for text in notes)


def test_a_rack_is_drawn_from_the_top_with_each_system_as_its_box() -> None:
    front = texts(scene(), Ref("infra.rack", "oslo/A7"), "Front")
    assert list(front) == [str(unit) for unit in range(42, 0, -1)]
    assert front["16"].startswith("│┌ P10-OSLO-01 ─") and front["2"].startswith("│└──") and front["9"].startswith("││ ")
    assert front["1"] == f"│{' ' * INSIDE}│" and all(len(text) == INSIDE + 2 for text in front.values())


def test_units_that_are_shared_or_taken_twice_show_all_that_is_there() -> None:
    rack = (Site("oslo"), Rack("oslo", "R1", units=4))
    half = [System(f"h{n}", "oslo", SystemType.OTHER, "R1", 2.0, face=face) for n, face in enumerate(Face)]
    made = scene((*rack, *half))
    assert texts(made, Ref("infra.rack", "oslo/R1"), "Front")["2"].startswith("│h0 + h1 ")
    both = scene((*rack, *half, System("deep", "oslo", SystemType.OTHER, "R1", 2.0)))
    (cell,) = [row.cells[1] for row in level(both, Ref("infra.rack", "oslo/R1")).rows if row.key == "2"]
    assert cell.text.startswith("│✗ h0 + h1 + deep") and cell.tone is Tone.BAD


def test_a_system_opens_what_its_device_reports() -> None:
    rows = {row.key: row for row in level(scene(), Ref("infra.rack", "oslo/A7")).rows}
    assert rows["5"].opens == Ref("system.lpars", "9105-22A*7801234") and rows["5"].detail == ("device", "hmc-oslo")
    assert rows["5"].strikes == ("system", "P10-OSLO-01") and rows["42"].strikes == ("rack", "oslo/A7")


def test_what_a_device_reports_and_nobody_placed_is_listed_at_its_site() -> None:
    about = texts(scene(), Ref("infra.site", "oslo"), "About")
    assert "vc-oslo reports it; in no rack" in about["esxi vc-1:host-1"]


def test_a_plain_table_has_the_columns_of_its_source() -> None:
    found = level(scene(), Ref("infra.table", "warranty"))
    assert [column.title for column in found.columns] == ["Name", "Vendor", "Until"]
    assert [cell.text for cell in found.rows[0].cells] == ["a", "IBM", "2027-03-31"]
