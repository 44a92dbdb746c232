"""The copies of an LPAR's volumes at the recovery site: there, paired by tag, connected under the same LUNs. Pure."""

from __future__ import annotations

from app.recovery.pra.align_hosts import host_of
from app.recovery.pra.alignment import Act, AddVolume, Connect, Finding, PairVolume
from app.recovery.pra.situation import ArrayNow, Pair, PraNow
from app.recovery.pra.volumes import Copy, copies


def align_storage(now: PraNow, pair: Pair) -> tuple[list[Act], list[Finding]]:
    """Volumes first, then their connections, the boot LUN before the others."""
    acts: list[Act] = []
    connections: list[Act] = []
    found: list[Finding] = []
    if pair.home is None:
        return [], []
    for each in copies(now, pair.home):
        if each.why is not None:
            found.append(Finding("fa.member" if each.group is None else "fa.complete", each.why))
        if each.there is None:
            continue
        if not each.there.whole:
            found.append(Finding("fa.paired", f"not everything on {each.there.device} could be read"))
            continue
        made, name = _volume(each, found)
        acts += made
        if name is not None and pair.partner is not None:
            connections += _connected(now, pair, each, each.there, name, found)
    return [*acts, *connections], found


def _volume(each: Copy, found: list[Finding]) -> tuple[list[Act], str | None]:
    """What makes the copy and pairs it; and its name, None where there is none to connect."""
    there, volume = each.there, each.volume
    assert there is not None
    if each.copy is not None:
        return ([PairVolume(there.device, each.copy.name, each.tag)] if each.proposed else []), each.copy.name
    if volume.name in there.volumes:
        words = f"{volume.name} on {there.device} is smaller than its source, or paired with another volume"
        found.append(Finding("fa.paired", words))
        return [], None
    if each.part is None:
        return [], None
    made: list[Act] = [AddVolume(there.device, volume.name, each.part.name)]
    return [*made, PairVolume(there.device, volume.name, each.tag)], volume.name


def _connected(now: PraNow, pair: Pair, each: Copy, there: ArrayNow, volume: str, found: list[Finding]) -> list[Act]:
    assert pair.partner is not None
    host = host_of(pair.partner, there, now.pra)
    name = host.name if host is not None else now.pra.host_of(pair.name)
    shown = dict(there.volumes[volume].hosts) if volume in there.volumes else {}
    own = {name, host.host_group if host is not None else None}
    others = sorted(other for other in shown if other not in own)
    if others:
        words = f"{volume} on {there.device} is connected to {', '.join(others)}: it is left alone"
        found.append(Finding("fa.paired", words))
        return []
    if each.lun is None:
        found.append(Finding("fa.paired", f"the LUN of {each.volume.name} at home is not known"))
        return []
    if shown:
        lun = next((lun for other, lun in shown.items() if other in own), None)
        if lun != each.lun:
            words = f"{volume} on {there.device} has LUN {lun} for {name}, at home {each.lun}: change it by hand"
            found.append(Finding("fa.paired", words))
        return []
    taken = {lun: v.name for v, lun in there.seen_by.get(name, ())}
    if each.lun in taken:
        words = f"LUN {each.lun} of {name} on {there.device} is taken by {taken[each.lun]}"
        found.append(Finding("fa.paired", words))
        return []
    return [Connect(there.device, name, volume, each.lun)]
