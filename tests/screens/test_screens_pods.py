"""Pods on the screen: state, direction, lag and recovery point with its age, drills, splits, and plans about them."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from screens.cells import Tone
from screens.columns import Widths, lay_out
from screens.levels import Level, LevelRow, Ref, level
from screens.levels.pods import POD_COLUMNS
from screens.plan_parts import plan_parts
from screens.run_words import RECOVERING
from screens.side_by_side import Note
from store.estate import Pod, PodReplicaLink
from store.runs import Plan
from tests.screens.estate import NOW, Estate, ago, devices, entry


def pod(array: str, name: str, promotion: str, *links: PodReplicaLink, destroyed: bool = False) -> Pod:
    return Pod(array, f"id-{array}", f"{array}-{name}", name, destroyed, promotion, links=links)


def pair(source: str = "promoted", target: str = "demoted", status: str = "replicating") -> tuple[Pod, Pod]:
    point = None if status == "baselining" else NOW - timedelta(seconds=95)
    there = PodReplicaLink("outbound", "fa-bergen", "web-dr", status, False, 95.0, point)
    back = replace(there, direction="inbound", remote="fa-oslo", remote_pod="web")
    return pod("fa-oslo", "web", source, there), pod("fa-bergen", "web-dr", target, back)


def listed(*pods: Pod) -> Level:
    """The pods of the first array, with all of them known."""
    estate = Estate(devices())
    estate.entries += [entry(each, each.array) for each in pods]
    return level(estate.scene(), Ref("device.objects", pods[0].array, "pod"))


def cells(made: Level, name: str) -> dict[str, str]:
    found: LevelRow = next(row for row in made.rows if row.cells[0].text == name)
    return {column.title: cell.text for column, cell in zip(made.columns, found.cells, strict=True)}


def test_a_pod_says_state_direction_lag_and_recovery_point_with_its_age() -> None:
    found = cells(listed(*pair()), "web")
    assert found == {
        "Pod": "web",
        "State": "● promoted",
        "Direction": "outbound",
        "Other side": "fa-bergen:web-dr",
        "Link": "● replicating",
        "Lag": "1m 35s",
        "RPO age": "1m",
        "Recovery point (UTC)": "02:58:25",
        "Age": "10s",
    }


def test_the_target_says_the_same_from_its_side() -> None:
    found = cells(listed(*reversed(pair())), "web-dr")
    assert (found["State"], found["Direction"], found["Other side"]) == ("● demoted", "inbound", "fa-oslo:web")


def test_a_pod_that_is_baselining_has_no_bound() -> None:
    made = listed(*pair(status="baselining"))
    assert (cells(made, "web")["RPO age"], cells(made, "web")["Link"]) == ("no bound", "▲ baselining")


def test_only_a_link_that_replicates_looks_calm() -> None:
    for status, tone in (("idle", Tone.WARN), ("quiesced", Tone.WARN), ("unhealthy", Tone.BAD)):
        made = listed(*pair("demoted", "demoted", status))
        assert made.rows[0].cells[4].tone is tone


def test_two_promoted_sides_are_marked_as_a_drill_or_a_split() -> None:
    here, there = pair(target="promoted")
    made = listed(here, there)
    assert cells(made, "web")["State"] == "▲ promoted, both sides"
    estate = Estate(devices())
    estate.entries += [entry(here, "fa-oslo"), entry(there, "fa-bergen")]
    notes = level(estate.scene(), Ref("pod.links", here.key)).notes
    assert [note.text for note in notes if note.tone is Tone.WARN] == [
        "web-dr on fa-bergen is promoted too: a drill, or two sides that both took writes."
    ]


def test_what_a_demotion_left_behind_is_not_taken_for_a_pod() -> None:
    kept = pod("fa-oslo", "web.undo-demote", "demoted", destroyed=True)
    found = cells(listed(*pair(), kept), "web.undo-demote")
    assert (found["State"], found["Link"], found["RPO age"]) == ("pending eradication", "none", "–")


def test_of_several_links_the_one_that_is_furthest_behind_is_shown() -> None:
    near = PodReplicaLink("outbound", "fa-bergen", "a", "replicating", False, 2.0, ago(2))
    far = PodReplicaLink("outbound", "fa-third", "b", "replicating", False, 900.0, ago(900))
    found = cells(listed(pod("fa-oslo", "web", "promoted", near, far)), "web")
    assert (found["Other side"], found["RPO age"]) == ("fa-third:b and 1 more", "15m")


def test_the_columns_that_a_failover_is_decided_by_fit_80_columns() -> None:
    widths = Widths.of(POD_COLUMNS)
    for row in listed(*pair()).rows:
        widths.take(row.cells)
    titles = [POD_COLUMNS[slot.index].title for slot in lay_out(POD_COLUMNS, widths, 79)]
    assert {"Pod", "State", "Direction", "Link", "Lag", "RPO age", "Age"} <= set(titles)


def test_a_plan_for_a_pod_is_about_one_thing_although_it_has_a_target_on_each_side() -> None:
    plan = Plan("promote", "promote web", ("pod:a:web", "pod:b:web"), NOW)
    texts = [part.text for part in plan_parts(plan, NOW) if isinstance(part, Note)]
    assert not [text for text in texts if "groups" in text]
    groups = replace(plan, targets=("rcg:1:a", "rcg:1:b"))
    assert [part.text for part in plan_parts(groups, NOW) if isinstance(part, Note)] == ["Groups: a, b"]


def test_a_promotion_runs_against_the_recovery_clock() -> None:
    assert "promote" in RECOVERING
