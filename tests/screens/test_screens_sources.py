"""On request every value says where it comes from and how old it is; columns say what their values count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import backends
from screens import (
    facts_device,
    facts_lpar,
    facts_pgroup,
    facts_rcg,
    facts_vm,
    rows_devices,
    rows_events,
    rows_lpars,
    rows_pgroups,
    rows_rcgs,
    rows_replicas,
    sources,
)
from screens.cells import Cell, line_text, line_width
from screens.columns import Column, Measure, Row
from screens.pairing import replica_of
from screens.plots import Curve, Strip
from screens.rcg_sides import pairs
from screens.replications import Known
from screens.rpo_history import Sample
from screens.scene import Scene
from screens.side_by_side import Fact, Part, lay_out
from store.records import Entry
from store.replications import Pass, Replicated, Standing
from tests.screens.estate import ago, calm, drillable, troubled

KNOWN = Known(
    Replicated("crm01", "crm01", "vc-oslo", "vc-bergen", 900.0, True),
    Standing(owed=("r3",), passes=(Pass("r1", ago(1500), 240.0, True),)),
)
SAMPLES = (Sample(ago(600), 30.0), Sample(ago(540), 90.0))


def details(scene: Scene) -> list[Sequence[Part]]:
    """The parts of every detail of an estate."""
    return [
        *(facts_lpar.parts(scene, one) for one in scene.view.entries("lpar")),
        *(facts_pgroup.parts(scene, one) for one in scene.view.entries("pgroup")),
        *(facts_rcg.parts(scene, pair, SAMPLES) for pair in pairs(scene)),
        *(facts_vm.parts(scene, one, SAMPLES, KNOWN) for one in scene.view.entries("vm")),
        *(facts_device.parts(scene, device) for device in scene.index.devices.values()),
    ]


@pytest.mark.parametrize("make", [calm, troubled, drillable], ids=lambda make: make.__name__)
def test_every_fact_and_plot_of_every_detail_names_its_source(make: Callable[[], object]) -> None:
    for parts in details(make().scene()):  # type: ignore[attr-defined]
        for part in parts:
            if isinstance(part, Fact | Curve | Strip):
                assert part.source, part


@pytest.mark.parametrize("width", [80, 120])
def test_with_the_sources_nothing_is_wider_than_the_screen(width: int) -> None:
    for parts in details(troubled().scene()):
        assert max(line_width(line) for line in lay_out(parts, width - 1, sources=True)) <= width - 1


def test_sources_and_ages_stand_below_each_fact_and_only_when_asked_for() -> None:
    scene = calm().scene()
    parts = facts_lpar.parts(scene, scene.entry("lpar", "9105-22A*7801234/erp-db"))
    told = "lssyscfg -r lpar · hmc-oslo 10s ago · hmc-bergen 10s ago"
    without = [line_text(line) for line in lay_out(parts, 79)]
    assert not any(told in line for line in without)
    lines = [line_text(line) for line in lay_out(parts, 79, sources=True)]
    state = next(place for place, line in enumerate(lines) if line.startswith("State "))
    assert lines[state + 1].strip() == told
    site = next(place for place, line in enumerate(lines) if line.startswith("Site "))
    assert lines[site + 1].strip() == "settings"


def test_a_source_that_is_stale_says_so_below_the_fact() -> None:
    scene = troubled().scene()
    parts = facts_lpar.parts(scene, scene.entry("lpar", "9105-22A*7801234/erp-db"))
    assert any("hmc-oslo ▲ stale 4m" in line_text(line) for line in lay_out(parts, 119, sources=True))


def replicas(scene: Scene) -> list[Entry]:
    return [one for one in scene.view.entries("vm") if replica_of(one) is not None]


ROWS: tuple[tuple[str, Sequence[Column], Callable[[Scene], list[Row]]], ...] = (
    ("lpars", rows_lpars.COLUMNS, lambda s: [rows_lpars.row(e, s) for e in s.view.entries("lpar")]),
    ("pgroups", rows_pgroups.COLUMNS, lambda s: [rows_pgroups.row(e, s) for e in s.view.entries("pgroup")]),
    ("rcgs", rows_rcgs.COLUMNS, lambda s: [rows_rcgs.row(pair, s) for pair in pairs(s)]),
    ("replicas", rows_replicas.COLUMNS, lambda s: [rows_replicas.row(e, s, KNOWN) for e in replicas(s)]),
    ("devices", rows_devices.COLUMNS, lambda s: [rows_devices.row(d, s) for d in s.index.devices.values()]),
    ("events", rows_events.COLUMNS, lambda s: [rows_events.row(e, s) for e in s.view.events()]),
)  # fmt: skip


@pytest.mark.parametrize(("columns", "rows"), [one[1:] for one in ROWS], ids=[one[0] for one in ROWS])
def test_columns_have_sources_names_of_their_own_and_values_as_they_measure(
    columns: Sequence[Column], rows: Callable[[Scene], list[Row]]
) -> None:
    made = rows(troubled().scene())
    assert len({column.name for column in columns}) == len(columns)
    for place, column in enumerate(columns):
        assert column.source, column.title
        valued = [row[place] for row in made if row[place].value is not None]
        if column.measure is Measure.TEXT:
            assert not valued, column.title
        else:
            assert valued, column.title


def cells(rows: list[Row], columns: Sequence[Column], field: str) -> list[Cell]:
    place = [column.name for column in columns].index(field)
    return [row[place] for row in rows]


def test_the_age_of_a_copy_is_found_as_rpo_and_no_copy_is_older_than_any() -> None:
    scene = troubled().scene()
    rpo = cells(ROWS[1][2](scene), rows_pgroups.COLUMNS, "rpo")
    assert {cell.value for cell in rpo if cell.text == "none"} == {float("-inf")}
    assert ago(7300).timestamp() in {cell.value for cell in rpo}
    for place in (2, 3):
        assert any(column.name == "rpo" and column.measure is Measure.MOMENT for column in ROWS[place][1])


def test_a_site_is_found_by_its_role_and_reversed_groups_by_that_word() -> None:
    scene = troubled().scene()
    assert {cell.aka for cell in cells(ROWS[0][2](scene), rows_lpars.COLUMNS, "site")} == {"prod", "dr"}
    roles = cells(ROWS[2][2](scene), rows_rcgs.COLUMNS, "roles")
    assert {cell.aka for cell in roles if "Rev" in cell.text} == {"reversed"}
    assert {cell.aka for cell in roles if "Rev" not in cell.text} == {""}


def test_what_the_sources_name_is_what_the_drivers_ask_for() -> None:
    """Commands, endpoints and properties are those in the drivers' own text."""
    folder = Path(backends.__file__).parent
    drivers = [folder / name for name in ("hmc", "flasharray", "threepar", "vsphere")]
    text = "\n".join(path.read_text() for one in drivers for path in one.glob("*.py"))
    for name, value in vars(sources).items():
        ours = ("SETTINGS", "SEEN", "SWEEP", "EVENTS", "JOURNAL", "SCHEDULES", "PLANS", "AUTO", "INFRA", "BLAST")
        ours += ("ALERTS", "INCIDENTS")
        if not name.isupper() or name in ours:
            continue
        for piece in value.replace("; ", ", ").split(", "):
            for word in ("GET /", "VirtualMachine ", "viosvrcmd -c ", "/"):
                piece = piece.removeprefix(word)
            assert piece.removesuffix("/transfer").strip("'") in text, (name, piece)


def test_the_properties_of_a_vm_are_those_that_the_driver_reads() -> None:
    scene = calm().scene()
    folder = Path(backends.__file__).parent / "vsphere"
    text = "\n".join(path.read_text() for path in folder.glob("*.py"))
    told = {part.source for part in facts_vm.parts(scene, scene.view.entries("vm")[0]) if isinstance(part, Fact)}
    paths = [source.removeprefix("VirtualMachine ").partition(":")[0] for source in told if "VirtualMachine" in source]
    assert len(paths) > 8
    for path in paths:
        assert f'"{path}"' in text, path
