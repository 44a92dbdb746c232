"""Adapters inside a profile: position carries the meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.hmc import profiles
from backends.outcome import ParseError
from store.estate import AdapterType, EthAdapter, FcAdapter, ScsiAdapter

FC = "31/client/2/prd_vios1/112/c0507609a1b20010,c0507609a1b20011/1"
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
SLOTS = st.integers(2, 4000)
IDS = st.integers(1, 1000)
WWPNS = st.from_regex(r"c05076[0-9a-f]{10}", fullmatch=True)


def test_a_virtual_fc_client_has_two_wwpns_and_its_other_end() -> None:
    expected = FcAdapter(31, AdapterType.CLIENT, 2, "prd_vios1", 112, ("c0507609a1b20010", "c0507609a1b20011"), True)
    assert profiles.fc_adapter(FC) == expected


def test_a_server_adapter_that_takes_any_client_has_no_remote_id() -> None:
    assert profiles.scsi_adapter("0/server/any//any/1") == ScsiAdapter(0, AdapterType.SERVER, None, None, None, True)
    assert profiles.scsi_adapter("5/server/2//3/0") == ScsiAdapter(5, AdapterType.SERVER, 2, None, 3, False)
    assert profiles.fc_adapter("112/server/12/erp/31//1").wwpns == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2/0/1//1/0", EthAdapter(2, None, 1, "", trunk_priority=1)),
        ("2/0/1//1/0/ETHERNET0//all/none", EthAdapter(2, None, 1, "ETHERNET0", trunk_priority=1)),
        ("3/1/20/21,22/0/1/SW1/fa0c11d2e302", EthAdapter(3, "FA0C11D2E302", 20, "SW1", True, (21, 22), None, True)),
        (
            "3/1/20/21/0/0/SW1/FA0C11D2E302/none/3",
            EthAdapter(3, "FA0C11D2E302", 20, "SW1", True, (21,), allowed_macs="none", qos="3"),
        ),
    ],
)
def test_virtual_ethernet_is_read_with_six_eight_and_ten_fields(text: str, expected: EthAdapter) -> None:
    assert profiles.eth_adapter(text) == expected


@pytest.mark.parametrize(
    "text",
    ["2/0/1//1", "2/0/1//1/0/SW", "2/0/1//1/0/SW//all", "2/0/1//1/0/SW//all/none/x", "2/0/4095//0/0", "2/0/x//0/0"],
)
def test_virtual_ethernet_with_another_number_of_fields_or_an_impossible_vlan_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        profiles.eth_adapter(text)
    assert caught.value.line == text


@pytest.mark.parametrize(
    "text",
    [
        "31/client/2/v/112/c0507609a1b20010,c0507609a1b20011",
        "31/client/2/v/112/c0507609a1b20010/1",
        "31/client/2/v/112//1",
        "31/client/2/v/112/c0507609a1b20010,c0507609a1b20010/1",
        "31/client/2/v/112/c0507609a1b2001,c0507609a1b20011/1",
        "31/client/2/v/112/c0507609a1b200100,c0507609a1b20011/1",
        "31/Client/2/v/112/c0507609a1b20010,c0507609a1b20011/1",
        "31/client/2/v/112/c0507609a1b20010,c0507609a1b20011/yes",
        "x/client/2/v/112/c0507609a1b20010,c0507609a1b20011/1",
    ],
)
def test_pra_04_a_virtual_fc_adapter_of_another_form_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        profiles.fc_adapter(text)
    assert caught.value.line == text


@pytest.mark.parametrize("mac", ["FA0C11D2E30", "FA0C11D2E3011", "GA0C11D2E301"])
def test_pra_04_a_mac_that_is_not_twelve_hex_digits_is_refused(mac: str) -> None:
    with pytest.raises(ParseError):
        profiles.eth_adapter(f"2/0/1//0/0/ETHERNET0/{mac}/all/none")


@given(
    st.builds(
        FcAdapter,
        SLOTS,
        st.just(AdapterType.CLIENT),
        IDS,
        NAMES,
        SLOTS,
        st.lists(WWPNS, min_size=2, max_size=2, unique=True).map(tuple),
        st.booleans(),
    )
)
def test_a_virtual_fc_adapter_written_and_read_is_the_same(adapter: FcAdapter) -> None:
    assert profiles.fc_adapter(profiles.fc_text(adapter)) == adapter


@given(
    st.builds(
        EthAdapter,
        SLOTS,
        st.none() | st.from_regex(r"[0-9A-F]{12}", fullmatch=True),
        st.integers(1, 4094),
        st.just("") | NAMES,
        st.booleans(),
        st.lists(st.integers(1, 4094), max_size=4).map(tuple),
        st.none() | st.integers(1, 15),
        st.booleans(),
    )
)
def test_a_virtual_ethernet_adapter_written_and_read_is_the_same(adapter: EthAdapter) -> None:
    assert profiles.eth_adapter(profiles.eth_text(adapter)) == adapter


@given(
    st.builds(
        ScsiAdapter,
        SLOTS,
        st.sampled_from(AdapterType),
        st.none() | IDS,
        st.none() | NAMES,
        st.none() | SLOTS,
        st.booleans(),
    )
)
def test_a_virtual_scsi_adapter_written_and_read_is_the_same(adapter: ScsiAdapter) -> None:
    assert profiles.scsi_adapter(profiles.scsi_text(adapter)) == adapter
