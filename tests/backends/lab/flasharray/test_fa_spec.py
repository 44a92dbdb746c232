"""Every answer of the door that has a place in the vendor's specification of REST 2.26 fits it."""

from __future__ import annotations

from typing import Any

import pytest

from backends.lab.flasharray import door
from backends.lab.flasharray.reads import READS
from tests.backends.flasharray.fa_estate import Estate
from tests.backends.lab.flasharray.fa_curl import Curl
from tests.backends.lab.flasharray.fa_swagger import SPEC, Spec

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the vendor's specification is not beside this checkout")


@pytest.fixture(scope="module")
def spec() -> Spec:
    return Spec()


LATER = {
    ("GET", "hosts"): {"destroyed"},
    ("GET", "host-groups"): {"destroyed"},
    ("POST", "volumes"): {"allow_throttle"},
}
"""What REST 2.36, which is offered too, has added."""

LISTS = sorted([*READS, "sessions", "admins"])
NEEDED = {"volumes/diff": f"?names=erp-0&block_size={1024**2}&segment_length={100 * 1024**3}"}
"""What a list cannot do without."""


@pytest.mark.parametrize("path", LISTS)
def test_a_list_answers_in_the_form_of_the_specification(arrays: Estate, spec: Spec, path: str) -> None:
    arrays.pass_time(3600)
    for name in ("fa-prd", "fa-dr"):
        if name == "fa-dr" and path in NEEDED:
            continue
        status, body = Curl(arrays, name).login().call("GET", path + NEEDED.get(path, ""))
        assert status == 200
        assert spec.errors(body, spec.answer_schema("GET", path), path) == []


def test_the_lists_of_the_estate_are_not_empty(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    curl.call("PUT", "volumes/tags/batch?resource_names=erp-0", [{"key": "k", "value": "v"}])
    empty = {path for path in LISTS if not curl.items(path + NEEDED.get(path, ""))}
    assert empty == {
        "host-groups",
        "host-groups/hosts",
        "offloads",
        "protection-groups/host-groups",
        "protection-groups/hosts",
        "volume-snapshots/tags",
        "volumes/diff",  # nothing was written yet
    }


@pytest.mark.parametrize("path", sorted(READS))
def test_a_list_takes_no_parameter_that_the_specification_lacks(spec: Spec, path: str) -> None:
    known = (
        spec.parameters("GET", path) | LATER.get(("GET", path), set()) | {"names"}
    )  # two transfer lists lack names in it and have them in the library
    assert set(READS[path].listing.parameters) <= known
    assert "continuation_token" in known or not READS[path].listing.token


@pytest.mark.parametrize("call", sorted(door.CHANGES))
def test_a_change_takes_no_parameter_that_the_specification_lacks(spec: Spec, call: tuple[str, str]) -> None:
    method, path = call
    assert set(door.CHANGES[call].parameters) <= spec.parameters(method, path) | LATER.get(call, set())


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "volumes?names=new-1", {"provisioned": 1024**3}),
    ("POST", "volumes?names=new-2&with_default_protection=false", {"source": {"name": "pg-erp.1.erp-0"}}),
    ("PATCH", "volumes?names=new-1", {"destroyed": True}),
    ("POST", "volume-snapshots?source_names=erp-0,erp-1", {"suffix": "safe-1"}),
    ("PATCH", "volume-snapshots?names=erp-0.safe-1", {"destroyed": True}),
    ("PUT", "volumes/tags/batch?resource_names=erp-0", [{"key": "k", "value": "v", "copyable": True}]),
    ("POST", "hosts?names=app-1", {"wwns": ["C0507601A1B20099"], "personality": "aix"}),
    ("PATCH", "hosts?names=app-1", {"add_wwns": ["C0507601A1B20098"]}),
    ("POST", "host-groups?names=hg-1", None),
    ("POST", "host-groups/hosts?group_names=hg-1&member_names=app-1", None),
    ("POST", "connections?host_names=app-1&volume_names=new-2", {"lun": 9}),
    ("POST", "connections?host_group_names=hg-1&volume_names=erp-0", None),
    ("POST", "protection-groups?names=pg-new", None),
    ("PATCH", "protection-groups?names=pg-new", {"replication_schedule": {"enabled": False, "frequency": 600000}}),
    ("POST", "protection-groups/volumes?group_names=pg-new&member_names=new-2", None),
    ("POST", "protection-groups/targets?group_names=pg-new&member_names=fa-dr", None),
    ("POST", "protection-group-snapshots?source_names=pg-erp&replicate_now=true", {"suffix": "s-1"}),
    ("POST", "protection-group-snapshots/test?source_names=pg-erp", {"suffix": "s-1"}),
    ("PATCH", "protection-group-snapshots?names=pg-erp.s-1", {"destroyed": True}),
    ("POST", "protection-group-snapshots?source_names=pg-erp", {"suffix": "s-2"}),
    ("POST", "protection-group-snapshots/replica?names=pg-erp.s-2&on=fa-dr", None),
    ("POST", "pods?names=pod-new", {}),
    ("PATCH", "pods?names=pod-new", {"requested_promotion_state": "demoted"}),
    ("PATCH", "pod-replica-links?local_pod_names=pod-web", {"paused": True}),
]


def test_changes_answer_in_the_form_of_the_specification(arrays: Estate, spec: Spec) -> None:
    curl = Curl(arrays).login()
    for method, path, body in CHANGES:
        status, answer = curl.call(method, path, body)
        assert status == 200, (path, answer)
        plain = path.partition("?")[0]
        assert answer["items"], path
        assert spec.errors(answer, spec.answer_schema(method, plain), path) == []


def test_the_validator_itself_sees_what_does_not_fit(spec: Spec) -> None:
    schema = spec.answer_schema("GET", "volumes")
    bad = {
        "items": [{"name": 5, "provisioned": "x", "qos": [], "new": 1, "priority": 2**40}],
        "more_items_remaining": 1,
    }
    assert len(spec.errors(bad, schema)) == 6
