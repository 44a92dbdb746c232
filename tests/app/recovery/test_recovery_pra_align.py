"""What aligning does and leaves alone, on any two sites: nothing is stolen, and a second look finds nothing."""

from __future__ import annotations

from hypothesis import given

from app.recovery.pra.align import align
from app.recovery.pra.golden import differences, golden, next_profile
from app.recovery.pra.situation import wwpns
from store.estate import AdapterType, LparState
from tests.app.recovery.pra_model import Site, Sites
from tests.app.recovery.pra_sites import NAMES, estates, settled


@given(estates())
def test_devices_take_every_act_and_a_look_at_what_was_aligned_finds_nothing_to_do(at: Sites) -> None:
    settled(at)
    findings = [each.findings for each in align(at.now())]
    assert [each.acts for each in align(at.now())] == [() for _ in findings]
    assert [each.findings for each in align(at.now())] == findings


@given(estates())
def test_no_wwpn_and_no_volume_changes_its_host(at: Sites) -> None:
    before = {
        site.name: {wwpn: host.name for host in site.hosts.values() for wwpn in host.wwns}
        for site in (at.home, at.away)
    }
    shown = {volume.name: volume.hosts for volume in at.away.volumes.values()}
    settled(at)
    for site in (at.home, at.away):
        after = {wwpn: host.name for host in site.hosts.values() for wwpn in host.wwns}
        assert before[site.name].items() <= after.items()
    assert all(set(hosts) <= set(at.away.volumes[name].hosts) for name, hosts in shown.items())
    assert all(len(at.away.volumes[name].hosts) == len(hosts) for name, hosts in shown.items() if hosts)


def seen(site: Site) -> set[tuple[str, str]]:
    """Which LPAR sees which volume through any of its WWPNs."""
    shown = {(host, volume.name) for volume in site.volumes.values() for host, _ in volume.hosts}
    owners = {wwpn: lpar.name for lpar in site.lpars.values() for wwpn in wwpns(lpar)}
    return {(owners[w], v) for name, v in shown for w in site.hosts[name].wwns if w in owners and name in site.hosts}


@given(estates())
def test_no_lpar_gets_to_see_what_is_another_s(at: Sites) -> None:
    before = {site.name: seen(site) for site in (at.home, at.away)}
    settled(at)
    for site in (at.home, at.away):
        assert [(lpar, v) for lpar, v in seen(site) - before[site.name] if not v.startswith(lpar)] == []


@given(estates())
def test_what_is_activated_is_never_changed(at: Sites) -> None:
    running = {name: at.away.lpars[name] for name in NAMES if name in at.away.lpars}
    running = {name: lpar for name, lpar in running.items() if lpar.state is not LparState.NOT_ACTIVATED}
    settled(at)
    assert all(at.away.lpars[name] == lpar for name, lpar in running.items())


@given(estates())
def test_a_slot_of_a_vios_serves_one_client(at: Sites) -> None:
    settled(at)
    clients = [
        (adapter.remote_lpar_name, adapter.remote_slot)
        for name in NAMES
        if name in at.away.lpars
        for adapter in (next_profile(at.away.lpars[name]) or at.away.lpars[name].profiles[0]).fc
    ]
    assert len(clients) == len(set(clients))


@given(estates())
def test_whoever_has_no_finding_is_right_in_everything(at: Sites) -> None:
    settled(at)
    for each in align(at.now()):
        if each.findings:
            continue
        home, partner = at.home.lpars[each.lpar], at.away.lpars[each.lpar]
        for site, lpar in ((at.home, home), (at.away, partner)):
            if wwpns(lpar):
                assert site.hosts[each.lpar].wwns == tuple(sorted(wwpns(lpar)))
        found = next_profile(partner)
        assert found is not None
        wanted = golden(home, at.pra.systems[0], at.pra.policy(each.lpar))
        assert [d for d in differences(wanted, found) if d.field != "virtual_fc_adapters"] == []
        _served(at, each.lpar)
        _copied(at, each.lpar)


def _served(at: Sites, name: str) -> None:
    """Behind each of its client adapters is a server adapter that is mapped and that the VIOS keeps."""
    partner = at.away.lpars[name]
    for adapter in partner.profiles[0].fc:
        vios = at.away.lpars[str(adapter.remote_lpar_name)]
        for held in (vios.fc, vios.profiles[0].fc):
            (found,) = [each for each in held if each.slot == adapter.remote_slot]
            assert (found.adapter_type, found.remote_lpar_id) == (AdapterType.SERVER, partner.lpar_id)
        (mapping,) = [each for each in vios.npiv if each.slot == adapter.remote_slot]
        assert mapping.fc_port is not None


def _copied(at: Sites, name: str) -> None:
    """Every volume that it sees at home has one copy, not smaller, paired by its tag, under the same LUN."""
    for volume in at.home.volumes.values():
        lun = dict(volume.hosts).get(name)
        if lun is None:
            continue
        values = (f"replica-{volume.name}", volume.id)
        (copy,) = [n for n, value in at.away.tags.items() if value in values and n not in at.away.gone]
        assert at.away.volumes[copy].hosts == ((name, lun),)
        assert at.away.volumes[copy].provisioned >= volume.provisioned
