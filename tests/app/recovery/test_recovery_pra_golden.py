"""What the definition at the recovery site is to be, and where one that is there differs from it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.pra_records import SystemMap, WwpnPolicy
from app.recovery.pra.golden import UndefinableError, attributes, differences, golden, next_profile
from app.recovery.pra.hmc_steps import differing
from backends.hmc import profiles as written
from backends.hmc.verbs import ChangeProfile, Create
from store.estate import AdapterType, EthAdapter, FcAdapter, Lpar, LparProfile, LparState
from tests.app.recovery.pra_profiles import FACTORS, PROFILE, WHERE, client, lpar, lpars, mac, maps, nic, pair, server

OWN, SAME = WwpnPolicy.OWN, WwpnPolicy.SAME


def built(
    profile: LparProfile, where: SystemMap = WHERE, policy: WwpnPolicy = OWN, eth: tuple[EthAdapter, ...] = ()
) -> LparProfile:
    return golden(lpar("erp_db1", profile, eth=eth), where, policy)


# ------------------------------------------------------------------------------------------------------ the profile


def test_the_profile_to_come_is_the_default_one_and_without_a_default_the_current_one() -> None:
    other = replace(PROFILE, name="other")
    one = lpar("erp_db1", PROFILE, other)
    assert next_profile(one) == PROFILE
    assert next_profile(replace(one, default_profile="other")) == other
    assert next_profile(replace(one, default_profile=None, curr_profile="other")) == other
    assert next_profile(replace(one, default_profile="gone")) is None
    assert next_profile(replace(one, default_profile=None, curr_profile=None)) is None


def test_an_lpar_without_a_profile_to_come_cannot_be_defined_elsewhere() -> None:
    with pytest.raises(UndefinableError, match="erp_db1 has no profile that its next activation would use"):
        golden(lpar("erp_db1"), WHERE, OWN)


@given(lpars(), maps(), st.sampled_from(WwpnPolicy))
def test_it_never_starts_by_itself_boots_normally_and_carries_nothing_of_the_other_site(
    home: Lpar, where: SystemMap, policy: WwpnPolicy
) -> None:
    found = golden(home, where, policy)
    assert (found.auto_start, found.boot_mode, found.scsi) == (False, "norm", ())
    assert all((each.remote_lpar_id, each.remote_slot) == (None, None) for each in found.fc)
    assert all(each.adapter_type is AdapterType.CLIENT for each in found.fc)


# ------------------------------------------------------------------------------------------------------------ sizes


@given(lpars(), maps())
def test_memory_is_rounded_up_to_whole_blocks_of_256_mb_and_never_to_none(home: Lpar, where: SystemMap) -> None:
    asked = home.profiles[0]
    found = golden(home, where, OWN)
    for before, after in (
        (asked.min_mem_mb, found.min_mem_mb),
        (asked.desired_mem_mb, found.desired_mem_mb),
        (asked.max_mem_mb, found.max_mem_mb),
    ):
        assert after % 256 == 0
        assert after >= 256
        # What floating point adds to a product is not memory.
        assert -0.001 <= after - before * where.memory < 256 or after == 256


@given(lpars(), maps())
def test_processors_are_rounded_up_to_whole_ones_and_units_to_hundredths(home: Lpar, where: SystemMap) -> None:
    asked = home.profiles[0]
    found = golden(home, where, OWN)
    assert found.desired_procs == max(1, math.ceil(round(asked.desired_procs * where.processors, 6)))
    if asked.desired_proc_units is None:
        assert found.desired_proc_units is None
        return
    assert found.desired_proc_units is not None
    assert round(found.desired_proc_units, 2) == found.desired_proc_units >= 0.05
    more = found.desired_proc_units - asked.desired_proc_units * where.processors
    least = round(0.05 * found.desired_procs, 2)  # of a whole processor, each virtual one needs as much
    assert -0.000_001 <= more < 0.010_001 or found.desired_proc_units in (0.05, least, found.min_proc_units)


@given(lpars(), maps())
def test_what_an_hmc_takes_at_home_it_takes_there_too(home: Lpar, where: SystemMap) -> None:
    found = golden(home, where, OWN)
    assert found.min_mem_mb <= found.desired_mem_mb <= found.max_mem_mb
    assert (found.min_procs or 0) <= found.desired_procs <= (found.max_procs or found.desired_procs)
    if found.desired_proc_units is not None:
        assert (found.min_proc_units or 0) <= found.desired_proc_units <= (found.max_proc_units or 1000)


def test_a_maximum_of_units_that_is_short_at_home_is_no_less_than_what_is_desired_there() -> None:
    short = replace(
        PROFILE,
        proc_mode="shared",
        min_procs=1,
        desired_procs=25,
        max_procs=26,
        min_proc_units=0.05,
        desired_proc_units=1.25,
        max_proc_units=1.25,
    )
    found = built(short, replace(WHERE, processors=0.5))
    assert (found.desired_procs, found.desired_proc_units, found.max_proc_units) == (13, 0.65, 0.65)


@given(lpars(), maps())
def test_each_virtual_processor_keeps_the_share_that_it_needs_at_least(home: Lpar, where: SystemMap) -> None:
    """An HMC refuses less than 0.05 units for each; a profile that has less at home is taken as it is."""
    asked, found = home.profiles[0], golden(home, where, OWN)
    for before, procs, units in (
        (asked.min_proc_units, asked.min_procs, (found.min_proc_units, found.min_procs)),
        (asked.desired_proc_units, asked.desired_procs, (found.desired_proc_units, found.desired_procs)),
        (asked.max_proc_units, asked.max_procs, (found.max_proc_units, found.max_procs)),
    ):
        if before is not None and before * 100 >= 5 * (procs or 0):
            assert round((units[0] or 0) * 100) >= 5 * (units[1] or 0)


def test_four_processors_with_a_fifth_of_a_unit_do_not_come_down_to_less_than_they_need() -> None:
    found = built(replace(PROFILE, desired_procs=4, desired_proc_units=0.2), replace(WHERE, processors=0.3))
    assert (found.desired_procs, found.desired_proc_units) == (2, 0.1)


@given(lpars(), FACTORS, FACTORS)
def test_a_larger_factor_never_gives_less(home: Lpar, one: float, other: float) -> None:
    small, large = (golden(home, replace(WHERE, memory=f, processors=f), OWN) for f in sorted((one, other)))
    assert small.desired_mem_mb <= large.desired_mem_mb
    assert small.desired_procs <= large.desired_procs
    assert (small.desired_proc_units or 0) <= (large.desired_proc_units or 0)


@pytest.mark.parametrize(("factor", "mb"), [(1.0, 8192), (0.5, 4096), (0.51, 4352), (0.05, 512), (1.1, 9216)])
def test_eight_gigabytes_by_a_factor(factor: float, mb: int) -> None:
    assert built(PROFILE, replace(WHERE, memory=factor)).desired_mem_mb == mb


@pytest.mark.parametrize(("factor", "units"), [(1.0, 0.5), (0.5, 0.25), (0.33, 0.17), (0.07, 0.05), (0.58, 0.29)])
def test_half_a_processor_by_a_factor(factor: float, units: float) -> None:
    assert built(PROFILE, replace(WHERE, processors=factor)).desired_proc_units == units


# -------------------------------------------------------------------------------------------------------- addresses


@given(lpars(), maps())
def test_the_mac_is_the_one_that_runs_whatever_the_profile_says(home: Lpar, where: SystemMap) -> None:
    found = golden(home, where, OWN)
    assert {each.slot: each.mac for each in found.eth} == {each.slot: each.mac for each in home.eth}


def test_without_a_running_adapter_the_mac_is_that_of_the_profile() -> None:
    assert built(replace(PROFILE, eth=(nic(2, mac(1)),))).eth[0].mac == mac(1)


def test_an_adapter_whose_mac_nobody_knows_is_refused_with_its_slot() -> None:
    with pytest.raises(UndefinableError, match="MAC of the adapter in slot 2 of erp_db1 is not known"):
        built(replace(PROFILE, eth=(nic(2, None),)))


def test_firmware_that_keeps_no_mac_in_a_profile_is_refused() -> None:
    with pytest.raises(UndefinableError, match="the firmware of P10-A keeps no MAC in a profile \\(slot 2 of erp_db1"):
        built(replace(PROFILE, eth=(nic(2, None, vswitch=""),)), eth=(nic(2, mac(1)),))


def test_vswitches_and_vlans_are_mapped_where_the_map_says_so_and_else_stay() -> None:
    here = nic(2, mac(1), 110, ieee=True, addl_vlan_ids=(120, 130))
    other = nic(3, mac(2), 140, vswitch="BACKUP")
    where = replace(WHERE, vswitch={"ETHERNET0": "VSW-DR"}, vlan={110: 210, 130: 230})
    found = built(replace(PROFILE, eth=(here, other)), where).eth
    assert [(e.vswitch, e.port_vlan_id, e.addl_vlan_ids) for e in found] == [
        ("VSW-DR", 210, (120, 230)),
        ("BACKUP", 140, ()),
    ]


def test_the_addresses_that_an_operating_system_may_use_and_the_priority_are_kept() -> None:
    (found,) = built(replace(PROFILE, eth=(nic(2, mac(1), allowed_macs="none", qos="3", required=True),))).eth
    assert (found.allowed_macs, found.qos, found.required) == ("none", "3", True)


# ------------------------------------------------------------------------------------------------------------ WWPNs


def test_client_adapters_go_to_the_mapped_vios_and_server_adapters_are_none_of_it() -> None:
    profile = replace(PROFILE, fc=(client(31, "a-vios1", pair(1)), client(32, "z-vios"), server(33, 2, "x", 3)))
    assert [(each.slot, each.remote_lpar_name) for each in built(profile).fc] == [(31, "b-vios1"), (32, "z-vios")]


@given(lpars(), maps())
def test_wwpns_are_production_s_only_where_the_policy_says_so(home: Lpar, where: SystemMap) -> None:
    assert all(each.wwpns == () for each in golden(home, where, OWN).fc)
    kept = [each.wwpns for each in golden(home, where, SAME).fc]
    assert kept == [each.wwpns for each in home.profiles[0].fc]


# ------------------------------------------------------------------------------------------------------ differences


@given(lpars(), maps(), st.sampled_from(WwpnPolicy))
def test_a_definition_does_not_differ_from_itself(home: Lpar, where: SystemMap, policy: WwpnPolicy) -> None:
    found = golden(home, where, policy)
    assert differences(found, found) == ()


@given(lpars(), maps())
def test_neither_the_order_of_adapters_nor_the_slots_behind_them_make_a_difference(
    home: Lpar, where: SystemMap
) -> None:
    wanted = golden(home, where, SAME)
    turned = replace(
        wanted,
        eth=wanted.eth[::-1],
        fc=tuple(replace(each, remote_lpar_id=7, remote_slot=99) for each in wanted.fc[::-1]),
    )
    assert differences(wanted, turned) == ()


def test_every_field_that_differs_is_named_with_what_it_is_to_be_and_what_it_is() -> None:
    wanted = built(replace(PROFILE, eth=(nic(2, mac(1)),)))
    found = replace(wanted, desired_mem_mb=4096, auto_start=True, eth=(nic(2, mac(9)),))
    assert [(each.field, each.wanted, each.found) for each in differences(wanted, found)] == [
        ("desired_mem", "8192", "4096"),
        ("auto_start", "0", "1"),
        (
            "virtual_eth_adapters",
            f"2/0/110//0/0/ETHERNET0/{mac(1)}/all/none",
            f"2/0/110//0/0/ETHERNET0/{mac(9)}/all/none",
        ),
    ]


def test_what_is_not_known_of_production_is_no_difference() -> None:
    assert differences(replace(built(PROFILE), max_procs=None, uncap_weight=None), built(PROFILE)) == ()


def test_another_wwpn_differs_only_where_production_s_are_kept() -> None:
    profile = replace(PROFILE, fc=(client(31, "a-vios1", pair(1)),))
    there = replace(built(profile), fc=(client(31, "b-vios1", pair(9)),))
    assert differences(built(profile), there) == ()
    (found,) = differences(built(profile, policy=SAME), there)
    assert (found.field, found.found) == ("virtual_fc_adapters", f"31/b-vios1/{','.join(pair(9))}")


def test_a_missing_adapter_is_a_difference_and_reads_as_none() -> None:
    wanted = built(replace(PROFILE, fc=(client(31, "a-vios1", pair(1)),)))
    assert [(each.field, each.found) for each in differences(wanted, replace(wanted, fc=()))] == [
        ("virtual_fc_adapters", "none")
    ]


# ------------------------------------------------------------------------------------------------------- attributes


def placed(profile: LparProfile) -> LparProfile:
    """The profile with a VIOS behind each adapter, as it is sent."""
    return replace(
        profile, fc=tuple(replace(each, remote_lpar_id=1, remote_slot=100 + each.slot) for each in profile.fc)
    )


@given(lpars(), maps(), st.sampled_from(WwpnPolicy))
def test_what_is_written_reads_back_as_the_profile(home: Lpar, where: SystemMap, policy: WwpnPolicy) -> None:
    wanted = placed(golden(home, where, policy))
    values = dict(attributes(wanted))
    assert tuple(map(written.eth_adapter, listed(values["virtual_eth_adapters"]))) == wanted.eth
    assert [fc_read(text) for text in listed(values["virtual_fc_adapters"])] == list(wanted.fc)
    assert values["desired_mem"] == str(wanted.desired_mem_mb)
    assert values["auto_start"] == "0"
    assert differing(wanted, attributes(wanted)) == []


def listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return () if value == "none" else (value,) if isinstance(value, str) else value


def fc_read(text: str) -> FcAdapter:
    """A client adapter as it is written; one without WWPNs is still to get them, and is never read so."""
    fields = text.split("/")
    if fields[5]:
        return written.fc_adapter(text)
    fields[5] = ",".join(pair(1))
    return replace(written.fc_adapter("/".join(fields)), wwpns=())


@given(lpars(), maps())
def test_the_attributes_are_what_an_hmc_can_be_sent(home: Lpar, where: SystemMap) -> None:
    values = attributes(placed(golden(home, where, SAME)))
    assert Create("P10-B", home.name, "normal", home.env, values).command().startswith("mksyscfg -r lpar")
    assert ChangeProfile("P10-B", home.name, "normal", values).command().startswith("chsyscfg -r prof")


def test_only_the_fields_that_are_asked_for_are_written() -> None:
    assert attributes(PROFILE, ["desired_mem", "boot_mode"]) == (("desired_mem", "8192"), ("boot_mode", "norm"))
    assert attributes(PROFILE, ["virtual_fc_adapters"]) == (("virtual_fc_adapters", "none"),)


def test_dedicated_processors_have_no_units() -> None:
    none = dict.fromkeys(("min_proc_units", "desired_proc_units", "max_proc_units", "uncap_weight"))
    profile = replace(PROFILE, proc_mode="ded", sharing_mode="keep_idle_procs", **none)  # type: ignore[arg-type]
    assert not {name for name, _ in attributes(built(profile))} & set(none)


# --------------------------------------------------------------------------------------------------- read back again


def test_a_client_adapter_that_was_written_without_wwpns_may_have_got_a_pair_and_nothing_else() -> None:
    wanted = placed(built(replace(PROFILE, fc=(client(31, "a-vios1"),))))
    values = attributes(wanted)
    issued = replace(wanted, fc=tuple(replace(each, wwpns=pair(5)) for each in wanted.fc))
    assert differing(issued, values) == []
    elsewhere = replace(issued, fc=tuple(replace(each, remote_slot=9) for each in issued.fc))
    assert differing(elsewhere, values) == ["virtual_fc_adapters"]


def test_wwpns_that_were_written_must_read_back_as_they_are() -> None:
    wanted = placed(built(replace(PROFILE, fc=(client(31, "a-vios1", pair(1)),)), policy=SAME))
    other = replace(wanted, fc=tuple(replace(each, wwpns=pair(2)) for each in wanted.fc))
    assert differing(other, attributes(wanted)) == ["virtual_fc_adapters"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"desired_mem_mb": 1}, "desired_mem"),
        ({"auto_start": True}, "auto_start"),
        ({"eth": ()}, "virtual_eth_adapters"),
        ({"desired_proc_units": None}, "desired_proc_units"),
    ],
)
def test_a_field_that_reads_back_otherwise_is_named(change: dict[str, object], field: str) -> None:
    wanted = built(replace(PROFILE, eth=(nic(2, mac(1)),)))
    assert differing(replace(wanted, **change), attributes(wanted)) == [field]  # type: ignore[arg-type]


def test_an_lpar_that_is_not_activated_keeps_the_mac_of_its_profile() -> None:
    home = lpar("erp_db1", replace(PROFILE, eth=(nic(2, mac(3)),)), state=LparState.NOT_ACTIVATED)
    assert golden(home, WHERE, OWN).eth[0].mac == mac(3)
