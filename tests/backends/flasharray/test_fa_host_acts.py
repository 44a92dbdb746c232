"""Acts on hosts, copies and connections: the request as a person reads it, and what the array then holds."""

from __future__ import annotations

import pytest

from backends.flasharray.acts import Act, AddHostWwns, ConnectVolume, CopyVolume, CreateHost, DisconnectVolume
from backends.outcome import DeviceError, Failure, ParseError, Sent
from tests.backends.flasharray.fa_estate import WWPNS, Estate

NEW = ("c0507601a1b20090", "c0507601a1b20091")
PART = "fa-prd:pg-erp.3.erp-0"


def perform(arrays: Estate, act: Act, name: str = "fa-dr") -> str:
    with arrays.driver(name) as driver:
        return driver.perform(act)


def refused(arrays: Estate, act: Act, name: str = "fa-dr") -> str:
    with pytest.raises(DeviceError) as caught:
        perform(arrays, act, name)
    assert (caught.value.failure, caught.value.sent) == (Failure.REFUSED, Sent.REFUSED)
    return caught.value.text


@pytest.mark.parametrize(
    ("act", "command"),
    [
        (
            CreateHost("erp_db1", NEW, "aix"),
            'POST /hosts?names=erp_db1 {"wwns": ["C0507601A1B20090", "C0507601A1B20091"], "personality": "aix"}',
        ),
        (CreateHost("erp_db1", NEW[:1], None), 'POST /hosts?names=erp_db1 {"wwns": ["C0507601A1B20090"]}'),
        (AddHostWwns("erp_db1", NEW[:1]), 'PATCH /hosts?names=erp_db1 {"add_wwns": ["C0507601A1B20090"]}'),
        (
            CopyVolume("erp-0", PART),
            f'POST /volumes?names=erp-0&with_default_protection=false {{"source": {{"name": "{PART}"}}}}',
        ),
        (
            ConnectVolume("erp_db1", "erp-0", 7),
            'POST /connections?host_names=erp_db1&volume_names=erp-0 {"lun": 7}',
        ),
        (DisconnectVolume("erp_db1", "erp-0"), "DELETE /connections?host_names=erp_db1&volume_names=erp-0"),
    ],
)
def test_a_plan_shows_the_request_as_the_vendor_writes_it(act: Act, command: str) -> None:
    assert act.command() == command


def test_a_host_its_copy_and_its_connection_are_made_and_unmade(arrays: Estate) -> None:
    assert perform(arrays, CreateHost("erp_db1", NEW[:1], "aix")) == "erp_db1"
    assert perform(arrays, AddHostWwns("erp_db1", NEW[1:])) == "erp_db1"
    assert perform(arrays, CopyVolume("erp-0", PART)) == "erp-0"
    assert perform(arrays, ConnectVolume("erp_db1", "erp-0", 7)) == ""
    host = arrays.dr.host("erp_db1")
    assert (host.wwns, host.personality) == ([wwpn.upper() for wwpn in NEW], "aix")
    assert [(made.disk.name, made.lun) for made in arrays.dr.connections_of(host)] == [("erp-0", 7)]
    assert arrays.dr.disk("erp-0").core.size == arrays.prod.disk("erp-0").core.size
    assert arrays.dr.disk("erp-0").tags == []
    assert perform(arrays, DisconnectVolume("erp_db1", "erp-0")) == ""
    assert arrays.dr.connections_of(host) == []


def test_pra_07_a_wwn_that_another_host_has_leaves_neither_an_empty_host_nor_half_of_them(arrays: Estate) -> None:
    assert "already in use by host erp_db1" in refused(arrays, CreateHost("app1", (*NEW, WWPNS[0]), "aix"), "fa-prd")
    assert "app1" not in arrays.prod.hosts
    perform(arrays, CreateHost("app1", NEW[:1], None), "fa-prd")
    assert "already in use by host erp_db1" in refused(arrays, AddHostWwns("app1", (NEW[1], WWPNS[0])), "fa-prd")
    assert arrays.prod.host("app1").wwns == [NEW[0].upper()]


def test_a_name_a_copy_or_a_lun_that_is_taken_is_refused(arrays: Estate) -> None:
    assert "already exists" in refused(arrays, CreateHost("erp_db1", NEW, None), "fa-prd")
    perform(arrays, CopyVolume("erp-0", PART))
    assert "already exists" in refused(arrays, CopyVolume("erp-0", PART))
    assert refused(arrays, ConnectVolume("erp_db1", "erp-2", 10), "fa-prd")
    assert refused(arrays, DisconnectVolume("nobody", "erp-0"), "fa-prd")


@pytest.mark.parametrize(
    "act",
    [
        CreateHost("a,b", NEW, None),
        CreateHost("app1", ("c0507601a1b2009",), None),
        CreateHost("app1", NEW, "os2"),
        AddHostWwns("app1", ()),
        CopyVolume("erp-*", PART),
        CopyVolume("erp-0", "pg-erp.3,pg-erp.4"),
        ConnectVolume("app1", "erp-0", 0),
        ConnectVolume("app1", "erp-0", 4096),
    ],
)
def test_what_would_address_others_or_nothing_is_refused_before_anything_is_sent(arrays: Estate, act: Act) -> None:
    with arrays.driver("fa-dr") as driver, pytest.raises(ParseError):
        driver.perform(act)
    assert not any(
        path in verb for verb in arrays.world.devices["fa-dr"].counters.requests for path in ("hosts", "volumes")
    )
    assert arrays.requests("POST /connections", "fa-dr") == 0
