"""The way down through the demo estate, read through its real doors: what a stranger is asked to find is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from screens.conditions import HostMatch
from screens.host_match import lpar_hosts
from screens.host_words import why
from screens.levels import Level, LevelRow, first_level, level
from screens.pairing import pgroup_pair
from screens.plots import Curve
from screens.rpo_history import pgroup_curve
from screens.scene import Scene
from store.estate import Lpar
from store.records import Entry
from tests.app.demo_scene import demo_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with demo_scene(tmp_path_factory.mktemp("demo")) as scene:
        yield scene


def named(scene: Scene, kind: str, name: str, device: str) -> Entry:
    return next(one for one in scene.view.entries(kind) if one.obj.name == name and one.device == device)


def text(made: Level, row: LevelRow, title: str) -> str:
    return row.cells[[column.title for column in made.columns].index(title)].text


def test_one_lpar_differs_from_its_host_and_every_other_is_as_its_host(scene: Scene) -> None:
    verdicts = {
        (one.device, one.obj.name): lpar_hosts(scene, one).match
        for one in scene.view.entries("lpar")
        if isinstance(one.obj, Lpar) and one.obj.env != "vioserver"
    }
    assert len(verdicts) == 22
    assert {key: match for key, match in verdicts.items() if match is not HostMatch.AS_LPAR} == {
        ("hmc-paris", "crm_db1"): HostMatch.DIFFERS
    }


def test_what_differs_is_named(scene: Scene) -> None:
    one = named(scene, "lpar", "crm_db1", "hmc-paris")
    (found,) = lpar_hosts(scene, one).found
    assert found.surplus == ("c0507609ffff0001",)
    assert isinstance(one.obj, Lpar)
    assert found.missing == (one.obj.wwpns[-1],)
    assert [found.missing[0] in note.text for note in why(scene, one)] == [True]


def test_the_way_down_from_that_lpar_reaches_the_transfers_of_its_group(scene: Scene) -> None:
    ref = first_level("lpar", named(scene, "lpar", "crm_db1", "hmc-paris").key)
    assert ref is not None
    path = []
    for title, wanted in (
        ("Adapter", "FC 32"),
        ("Host", "crm_db1"),
        ("Volume", "crm_db1_datavg"),
        ("Protection group", "pg-crm"),
        ("Snapshot", None),
    ):
        made = level(scene, ref)
        row = next(one for one in made.rows if wanted is None or text(made, one, title) == wanted)
        path.append((made.title, text(made, row, title)))
        assert row.opens is not None
        ref = row.opens
    transfers = level(scene, ref)
    newest = path[-1][1]
    assert [title for title, _ in path] == [
        "LPAR crm_db1",
        "slot 32",
        "host crm_db1",
        "volume crm_db1_datavg",
        "group pg-crm",
    ]
    assert newest.startswith("pg-crm.")
    assert transfers.title == f"snapshot {newest}"
    assert {text(transfers, row, "To") for row in transfers.rows} == {"fa-lyon"}
    assert {text(transfers, row, "Told by") for row in transfers.rows} == {"fa-paris", "fa-lyon"}
    assert "fa-paris" in transfers.seen and "fa-lyon" in transfers.seen


def test_the_mac_that_is_not_kept_is_marked_among_the_adapters(scene: Scene) -> None:
    ref = first_level("lpar", named(scene, "lpar", "bill_app1", "hmc-paris").key)
    assert ref is not None
    made = level(scene, ref)
    eth = next(row for row in made.rows if row.key.startswith("eth"))
    assert text(made, eth, "Host or other site") == "≠ FA10B2EE1E02 at lyon"


def test_the_group_that_its_target_refuses_is_late_in_its_plot(scene: Scene) -> None:
    home = named(scene, "pgroup", "pg-lyo-mail", "fa-lyon")
    curve = pgroup_curve(scene, pgroup_pair(scene, home), "fa-paris")
    assert isinstance(curve, Curve)
    assert curve.target == 1800
    assert max(one.last for one in curve.segments) > 1800


def test_every_device_leads_down_to_objects_with_names(scene: Scene) -> None:
    for name in scene.index.devices:
        ref = first_level("device", name)
        assert ref is not None
        kinds = level(scene, ref)
        assert kinds.rows
        for kind in kinds.rows:
            assert kind.opens is not None
            objects = level(scene, kind.opens)
            assert len(objects.rows) == int(text(kinds, kind, "There"))
