"""Host objects, case by case: what is added, what is reported, and what is left alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.recovery.pra import alignment as to_do
from app.recovery.pra.align import align
from app.recovery.pra.alignment import Aligned
from app.recovery.pra.situation import wwpns
from store.estate import Unread
from tests.app.recovery.pra_model import Site, Sites, sites
from tests.app.recovery.pra_profiles import client, pair
from tests.app.recovery.pra_sites import NAME, hold, look, only, produced, said, settled, whole


@pytest.fixture
def at() -> Sites:
    return whole()


def test_what_is_whole_has_neither_acts_nor_findings(at: Sites) -> None:
    assert look(at) == Aligned(NAME, (), ())


def test_three_passes_make_everything_of_an_lpar_that_the_recovery_site_knows_nothing_of() -> None:
    at = produced(sites())
    kinds = []
    while acts := look(at).acts:
        kinds.append([type(act).__name__ for act in acts])
        at.apply(align(at.now()))
    volumes = ["AddVolume", "PairVolume"] * 2
    assert kinds == [
        ["Define", *volumes],
        ["AddServer", "AddServer", "AddHost", "Connect", "Connect"],
        ["MapPort", "MapPort"],
    ]


@pytest.mark.parametrize("side", ["home", "away"])
def test_only_the_wwpn_that_a_host_lacks_is_added(at: Sites, side: str) -> None:
    site: Site = getattr(at, side)
    first, *rest = site.hosts[NAME].wwns
    hold(site, NAME, *rest)
    assert only(at) == to_do.AddWwns(site.array, NAME, (first,))


def test_pra_07_a_wwpn_that_another_host_holds_is_reported_and_the_rest_added(at: Sites) -> None:
    first, second, *rest = at.away.hosts[NAME].wwns
    hold(at.away, NAME, *rest)
    at.away.add_host("thief", (first,))
    assert only(at) == to_do.AddWwns("fa-lyon", NAME, (second,))
    assert said(at) == [
        f"pwr.wwpn-unique: {first} of {NAME} belongs to the host thief on fa-lyon: it is not taken away"
    ]


def test_pra_07_no_host_is_made_while_another_holds_one_of_the_wwpns() -> None:
    at = produced(sites())
    del at.home.hosts[NAME]
    at.home.volumes = {name: replace(volume, hosts=()) for name, volume in at.home.volumes.items()}
    at.home.add_host("x", (pair(0)[0],))
    at.home.add_host("y", (pair(1)[0],))
    assert not any(isinstance(act, to_do.AddHost) and act.device == "fa-paris" for act in look(at).acts)
    assert [words.split(" on ")[0] for words in said(at)] == [
        f"pwr.wwpn-unique: {wwpn} of {NAME} belongs to the host {holder}"
        for wwpn, holder in ((pair(0)[0], "x"), (pair(1)[0], "y"))
    ]


def test_a_host_by_another_name_is_completed_and_named(at: Sites) -> None:
    host = at.away.hosts.pop(NAME)
    at.away.hosts["aix_erp"] = replace(host, name="aix_erp", wwns=host.wwns[1:])
    at.away.volumes = {n: replace(v, hosts=(("aix_erp", v.hosts[0][1]),)) for n, v in at.away.volumes.items()}
    assert only(at) == to_do.AddWwns("fa-lyon", "aix_erp", host.wwns[:1])
    assert said(at) == [f"fa.naming: the host of {NAME} on fa-lyon is called aix_erp, not {NAME}"]


def test_a_wwpn_that_nobody_has_is_reported_and_never_removed(at: Sites) -> None:
    hold(at.away, NAME, *at.away.hosts[NAME].wwns, "c050760199990000")
    assert look(at).acts == ()
    assert [words.split(",")[0] for words in said(at)] == [f"pwr.wwpn-both: {NAME} on fa-lyon holds c050760199990000"]


def test_a_host_that_somebody_else_is_logged_in_with_gets_no_wwpns_of_the_lpar(at: Sites) -> None:
    hold(at.away, NAME, "c050760199990000")
    at.away.paths = {"c050760199990000": 2}
    assert look(at).acts == ()
    assert any(
        "is used by another, through c050760199990000: erp_db1 is not added to it" in words for words in said(at)
    )


def test_a_host_of_an_lpar_that_was_made_anew_gets_its_new_wwpns(at: Sites) -> None:
    hold(at.away, NAME, "c050760199990000")
    assert isinstance(only(at), to_do.AddWwns)


def test_the_host_of_another_lpar_is_never_taken_for_its_own() -> None:
    at = produced(produced(sites()), "crm_db1", 1)
    stray = at.home.hosts.pop(NAME).wwns
    at.home.volumes = {n: replace(v, hosts=() if n.startswith(NAME) else v.hosts) for n, v in at.home.volumes.items()}
    hold(at.home, "crm_db1", *at.home.hosts["crm_db1"].wwns, stray[0])
    settled(at)
    assert at.away.volumes.keys() == {"crm_db1_v0", "crm_db1_v1"}
    assert {name for volume in at.away.volumes.values() for name, _ in volume.hosts} == {"crm_db1"}
    assert any("belongs to the host crm_db1" in words for words in said(at))


def test_a_volume_is_not_shown_to_a_host_that_holds_a_wwpn_of_another_lpar() -> None:
    at = settled(produced(produced(sites()), "crm_db1", 1))
    stray, *rest = at.away.hosts["crm_db1"].wwns
    hold(at.away, "crm_db1", *rest)
    hold(at.away, NAME, *at.away.hosts[NAME].wwns, stray)
    at.away.volumes = {n: replace(v, hosts=()) for n, v in at.away.volumes.items()}
    assert not any(isinstance(act, to_do.Connect) for act in look(at).acts)
    assert f"fa.paired: erp_db1_v0 on fa-lyon is not shown to {NAME}, which others use too" in said(at)


@pytest.mark.parametrize(("os_version", "personality"), [("AIX 7.3", "aix"), ("IBM i 7.5", None), (None, None)])
def test_a_new_host_is_made_for_what_runs_at_home(os_version: str | None, personality: str | None) -> None:
    at = produced(sites())
    at.home.change(NAME, os_version=os_version)
    settled(at)
    assert at.away.hosts[NAME].personality == personality


def test_hosts_are_called_by_the_pattern_of_the_configuration() -> None:
    at = produced(sites(host="aix-{lpar}-dr"))
    at.home.hosts = {}
    assert next(act.host for act in look(at).acts if isinstance(act, to_do.AddHost)) == f"aix-{NAME}-dr"


@pytest.mark.parametrize("part", ["fc", "profiles"])
def test_where_not_all_wwpns_could_be_read_the_host_is_left_alone(at: Sites, part: str) -> None:
    at.home.change(NAME, unread=(part,))
    hold(at.home, NAME)
    assert look(at).acts == ()
    assert f"pwr.wwpn-profile: not all WWPNs of {NAME} could be read: its host is left alone" in said(at)


def test_hosts_of_an_array_that_could_not_be_read_in_full_are_left_alone(at: Sites) -> None:
    hold(at.away, NAME)
    at.away.unread = (Unread("host", "", "a row could not be read"),)
    assert look(at).acts == ()
    assert "fa.paired: not everything on fa-lyon could be read" in said(at)


def test_wwpns_are_those_that_run_and_those_that_the_next_activation_gives_both_of_each_pair(at: Sites) -> None:
    added = client(33, "a-vios1", pair(7))
    at.home.change(NAME, fc=(*at.home.lpars[NAME].fc, added))
    assert wwpns(at.home.lpars[NAME]) == (*pair(0), *pair(1), *pair(7))
    assert only(at) == to_do.AddWwns("fa-paris", NAME, pair(7))
