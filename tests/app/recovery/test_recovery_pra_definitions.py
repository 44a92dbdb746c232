"""Definitions and the VIOS adapters behind them, case by case; and LPARs of one name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.pra_records import SystemMap
from app.recovery.pra import alignment as to_do
from app.recovery.pra.align import align
from app.recovery.pra.align_definition import FIRST_SLOT, Slots
from app.recovery.pra.alignment import Aligned
from app.recovery.pra.situation import PraNow, wwpns
from store.estate import LparState, NicPort, NpivMapping, PortKind
from tests.app.recovery.pra_model import Sites, sites
from tests.app.recovery.pra_profiles import PROFILE, client, mac, nic, pair, server
from tests.app.recovery.pra_sites import NAME, hold, look, only, produced, said, settled, whole


@pytest.fixture
def at() -> Sites:
    return whole()


def test_a_definition_that_drifted_is_corrected_in_the_fields_that_differ(at: Sites) -> None:
    at.away.change_profile(NAME, desired_mem_mb=4096, eth=(nic(2, mac(0xEE)),))
    act = only(at)
    assert isinstance(act, to_do.Redefine)
    assert [name for name, _ in act.attributes] == ["desired_mem", "virtual_eth_adapters"]
    assert look(settled(at)) == Aligned(NAME, (), ())


@pytest.mark.parametrize("state", [state for state in LparState if state is not LparState.NOT_ACTIVATED])
def test_a_definition_that_is_in_use_is_reported_with_what_differs(at: Sites, state: LparState) -> None:
    at.away.change_profile(NAME, auto_start=True)
    at.away.change(NAME, state=state)
    assert look(at).acts == ()
    assert said(at) == [f"pwr.golden: {NAME} on P10-B is {state} and is not changed: auto_start 1 (to be 0)"]


def test_with_wwpns_of_its_own_a_definition_may_use_other_slots_but_not_fewer_adapters(at: Sites) -> None:
    (one, other) = at.away.lpars[NAME].profiles[0].fc
    at.away.change_profile(NAME, fc=(replace(one, slot=41), other))
    assert not any("virtual FC" in words for words in said(at))
    at.away.change_profile(NAME, fc=(one,))
    words = f"virtual FC of {NAME}: 31/b-vios1, 32/b-vios2 is to be, 31/b-vios1 is: change it by hand"
    assert f"pwr.golden: {words}" in said(at)


def test_with_production_s_wwpns_another_pair_is_reported_and_never_written() -> None:
    at = settled(produced(sites(same_wwpn=("erp*",))))
    assert look(at) == Aligned(NAME, (), ())
    assert wwpns(at.away.lpars[NAME]) == wwpns(at.home.lpars[NAME])
    at.away.change_profile(NAME, fc=at.away.pairs(replace(a, wwpns=()) for a in at.away.lpars[NAME].profiles[0].fc))
    at.away.hosts[NAME] = replace(at.away.hosts[NAME], wwns=tuple(sorted(wwpns(at.away.lpars[NAME]))))
    assert look(at).acts == ()
    (words,) = said(at)
    assert words.startswith(f"pwr.golden: virtual FC of {NAME}: 31/b-vios1/{','.join(pair(0))}")


def test_a_system_that_is_not_mapped_is_reported_unless_the_lpar_is_there_already(at: Sites) -> None:
    at.pra = replace(at.pra, systems=())
    assert look(at) == Aligned(NAME, (), ())
    del at.away.lpars[NAME]
    assert said(at)[0] == f"pwr.golden: {NAME} has no definition at lyon, and P10-A is not in [[pra.systems]]"


def test_a_system_may_be_mapped_by_type_model_and_serial() -> None:
    at = produced(sites())
    (where,) = at.pra.systems
    at.pra = replace(at.pra, systems=(replace(where, nominal=at.home.system.key, recovery=at.away.system.key),))
    assert look(settled(at)) == Aligned(NAME, (), ())


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (SystemMap("P10-A", "P10-Z"), "pwr.golden: P10-Z, where erp_db1 is to be defined, is not there"),
        (SystemMap("P10-A", "P10-B"), "pwr.vios: P10-B has no VIOS a-vios1: map it in [[pra.systems]] vios"),
    ],
)
def test_a_map_that_leads_nowhere_is_reported(where: SystemMap, words: str) -> None:
    at = produced(sites())
    at.pra = replace(at.pra, systems=(where,))
    assert said(at) == [words]


def test_an_lpar_of_that_name_on_another_system_is_reported_and_not_defined_twice(at: Sites) -> None:
    (where,) = at.pra.systems
    at.pra = replace(at.pra, systems=(replace(where, recovery="P10-C"),))
    assert look(at).acts == ()
    words = f"{NAME} is there already, on P10-B, where [[pra.systems]] does not send it (P10-C)"
    assert f"pwr.golden: {words}" in said(at)


def test_pra_10_two_lpars_of_one_name_at_the_recovery_site_share_nothing(at: Sites) -> None:
    twin = replace(at.away.lpars[NAME], system="P10-C", system_key="9080-HEX*78C0003")
    at.away.lpars["twin"] = twin
    hold(at.away, NAME)
    assert look(at).acts == ()
    assert f"pwr.golden: several LPARs at lyon are called {NAME}: on P10-B and P10-C" in said(at)


@pytest.mark.parametrize("part", ["fc", "eth", "profiles"])
def test_nothing_is_defined_from_what_could_not_be_read_in_full(part: str) -> None:
    at = produced(sites())
    at.home.change(NAME, unread=(part,))
    assert not any(isinstance(act, to_do.Define) for act in look(at).acts)
    assert f"pwr.golden: {part} of {NAME} could not be read in full" in said(at)


def test_whether_it_is_defined_is_not_known_while_a_part_of_the_site_cannot_be_read() -> None:
    at = produced(sites())
    now = at.now()
    (hmc,) = now.recovery.hmcs
    dark = replace(now, recovery=replace(now.recovery, hmcs=(hmc, replace(hmc, device="hmc-2", reading=None))))
    (found,) = align(dark)
    assert not any(isinstance(act, to_do.Define) for act in found.acts)
    assert any("whether erp_db1 is defined is not known" in each.words for each in found.findings)


# VIOS --------------------------------------------------------------------------------------------------------------


def test_a_server_adapter_that_the_profile_of_the_vios_lacks_is_kept_in_it(at: Sites) -> None:
    vios = at.away.lpars["b-vios1"]
    at.away.change_profile("b-vios1", fc=vios.profiles[0].fc[:-1])
    act = only(at)
    assert isinstance(act, to_do.KeepServer)
    assert (act.vios, act.slot, act.client, act.client_slot) == ("b-vios1", 100, NAME, 31)
    assert look(settled(at)) == Aligned(NAME, (), ())


def test_a_vfchost_without_a_port_is_mapped_to_the_port_that_production_uses(at: Sites) -> None:
    at.home.change("a-vios1", npiv=(NpivMapping("vfchost5", 3, None, "LOGGED_IN", "fcs1", None, 100),))
    vios = at.away.lpars["b-vios1"]
    at.away.change("b-vios1", npiv=(*vios.npiv[:-1], replace(vios.npiv[-1], fc_port=None)))
    assert only(at) == to_do.MapPort("hmc-lyon", "P10-B", "b-vios1", 100, "vfchost2", "fcs1")


def test_without_a_port_of_that_name_the_one_with_the_fewest_clients_is_taken(at: Sites) -> None:
    vios = at.away.lpars["b-vios1"]
    busy = replace(vios.npiv[0], vfchost="vfchost9", slot=9)
    at.away.change("b-vios1", npiv=(busy, *vios.npiv[:-1], replace(vios.npiv[-1], fc_port=None)))
    act = only(at)
    assert isinstance(act, to_do.MapPort)
    assert act.port == "fcs1"


def test_of_a_vios_that_has_never_mapped_anything_the_ports_are_asked_and_else_a_person_chooses(at: Sites) -> None:
    vios = at.away.lpars["b-vios1"]
    at.away.change("b-vios1", npiv=(replace(vios.npiv[-1], fc_port=None),))
    assert look(at).acts == ()
    words = "vfchost2 of b-vios1 is not mapped, and which ports it has is not known: choose one"
    assert said(at) == [f"pwr.vios: {words}"]
    at.away.ports = {vios.key: {"fcs2": 64, "fcs3": 64}}
    assert only(at) == to_do.MapPort("hmc-lyon", "P10-B", "b-vios1", 100, "vfchost2", "fcs2")


def test_a_port_whose_n_port_ids_are_used_up_gets_no_further_client(at: Sites) -> None:
    vios = at.away.lpars["b-vios1"]
    at.away.change("b-vios1", npiv=(*vios.npiv[:-1], replace(vios.npiv[-1], fc_port=None)))
    at.away.ports = {vios.key: {"fcs0": 0, "fcs1": 1}}
    assert only(at) == to_do.MapPort("hmc-lyon", "P10-B", "b-vios1", 100, "vfchost2", "fcs1")
    at.away.ports = {vios.key: {"fcs0": 0, "fcs1": 0}}
    assert look(at).acts == ()
    assert said(at) == ["pwr.vios: vfchost2 of b-vios1 is not mapped, and no port takes another client"]


@pytest.mark.parametrize(
    "change", [{"state": LparState.NOT_ACTIVATED}, {"rmc_state": "inactive"}, {"state": LparState.STARTING}]
)
def test_a_vios_that_does_not_run_with_rmc_is_reported(at: Sites, change: dict[str, object]) -> None:
    at.away.change("b-vios1", **change)
    assert said(at) == ["pwr.vios: b-vios1 on P10-B does not run with RMC: its maps are not known"]


@pytest.mark.parametrize("part", ["fc", "profiles"])
def test_a_vios_that_was_not_read_in_full_is_left_alone(at: Sites, part: str) -> None:
    at.away.change("b-vios1", unread=(part,), fc=())
    assert look(at).acts == ()
    assert said(at) == ["pwr.vios: b-vios1 on P10-B could not be read in full"]


@pytest.mark.parametrize(
    "other",
    [server(100, 77, "nim1", 31), server(100, 3, NAME, 99), client(100, "x", pair(50))],
    ids=["lpar", "slot", "kind"],
)
def test_a_slot_that_serves_another_is_reported(at: Sites, other: object) -> None:
    vios = at.away.lpars["b-vios1"]
    at.away.change("b-vios1", fc=(*vios.fc[:-1], other))
    assert look(at).acts == ()
    assert said(at) == [f"pwr.vios: slot 100 of b-vios1 on P10-B serves another adapter than that of {NAME}"]


def test_a_vios_without_a_profile_to_come_cannot_keep_an_adapter(at: Sites) -> None:
    at.away.change("b-vios1", default_profile="gone")
    assert said(at) == ["pwr.vios: b-vios1 on P10-B has no profile to keep an adapter in"]


def test_a_server_adapter_without_a_vfchost_is_reported(at: Sites) -> None:
    at.away.change("b-vios1", npiv=at.away.lpars["b-vios1"].npiv[:-1])
    assert said(at) == ["pwr.vios: b-vios1 on P10-B shows no vfchost for slot 100"]


def test_production_s_slot_is_taken_where_it_is_free_and_else_the_next_from_a_hundred_on() -> None:
    at = sites()
    slots, vios = Slots.of(at.now().recovery), at.away.lpars["b-vios1"]
    assert [slots.take(vios, wanted) for wanted in (57, 57, None, 10, 100)] == [57, 100, 101, 102, 103]


def test_a_slot_that_a_definition_rests_on_is_not_given_to_another() -> None:
    """Its VIOS may not have the adapter yet: it was down when the LPAR was defined."""
    at = sites()
    waiting = replace(PROFILE, fc=(client(31, "b-vios1", pair(40), remote_slot=FIRST_SLOT),))
    at.away.add_lpar("other", waiting, state=LparState.NOT_ACTIVATED)
    slots = Slots.of(at.now().recovery)
    assert slots.take(at.away.lpars["b-vios1"], FIRST_SLOT) == FIRST_SLOT + 1
    assert slots.take(at.away.lpars["b-vios2"], FIRST_SLOT) == FIRST_SLOT


def test_a_vios_has_no_more_slots_than_its_profile_says() -> None:
    at = sites()
    at.away.change_profile("b-vios1", max_virtual_slots=102)
    slots, vios = Slots.of(at.now().recovery), at.away.lpars["b-vios1"]
    taken = [slots.take(vios, None) for _ in range(200)]
    assert sorted(slot for slot in taken if slot is not None) == [n for n in range(2, 102) if n not in (10, 11)]
    assert (taken[:3], taken[-1]) == ([100, 101, 2], None)


def test_an_lpar_for_which_a_vios_has_no_slot_is_not_defined() -> None:
    at = produced(sites())
    at.away.change_profile("b-vios2", max_virtual_slots=2)
    assert not any(isinstance(act, to_do.Define) for act in look(at).acts)
    assert said(at) == ["pwr.vios: b-vios2 on P10-B has no free virtual slot (max_virtual_slots)"]


def test_what_is_excluded_or_not_protected_or_a_vios_stays_out() -> None:
    at = produced(produced(produced(sites()), "crm_db1", 1), "nim1", 2)
    at.pra = replace(at.pra, lpars=("*_db1", "*vios*"), exclude=("crm*",))
    assert [each.lpar for each in align(at.now())] == [NAME]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("erp;db1", "nothing is done for erp;db1: expected an LPAR name, got 'erp;db1'"),
        ("erp db1", "nothing is done for erp db1: expected a FlashArray object name, got 'erp db1'"),
    ],
)
def test_a_name_that_a_device_cannot_be_told_stops_its_lpar_and_no_other(name: str, words: str) -> None:
    at = produced(produced(sites()), name, 1)
    at.home.hosts = {NAME: at.home.hosts[NAME]}
    at.home.volumes = {n: v for n, v in at.home.volumes.items() if n.startswith(NAME)}
    settled(at)
    assert look(at) == Aligned(NAME, (), ())
    assert look(at, name).acts == ()
    assert f"fa.naming: {words}" in said(at, name)


def test_a_profile_that_an_hmc_cannot_be_told_stops_its_lpar() -> None:
    at = produced(sites())
    at.home.change_profile(NAME, name="nörmal")
    at.home.change(NAME, default_profile="nörmal")
    at.home.change_profile(NAME, eth=(nic(2, mac(1), vswitch="Büro"),))
    assert look(at).acts == ()
    assert any("nothing is done for erp_db1: expected printable text in virtual_eth_adapters" in w for w in said(at))


def twins() -> Sites:
    """Two systems at home with an LPAR of the same name each."""
    at = produced(sites())
    fc = (client(31, "a-vios1", pair(60)),)
    twin = replace(at.home.lpars[NAME], system="P10-Z", system_key="9080-HEX*78Z0009", fc=fc)
    at.home.lpars["twin"] = replace(twin, profiles=(replace(PROFILE, fc=fc),))
    return at


def test_pra_10_two_lpars_of_one_name_at_home_are_reported_and_share_no_host() -> None:
    found = align(twins().now())
    assert [(each.lpar, each.acts) for each in found] == [(NAME, ()), (NAME, ())]
    assert all("they cannot have one host object" in each.findings[0].words for each in found)


@pytest.mark.parametrize("system", ["P10-A", "9080-HEX*78A0001", "P10-Z"])
def test_pra_10_asking_for_one_system_does_not_make_its_lpar_the_only_one_of_its_name(system: str) -> None:
    now = replace(twins().now(), only=(system,))
    (found,) = align(now)
    assert found.acts == ()
    assert "they cannot have one host object" in found.findings[0].words


def test_asking_for_one_system_leaves_the_others_out_and_known() -> None:
    at = produced(produced(sites()), "crm_db1", 1)
    at.home.change("crm_db1", system="P10-Z", system_key="9080-HEX*78Z0009")
    now: PraNow = replace(at.now(), only=("P10-A",))
    assert [each.lpar for each in align(now)] == [NAME]
    assert "crm_db1" in now.owners[at.home.name].hosts


# -------------------------------------------------------------------------------------------------------------- ports

VNIC = NicPort(PortKind.VNIC, "12", mac(0xA1), 110)


def test_a_vnic_whose_mac_nothing_gives_at_the_recovery_site_is_reported_and_left_to_a_person(at: Sites) -> None:
    at.home.change(NAME, ports=(VNIC,))
    at.home.change_profile(NAME, ports=(VNIC,))
    assert look(at).acts == ()
    (words,) = said(at)
    assert words.startswith(f"pwr.mac-kept: vNIC 12 of {NAME} has the MAC {VNIC.mac}, which its definition at lyon")
    at.away.change_profile(NAME, ports=(replace(VNIC, kind=PortKind.SRIOV, place="3/2700c001"),))
    assert look(at) == Aligned(NAME, (), ())


def test_the_mac_that_runs_is_the_one_to_keep_and_one_that_never_ran_is_not_known(at: Sites) -> None:
    at.home.change_profile(NAME, ports=(replace(VNIC, mac=None),))
    assert said(at) == [f"pwr.mac-kept: the MAC of vNIC 12 of {NAME} is not known: it was never activated"]
    at.home.change(NAME, ports=(VNIC,))
    assert VNIC.mac in said(at)[0]


def test_a_definition_with_ports_of_its_own_keeps_them_when_it_is_corrected(at: Sites) -> None:
    at.away.change_profile(NAME, ports=(VNIC,), desired_mem_mb=4096)
    act = only(at)
    assert isinstance(act, to_do.Redefine)
    assert [name for name, _ in act.attributes] == ["desired_mem"]
