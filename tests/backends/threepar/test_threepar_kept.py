"""A look at the groups alone, over sessions that stay logged in: it tells all of them, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from backends.endpoint import Limits
from backends.slots import Slots
from backends.threepar.driver import ThreeParDriver
from backends.threepar.kept import KeptArray
from store.estate import RemoteCopyGroup
from tests.backends.threepar.rcopy_pair import Pair, rcopy_pair

LIMITS = Limits(connect_s=5, call_s=20)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with rcopy_pair(tmp_path, speed=20.0) as pair:
        yield pair


def array(pair: Pair) -> KeptArray:
    return KeptArray("oslo", lambda: ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), LIMITS), Slots(2))


def still(group: RemoteCopyGroup) -> RemoteCopyGroup:
    """Without the sizes, and without the times, which go on from one look to the next."""
    volumes = tuple(replace(volume, size_mib=None, last_sync=None) for volume in group.volumes)
    return replace(group, volumes=volumes, last_sync=None)


def test_the_groups_and_their_exports_are_those_of_a_whole_reading(pair: Pair) -> None:
    whole = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), LIMITS).read()
    found = array(pair).groups()
    assert found is not None and found.problems == whole.problems == ()
    expected = [obj for obj in whole.objects if isinstance(obj, RemoteCopyGroup)]
    assert any(volume.vluns for group in expected for volume in group.volumes)
    assert [still(obj) for obj in found.objects if isinstance(obj, RemoteCopyGroup)] == [still(g) for g in expected]


def test_a_group_that_only_one_door_tells_of_or_twice_is_left_to_a_whole_reading(pair: Pair) -> None:
    kept, now = array(pair), datetime.now(UTC)
    api, text = kept._ask_wsapi(), kept._groups_csv()
    assert kept._merged(now, api, text) is not None
    assert kept._merged(now, replace(api, groups=api.groups[1:]), text) is None
    assert kept._merged(now, replace(api, groups=[*api.groups, api.groups[0]]), text) is None
    assert kept._merged(now, api, text + text) is None
    assert kept._merged(now, replace(api, skew_s=None), text) is None
    assert kept._merged(now, replace(api, system=replace(api.system, time_zone=None)), text) is None
