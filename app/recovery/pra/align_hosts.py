"""Host objects on the arrays: each holds exactly the WWPNs of its LPAR. Pure.

WWPNs are added, never removed and never taken from another host: what stands in the way is reported.
"""

from __future__ import annotations

from app.pra_records import Pra
from app.recovery.pra.alignment import Act, AddHost, AddWwns, Finding
from app.recovery.pra.situation import ArrayNow, Owners, wwpns
from store.estate import Host, Lpar


def host_of(lpar: Lpar, array: ArrayNow, pra: Pra, owners: Owners) -> Host | None:
    """The host object of an LPAR: the one of its name, else the only one that holds one of its WWPNs, unless that is
    called as the host of another LPAR."""
    named = array.hosts.get(pra.host_of(lpar.name))
    if named is not None:
        return named
    holders = {array.by_wwpn[wwpn].name for wwpn in wwpns(lpar) if wwpn in array.by_wwpn}
    return array.hosts[holders.pop()] if len(holders) == 1 and not holders & owners.hosts else None


def intruders(lpar: Lpar, host: Host, array: ArrayNow, owners: Owners) -> list[str]:
    """The WWPNs in the host of ``lpar`` by which somebody else uses it, or will: one of another LPAR, or one that is
    logged in and not its own. One that nobody has any more is none."""
    surplus = set(host.wwns) - set(wwpns(lpar))
    return sorted(w for w in surplus if w in array.logged_in or owners.wwpns.get(w, lpar.name) != lpar.name)


def align_host(
    lpar: Lpar, array: ArrayNow, pra: Pra, owners: Owners, os_version: str | None
) -> tuple[list[Act], list[Finding]]:
    """What the host of ``lpar`` on ``array`` lacks. ``owners`` are those of the LPAR's site; ``os_version`` is the
    operating system that a new host is made for."""
    wanted = wwpns(lpar)
    if not wanted:
        return [], []
    if {"fc", "profiles"} & set(lpar.unread):
        return [], [Finding("pwr.wwpn-profile", f"not all WWPNs of {lpar.name} could be read: its host is left alone")]
    name = pra.host_of(lpar.name)
    host = host_of(lpar, array, pra, owners)
    found = _strangers(lpar, array, host, wanted)
    taken = {wwpn for wwpn in wanted if (holder := array.by_wwpn.get(wwpn)) is not None and holder is not host}
    if host is None:
        if taken:
            return [], found
        personality = "aix" if (os_version or "").startswith(("AIX", "VIOS")) else None
        return [AddHost(array.device, name, wanted, personality)], found
    if host.name != name:
        found.append(
            Finding("fa.naming", f"the host of {lpar.name} on {array.device} is called {host.name}, not {name}")
        )
    surplus = sorted(set(host.wwns) - set(wanted))
    if surplus:
        words = f"{host.name} on {array.device} holds {', '.join(surplus)}, which {lpar.name} does not have"
        found.append(Finding("pwr.wwpn-both", f"{words}: whoever has it reaches its volumes; remove it by hand"))
    others = intruders(lpar, host, array, owners)
    if others and not set(host.wwns) & set(wanted):
        words = f"{host.name} on {array.device} is used by another, through {others[0]}: {lpar.name} is not added to it"
        return [], [*found, Finding("pwr.wwpn-unique", words)]
    missing = tuple(wwpn for wwpn in wanted if wwpn not in host.wwns and wwpn not in taken)
    return [AddWwns(array.device, host.name, missing)] if missing else [], found


def _strangers(lpar: Lpar, array: ArrayNow, host: Host | None, wanted: tuple[str, ...]) -> list[Finding]:
    found = []
    for wwpn in wanted:
        holder = array.by_wwpn.get(wwpn)
        if holder is not None and holder is not host:
            words = f"{wwpn} of {lpar.name} belongs to the host {holder.name} on {array.device}: it is not taken away"
            found.append(Finding("pwr.wwpn-unique", words))
    return found
