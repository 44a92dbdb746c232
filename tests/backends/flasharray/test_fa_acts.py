"""What a step does to an array: what people are shown is what is sent."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from backends.flasharray import verbs
from backends.flasharray.acts import (
    Act,
    DemotePod,
    OverwriteVolume,
    PromotePod,
    RestoreGroup,
    SendSnapshot,
    SnapshotGroup,
    SnapshotVolumes,
    TagAsSource,
    TagVolume,
    UntagVolume,
)
from backends.flasharray.looks import SnapshotMembers
from backends.flasharray.verbs import Replicate, Tag
from backends.lab.flasharray import door as door_module
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB
from backends.lab.https import Request, Response
from backends.outcome import DeviceError, Sent
from tests.backends.flasharray.fa_estate import Estate

ACTS: tuple[tuple[Act, str], ...] = (
    (SnapshotGroup("pg-erp", "night", Replicate.NOW), "pg-erp.night"),
    (SnapshotGroup("pg-erp", "night", Replicate.QUEUED), "pg-erp.night"),
    (SnapshotGroup("pg-erp", "night", Replicate.NO), "pg-erp.night"),
    (SendSnapshot("pg-erp.unsent", "fa-dr"), "pg-erp.unsent"),
    (SnapshotVolumes(("erp-0", "erp-1"), "kept"), "erp-0.kept, erp-1.kept"),
    (OverwriteVolume("copy", "pg-erp.3.erp-0"), "copy"),
    (RestoreGroup("pg-erp", "pg-erp.3"), "pg-erp"),
    (TagVolume("copy", "snapshot_mapping", "id-1"), ""),
    (UntagVolume("copy", "old"), ""),
    (DemotePod("pod-web", quiesce=True), "pod-web"),
    (DemotePod("pod-web", quiesce=False), "pod-web"),
    (PromotePod("pod-web"), "pod-web"),
)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that change something, but for logins."""
    seen: list[Request] = []
    real = door_module.Rest._route

    def route(self: door_module.Rest, request: Request, now: float) -> Response:
        if request.method != "GET" and not request.path.endswith(("/login", "/logout")):
            seen.append(request)
        return real(self, request, now)

    monkeypatch.setattr(door_module.Rest, "_route", route)
    return seen


def as_shown(command: str) -> tuple[str, str, dict[str, list[str]], object]:
    """Method, path, query and body of a request as people are shown it."""
    method, _, rest = command.partition(" ")
    address, _, body = rest.partition(" ")
    path, _, query = address.partition("?")
    return method, path, parse_qs(query), json.loads(body) if body else None


@pytest.mark.parametrize(("act", "made"), ACTS, ids=lambda each: repr(each) if not isinstance(each, str) else "")
def test_an_act_is_sent_once_and_as_it_is_shown(arrays: Estate, writes: list[Request], act: Act, made: str) -> None:
    with arrays.world.turn():
        arrays.world.power_off(arrays.world.writers["lpar:erp_db1"])
        arrays.prod.add_volume("copy", 100 * GIB)
        protection.take(arrays.prod, arrays.group, "unsent")
    arrays.pass_time(60)
    with arrays.driver() as driver:
        verbs.tag_volumes(driver.client, ["copy"], [Tag("old", "x")])
        writes.clear()
        assert driver.perform(act) == made
    (sent,) = writes
    body = json.loads(sent.body) if sent.body else None
    assert (sent.method, sent.path.partition("/api/2.26")[2], sent.query, body or None) == as_shown(act.command())


def test_a_tag_is_taken_off_and_another_one_stays(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.tag_volumes(driver.client, ["erp-0"], [Tag("snapshot_mapping", "a"), Tag("run", "7")])
        verbs.untag_volume(driver.client, "erp-0", "snapshot_mapping")
        verbs.untag_volume(driver.client, "erp-0", "snapshot_mapping")
        assert verbs.volume_tags(driver.client) == {"erp-0": {"run": "7"}}


def test_a_volume_is_tagged_with_what_a_snapshot_is_of_that_came_from_elsewhere(arrays: Estate) -> None:
    with arrays.driver() as driver:
        members = SnapshotMembers("pg-erp.3").take(driver)
        part = next(each for each in members if each.name == "pg-erp.3.erp-0")
        driver.perform(TagAsSource("erp-1", "snapshot_mapping", part.name))
        assert verbs.volume_tags(driver.client)["erp-1"] == {"snapshot_mapping": part.source_id}
        with pytest.raises(DeviceError) as refused:
            driver.perform(TagAsSource("erp-1", "snapshot_mapping", "pg-erp.3.nobody"))
    assert refused.value.sent is Sent.NO, "nothing left"


def test_an_undo_of_a_demotion_names_the_pod_that_kept_the_writes() -> None:
    shown = PromotePod("pod-web", "pod-web.undo-demote").command()
    assert (
        shown == 'PATCH /pods?names=pod-web&promote_from=pod-web.undo-demote {"requested_promotion_state": "promoted"}'
    )
