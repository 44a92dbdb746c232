"""Whether the MACs and WWPNs of an LPAR are live somewhere else, out of inventories of both sites. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.recovery.pra.golden import next_profile
from app.recovery.pra.situation import wwpns
from store.estate import Lpar, LparProfile, LparState


def macs(lpar: Lpar) -> tuple[str, ...]:
    """The MACs that it has, and those that its next activation gives it."""
    given = next_profile(lpar)
    every: tuple[Lpar | LparProfile, ...] = (lpar, given) if given is not None else (lpar,)
    found = [a.mac for held in every for a in held.eth if a.mac is not None and a.trunk_priority is None]
    found += [port.mac for held in every for port in held.ports if port.mac is not None]
    return tuple(dict.fromkeys(found))


def live(lpars: Iterable[Lpar]) -> dict[str, list[Lpar]]:
    """The LPARs that are not Not Activated, by each of their addresses."""
    found: dict[str, list[Lpar]] = defaultdict(list)
    for lpar in lpars:
        if lpar.state is not LparState.NOT_ACTIVATED:
            for address in (*lpar.macs, *lpar.wwpns):
                found[address].append(lpar)
    return found


def clashes(lpar: Lpar, others: Mapping[str, list[Lpar]], but: frozenset[str]) -> list[str]:
    """Addresses of ``lpar`` that are live in another one, in words. ``but`` are the keys of LPARs that are stopped
    before it is activated."""
    found = []
    for address in (*macs(lpar), *wwpns(lpar)):
        for other in others.get(address, ()):
            if other.key != lpar.key and other.key not in but:
                found.append(f"{address} is live in {other.name} on {other.system}")
    return found
