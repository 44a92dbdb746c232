"""The vendor's client library, unmodified and with its defaults, works against a simulated array."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from pypureclient import flasharray
from pypureclient.configuration import Configuration
from pypureclient.exceptions import PureError
from pypureclient.responses import ErrorResponse

from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from tests.backends.flasharray.fa_estate import TOKEN, Estate


def client_of(arrays: Estate, name: str = "fa-prd", **more: Any) -> Any:
    configuration = Configuration(ssl_ca_cert=str(arrays.lab.identities.ca_file))
    target = f"127.0.0.1:{arrays.world.devices[name].ports['https']}"
    return flasharray.Client(target, configuration=configuration, verify_ssl=True, api_token=TOKEN, timeout=5, **more)


@pytest.fixture
def client(arrays: Estate) -> Iterator[Any]:
    made = client_of(arrays)
    yield made
    made._token_man.close_session()


def test_it_chooses_the_newest_version_that_both_know(client: Any) -> None:
    assert client.get_rest_version() == "2.36"


@pytest.mark.parametrize("version", ["2.26", "2.36", "2.4"])
def test_it_lists_with_the_version_asked_for(arrays: Estate, version: str) -> None:
    made = client_of(arrays, version=version)
    assert [v.name for v in made.get_volumes().items] == ["erp-0", "erp-1", "erp-2", "pod-web::web-1"]
    assert next(iter(made.get_protection_groups().items)).name == "pg-erp"
    made._token_man.close_session()


def test_it_pages_by_token_through_many_pages(arrays: Estate) -> None:
    with arrays.world.turn():
        for number in range(30):
            arrays.prod.add_volume(f"many-{number:02}", 512)
    made = client_of(arrays, auto_pagination_limit=7)
    names = [v.name for v in made.get_volumes().items]
    assert len(names) == len(set(names)) == 34
    assert arrays.requests("GET /volumes") == 5
    made._token_man.close_session()


def test_it_pages_by_offset_where_there_is_no_token_and_with_sort(arrays: Estate) -> None:
    with arrays.world.turn():
        for number in range(20):
            protection.take(arrays.prod, arrays.group, f"s-{number:02}", "now")
    made = client_of(arrays, auto_pagination_limit=6)
    moved = [t.name for t in made.get_protection_group_snapshots_transfer().items]
    assert len(moved) == len(set(moved)) == 23
    newest = [s.name for s in made.get_protection_group_snapshots(sort=["name-"]).items]
    assert newest == sorted(newest, reverse=True) and len(newest) == 23
    made._token_man.close_session()


def test_pages_of_the_systems_own_size_are_followed(arrays: Estate, client: Any) -> None:
    with arrays.world.turn():
        for number in range(2500):
            arrays.prod.add_volume(f"many-{number:04}", 512)
    assert sum(1 for _ in client.get_volumes().items) == 2504
    assert arrays.requests("GET /volumes") == 3


def test_it_takes_a_snapshot_and_watches_it_cross(arrays: Estate, client: Any) -> None:
    answer = client.post_protection_group_snapshots(
        source_names=["pg-erp"],
        apply_retention=True,
        replicate_now=True,
        protection_group_snapshot=flasharray.ProtectionGroupSnapshotPost(suffix="lib-1"),
    )
    assert answer.status_code == 200 and next(iter(answer.items)).name == "pg-erp.lib-1"
    target = client_of(arrays, "fa-dr")
    arrays.pass_time(30)
    moved = next(iter(target.get_protection_group_snapshots_transfer(names=["fa-prd:pg-erp.lib-1"]).items))
    assert (moved.progress, moved.completed is not None) == (1.0, True)
    assert list(target.get_protection_group_snapshots_transfer(names=["fa-prd:pg-erp.never"]).items) == []
    made = target.post_volumes(
        names=["copy-1"],
        volume=flasharray.VolumePost(source=flasharray.Reference(name="fa-prd:pg-erp.lib-1.erp-0")),
        with_default_protection=False,
    )
    assert made.status_code == 200
    target._token_man.close_session()


def test_an_error_is_what_the_library_understands(client: Any) -> None:
    answer = client.get_volumes(names=["nowhere"])
    assert isinstance(answer, ErrorResponse) and answer.status_code == 400
    assert (answer.errors[0].context, answer.errors[0].message) == ("nowhere", "Volume does not exist.")


def test_filters_of_the_library_select(client: Any) -> None:
    big = client.get_volumes(filter=flasharray.Volume.provisioned > 150 * 1024**3)
    assert [v.name for v in big.items] == ["erp-1", "erp-2"]
    named = client.get_volumes(filter="name='erp-*' and not(contains(name,'2'))")
    assert [v.name for v in named.items] == ["erp-0", "erp-1"]


def test_its_own_new_login_after_an_expired_session_works(arrays: Estate, client: Any) -> None:
    arrays.pass_time(4000)
    assert client.get_arrays().status_code == 200
    assert arrays.world.devices["fa-prd"].counters.logins == 2


def test_with_its_defaults_it_repeats_a_change_and_the_counters_show_it(arrays: Estate, client: Any) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_504_AFTER, "POST /hosts", count=1)
    answer = client.post_hosts(names=["app-1"], host=flasharray.HostPost())
    assert arrays.requests("POST /hosts") == 2
    assert isinstance(answer, ErrorResponse) and "already exists" in answer.errors[0].message


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_wrong_token_is_refused(arrays: Estate) -> None:
    target = f"127.0.0.1:{arrays.world.devices['fa-prd'].ports['https']}"
    with pytest.raises(PureError):
        flasharray.Client(target, api_token="wrong", verify_ssl=False)


def test_strict_models_accept_what_the_door_answers(arrays: Estate) -> None:
    from tests.backends.lab.flasharray.fa_curl import Curl

    curl = Curl(arrays).login()
    models = {
        "volumes": "Volume",
        "hosts": "Host",
        "connections": "Connection",
        "arrays": "Arrays",
        "pods": "Pod",
        "alerts": "Alert",
        "protection-groups": "ProtectionGroup",
        "protection-group-snapshots": "ProtectionGroupSnapshot",
        "volume-snapshots": "VolumeSnapshot",
        "pod-replica-links": "PodReplicaLink",
        "array-connections": "ArrayConnection",
    }
    from pypureclient.flasharray.FA_2_26 import models as known

    for path, name in models.items():
        for row in curl.items(path):
            getattr(known, name).parse_obj(row)
    assert isinstance(curl.connection, http.client.HTTPSConnection)
