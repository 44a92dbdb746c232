"""Aligning: what makes the recovery site ready for each protected LPAR, and the hosts of both sites right. Pure.

A second look at what was aligned finds nothing to do (procedures 3.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.recovery.pra.align_definition import Slots, align_definition
from app.recovery.pra.align_hosts import align_host
from app.recovery.pra.align_plan import steps
from app.recovery.pra.align_storage import align_storage
from app.recovery.pra.alignment import Act, AddHost, Aligned, Finding
from app.recovery.pra.situation import ArrayNow, Pair, PraNow, SideNow
from app.recovery.pra.volumes import copies
from backends.flasharray import names
from backends.outcome import ParseError
from store.turns import paced


def align(now: PraNow) -> tuple[Aligned, ...]:
    """One for each protected LPAR, in order of their names."""
    slots = Slots.of(now.recovery)
    count = Counter(lpar.name for lpar in now.nominal.lpars if lpar.env != "vioserver")
    return tuple(_align(now, pair, slots, twice=count[pair.name] > 1) for pair in paced(now.pairs))


def _align(now: PraNow, pair: Pair, slots: Slots, *, twice: bool) -> Aligned:
    if twice:
        words = f"more than one LPAR at {now.nominal.site} is called {pair.name}: they cannot have one host object"
        return Aligned(pair.name, (), (Finding("fa.naming", words),))
    forward = now.pra.recovery and not now.pra.reverse  # the definitions at home are production's own
    acts, found = align_definition(now, pair, slots) if forward else ([], [])
    for side, lpar in ((now.nominal, pair.home), (now.recovery, pair.partner)):
        if lpar is None:
            continue
        for array in _arrays(now, pair, side):
            more, findings = align_host(lpar, array, now.pra, now.owners[side.site], _os(pair))
            acts, found = [*acts, *more], [*found, *findings]
    if now.pra.recovery:
        more, findings = align_storage(now, pair, acts)
        acts, found = [*acts, *more], [*found, *findings]
    unfit = _unfit(acts)
    if unfit is not None:
        acts, found = [], [*found, Finding("fa.naming", f"nothing is done for {pair.name}: {unfit}")]
    return Aligned(pair.name, tuple(acts), tuple(dict.fromkeys(found)))


def _unfit(acts: Iterable[Act]) -> str | None:
    """What a device could not be told, such as a name that it does not allow; None: it can be told everything."""
    try:
        for act in acts:
            if isinstance(act, AddHost):
                names.name(act.host)
            for step, _ in steps(act):
                step.call()
    except ParseError as error:
        return f"expected {error.expected}, got {error.line!r}"
    return None


def _os(pair: Pair) -> str | None:
    """What runs at home is what is to run there: a definition that was never activated does not say it."""
    return pair.home.os_version if pair.home is not None else None


def _arrays(now: PraNow, pair: Pair, side: SideNow) -> list[ArrayNow]:
    """The arrays of a side that an LPAR's host belongs on: where its volumes are, or else the only one there is."""
    read = [array for array in side.arrays if array.whole]
    if pair.home is None or len(side.arrays) < 2:
        return read
    every = copies(now, pair.home)
    if side is now.nominal:
        return [array for array in read if any(each.home is array for each in every)]
    return [array for array in read if any(each.there is array for each in every)]
