"""How replicated VMs stand, as rows, details and sentences say it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from screens.readiness import told
from screens.replicas import ReplicasPane
from screens.scene import Scene
from screens.side_by_side import Fact, Note
from screens.vm_readiness import names_of, parts, ready_cell, replicated_of, summary_lines
from store.readiness_view import ReadinessView
from tests.screens.estate import ago, troubled
from tests.screens.piloting import driven, piloted
from tests.screens.readied import REPLICATED, fill_vms


@pytest.fixture
def scene() -> Scene:
    return replace(troubled().scene(), vm_readiness=fill_vms(ReadinessView()), replicated=REPLICATED)


def key(scene: Scene, name: str) -> str:
    return next(e.key for e in scene.view.entries("vm") if getattr(e.obj, "name", "") == name)


def test_a_source_and_each_of_its_copies_say_the_same_and_what_is_not_replicated_here_says_nothing(
    scene: Scene,
) -> None:
    for name in ("shop01", "shop01_replica_4"):
        entry = scene.entry("vm", key(scene, name))
        cell = ready_cell(scene, entry)
        assert (cell.text, cell.aka) == ("▲ not ready", "vm.host: esx2.bergen is in maintenance")
    lost = scene.entry("vm", key(scene, "lost01_replica_3"))
    assert replicated_of(scene, lost) is None
    assert ready_cell(scene, lost).text == "–"
    assert list(parts(scene, lost)) == []
    assert names_of(scene, [key(scene, "crm01"), key(scene, "crm01_replica_8"), "gone"]) == ("crm01",)


def test_what_was_checked_too_long_ago_is_not_known_any_more(scene: Scene) -> None:
    later = replace(scene, now=scene.now + timedelta(hours=1))
    assert ready_cell(later, scene.entry("vm", key(scene, "crm01"))).text == "? not known"


def test_the_detail_names_what_saw_each_check_and_how_old_that_is(scene: Scene) -> None:
    found = list(parts(scene, scene.entry("vm", key(scene, "shop01"))))
    (host,) = [one for one in found if isinstance(one, Fact) and one.label == "vm.host"]
    assert host.source == "RetrievePropertiesEx of HostSystem on vc-bergen"
    assert host.left.text.endswith("10s ago")
    scene.vm_readiness.fail("the store is busy", ago(5))
    notes = [one.text for one in parts(scene, scene.entry("vm", key(scene, "shop01"))) if isinstance(one, Note)]
    assert any("the store is busy" in text for text in notes)
    assert any("the store is busy" in "".join(c.text for c in line) for line in summary_lines(scene, 120))


def test_where_nothing_is_checked_it_is_said_why(scene: Scene) -> None:
    view = ReadinessView()
    view.cover(None, "this console asks no device")
    dumb = replace(scene, vm_readiness=view)
    entry = scene.entry("vm", key(scene, "shop01"))
    assert summary_lines(dumb, 120) == ()
    assert any(isinstance(one, Note) and "asks no device" in one.text for one in parts(dumb, entry))


def test_a_check_is_told_in_a_sentence(scene: Scene) -> None:
    noun = "replicated VM"
    assert told(scene.vm_readiness, scene, ["shop*"], noun) == (
        "shop01: not ready, because esx2.bergen is in maintenance."
    )
    assert told(scene.vm_readiness, scene, ["x"], noun) == "No replicated VM is called x."


@piloted
async def test_a_filter_finds_the_vms_that_are_not_ready() -> None:
    async with driven(troubled().view(), (120, 40)) as console:
        console.console.around.replicated = REPLICATED
        fill_vms(console.console.around.vm_readiness)
        await console.press("5", "slash", *"dr:not", "enter")
        assert isinstance(console.console.screen, ReplicasPane) or "shop01" in console.text
        assert "crm01_replica_8" not in console.text
        assert "shop01_replica_4" in console.text
