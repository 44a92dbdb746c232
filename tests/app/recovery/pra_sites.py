"""Two sites as Hypothesis makes them: LPARs of which the recovery site has nothing, something or everything, and what
stands in the way."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from app.recovery.pra.align import align
from app.recovery.pra.alignment import Act, Aligned
from app.recovery.pra.situation import wwpns
from store.estate import LparState, Volume
from tests.app.recovery.pra_model import GIB, Site, Sites, add_server_for, protect, sites
from tests.app.recovery.pra_profiles import PROFILE, client, mac, nic, pair

NAMES = ("erp_db1", "erp_app1", "crm_db1")
COPIES = (
    *("none", "named", "tagged", "tagged elsewhere", "tagged twice", "tagged for another", "smaller", "gone"),
    *("connected", "other LUN", "other host"),
)


PASSES = 3
"""The definition; then what rests on its WWPNs and its adapters; then the ports."""


def settled(at: Sites) -> Sites:
    """Align again and again until nothing is left to do, which takes no more passes than it must."""
    for _ in range(PASSES):
        if not at.apply(align(at.now())):
            return at
    assert [each.acts for each in align(at.now()) if each.acts] == []
    return at


def produced(at: Sites, name: str = "erp_db1", number: int = 0, volumes: int = 2) -> Sites:
    """With a running LPAR of production, its host and its protected volumes."""
    fc = tuple(client(31 + n, f"a-vios{n + 1}", pair(10 * number + n), remote_slot=100 + number) for n in range(2))
    profile = replace(PROFILE, fc=fc, eth=(nic(2, mac(number)),))
    made = at.home.add_lpar(name, profile, fc=fc, eth=profile.eth)
    at.home.add_host(name, wwpns(made))
    for n in range(volumes):
        protect(at, at.home.add_volume(f"{name}_v{n}", (n + 1) * GIB, (name, n + 1)).name)
    return at


NAME = "erp_db1"


def whole(**pra: Any) -> Sites:
    """An LPAR of production of which the recovery site has everything."""
    return settled(produced(sites(**pra)))


def look(at: Sites, name: str = NAME) -> Aligned:
    (found,) = [each for each in align(at.now()) if each.lpar == name]
    return found


def only(at: Sites, name: str = NAME) -> Act:
    """The one thing that is to be done."""
    (act,) = look(at, name).acts
    return act


def said(at: Sites, name: str = NAME) -> list[str]:
    """What is reported."""
    return [f"{each.check}: {each.words}" for each in look(at, name).findings]


def hold(site: Site, host: str, *wwns: str) -> None:
    """A host holds these WWPNs and no others."""
    site.hosts[host] = replace(site.hosts[host], wwns=tuple(sorted(wwns)))


@st.composite
def estates(draw: st.DrawFn) -> Sites:
    """Up to three LPARs; whatever is not drawn is right."""
    names = NAMES[: draw(st.integers(1, 3))]
    at = sites(same_wwpn=tuple(draw(st.sets(st.sampled_from(names), max_size=1))))
    for number, name in enumerate(names):
        _home(draw, at, name, number)
    for name in names:
        if draw(st.booleans()):
            _definition(draw, at, name)
    for name in names:
        _hosts(draw, at, name)
        for volume in [v for v in at.home.volumes.values() if v.name.startswith(name)]:
            _copy(draw, at, name, volume)
    _strangers(draw, at)
    for site in (at.home, at.away):
        running = [lpar for lpar in site.lpars.values() if lpar.state is LparState.RUNNING]
        site.paths = {wwpn: 2 for lpar in running for wwpn in wwpns(lpar)}
    for vios in ("b-vios1", "b-vios2"):
        if draw(st.integers(0, 9)) == 0:
            at.away.change(vios, state=LparState.NOT_ACTIVATED, rmc_state="inactive")
    return at


def _home(draw: st.DrawFn, at: Sites, name: str, number: int) -> None:
    """A running LPAR of production: two adapters over both VIOSes or none, and volumes that it sees once it has a
    host."""
    fc = tuple(
        client(31 + n, f"a-vios{n % 2 + 1}", pair(10 * number + n), remote_slot=100 + 2 * number + n)
        for n in range(draw(st.sampled_from([2, 2, 2, 1, 0])))
    )
    address = mac(number)
    eth = (nic(2, address),)
    profile = replace(
        PROFILE, auto_start=draw(st.booleans()), fc=fc, eth=(nic(2, draw(st.sampled_from([address, None]))),)
    )
    at.home.add_lpar(name, profile, fc=fc, eth=eth)
    if not fc:
        return
    for n in range(draw(st.integers(0, 2))):
        volume = at.home.add_volume(f"{name}_v{n}", (n + 1) * GIB, (name, n + 1))
        if draw(st.integers(0, 7)):
            protect(at, volume.name)


def _definition(draw: st.DrawFn, at: Sites, name: str) -> None:
    """A definition that was right once, with a server adapter behind each client adapter, mapped or not."""
    from app.recovery.pra.golden import golden

    home = at.home.lpars[name]
    where, policy = at.pra.systems[0], at.pra.policy(name)
    wanted = golden(home, where, policy)
    fc = [
        replace(
            each, remote_lpar_id=at.away.lpars[str(each.remote_lpar_name)].lpar_id, remote_slot=_free(at, each.slot)
        )
        for each in wanted.fc
    ]
    found = replace(wanted, fc=at.away.pairs(fc))
    if draw(st.integers(0, 3)) == 0:
        found = replace(found, desired_mem_mb=4096, auto_start=True)
    if draw(st.integers(0, 3)) == 0:
        found = replace(found, eth=(nic(2, mac(0xEE)),))
    state = draw(st.sampled_from([LparState.NOT_ACTIVATED] * 4 + [LparState.RUNNING]))
    running = found.fc if state is LparState.RUNNING else ()
    at.away.add_lpar(name, found, state=state, fc=running, os_version="Unknown")
    for each in found.fc:
        add_server_for(at.away, name, each, draw(st.sampled_from(["whole", "whole", "unmapped", "not kept", "none"])))


def _free(at: Sites, slot: int) -> int:
    """A slot that no client adapter points to."""
    promised = {each.remote_slot for lpar in at.away.lpars.values() for p in lpar.profiles for each in p.fc}
    return next(n for n in range(100 + slot, 4000) if n not in promised)


def _hosts(draw: st.DrawFn, at: Sites, name: str) -> None:
    for site in (at.home, at.away):
        if name not in site.lpars:
            continue
        every = wwpns(site.lpars[name])
        held = every if draw(st.integers(0, 3)) else draw(st.lists(st.sampled_from(every or ("",)), unique=True))
        called = draw(st.sampled_from([name] * 6 + [f"aix-{name}", None])) if every else None
        if called is not None:
            site.add_host(called, held)
        _reconnect(site, name, called)


def _reconnect(site: Site, lpar: str, host: str | None) -> None:
    """The volumes of an LPAR are connected to its host, whatever that is called; without one, to nothing."""
    for volume in list(site.volumes.values()):
        hosts = tuple((host or "", lun) for n, lun in volume.hosts if n == lpar)
        if hosts and host != lpar:
            site.volumes[volume.name] = replace(volume, hosts=hosts if host else ())


def _copy(draw: st.DrawFn, at: Sites, name: str, volume: Volume) -> None:
    """What there is of the copy of a volume."""
    kind, site = draw(st.sampled_from(COPIES)), at.away
    if kind == "none":
        return
    size = volume.provisioned // 2 if kind == "smaller" else volume.provisioned
    called = f"{volume.name}-dr" if kind in ("tagged elsewhere", "tagged twice") else volume.name
    site.add_volume(called, size)
    if kind == "gone":
        site.gone.add(called)
    if kind in ("tagged", "tagged elsewhere", "tagged twice", "connected", "other LUN"):
        site.tags[called] = f"replica-{volume.name}"
    if kind == "tagged twice":
        site.add_volume(f"{called}2", size)
        site.tags[f"{called}2"] = volume.id
    if kind == "tagged for another":
        site.tags[called] = "replica-of-something-else"
    lun = int(volume.name[-1]) + (41 if kind == "other LUN" else 1)
    if kind in ("connected", "other LUN") and name in site.hosts:
        site.volumes[called] = replace(site.volumes[called], hosts=((name, lun),))
    if kind == "other host":
        site.add_host("stranger", ())
        site.volumes[called] = replace(site.volumes[called], hosts=(("stranger", 9),))


def _strangers(draw: st.DrawFn, at: Sites) -> None:
    """A host of somebody else that holds a WWPN of an LPAR, or the host of one LPAR that holds one of another."""
    for site in (at.home, at.away):
        if draw(st.integers(0, 3)):
            continue
        owners = [name for name in NAMES if name in site.lpars and wwpns(site.lpars[name])]
        if not owners:
            continue
        wwpn = draw(st.sampled_from(wwpns(site.lpars[draw(st.sampled_from(owners))])))
        for host in list(site.hosts.values()):
            site.hosts[host.name] = replace(host, wwns=tuple(w for w in host.wwns if w != wwpn))
        holder = draw(st.sampled_from(["thief", *NAMES]))
        held = site.hosts[holder].wwns if holder in site.hosts else ()
        site.add_host(holder, (*held, wwpn))
