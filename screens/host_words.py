"""Why an LPAR and its hosts are said to match or not, in sentences: which WWPN is where it should not be."""

from __future__ import annotations

from collections.abc import Iterable

from screens.cells import Tone
from screens.conditions import Freshness, HostMatch
from screens.host_match import HostFound, LparHosts, flasharrays, lpar_hosts, uncertain
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import status
from store.estate import DeviceKind, Lpar
from store.records import Entry


def why(scene: Scene, entry: Entry) -> tuple[Note, ...]:
    """The verdict in sentences: which WWPN is where it should not be, and what is not known and why."""
    lpar, hosts = entry.obj, lpar_hosts(scene, entry)
    if not isinstance(lpar, Lpar):
        return ()
    return (*_of_lpar(scene, entry, lpar), *(note for one in hosts.found for note in _of_host(scene, lpar, one)),
            *_not_read(scene, entry, hosts))  # fmt: skip


def _of_lpar(scene: Scene, entry: Entry, lpar: Lpar) -> Iterable[Note]:
    if lpar.env == "vioserver":
        yield Note("A VIOS reaches the SAN through ports of its own, whose WWPNs are not read.", Tone.DIM)
    elif uncertain(lpar):
        yield Note("WWPNs of this LPAR could not be read: what it lacks or has too many is not certain.", Tone.UNKNOWN)
    elif scene.freshness(entry) is Freshness.STALE:
        yield Note(f"{entry.device} is not read now: the WWPNs of the LPAR are those last known.", Tone.UNKNOWN)


def _of_host(scene: Scene, lpar: Lpar, one: HostFound) -> Iterable[Note]:
    place = f"Host {one.host.name} on {one.host.array}"
    if one.match is HostMatch.UNREAD:
        yield Note(f"{place} is as last known: {one.entry.device} is not read now.", Tone.UNKNOWN)
    tone = status(one.match).tone
    if one.match is HostMatch.OTHER:
        yield Note(f"{place} holds WWPNs of {lpar.name} and is not its host.", tone)
        return
    if one.match is HostMatch.SEVERAL:
        yield Note(f"{place} holds some of the WWPNs; other hosts of the array hold the rest.", tone)
        return
    lacks = f"lacks {', '.join(one.missing)} of {lpar.name}" if one.missing else ""
    holds = f"holds {', '.join(one.surplus)}, which no profile of {lpar.name} has" if one.surplus else ""
    if lacks or holds:
        yield Note(f"{place} {' and '.join(words for words in (lacks, holds) if words)}.", tone)


def _not_read(scene: Scene, entry: Entry, hosts: LparHosts) -> Iterable[Note]:
    site = scene.site(entry)
    unread = [name for name, read in flasharrays(scene, site).items() if not read]
    if unread:
        names = ", ".join(unread)
        text = f"{names}: hosts could not be read, or not all: whether one belongs to this LPAR now is not known."
        yield Note(text, Tone.UNKNOWN)
    kinds = {device.kind for device in scene.index.devices.values() if device.site == site}
    if DeviceKind.FLASHARRAY not in kinds:
        yield Note(
            f"No FlashArray of site {site or '?'} is configured, and other arrays' hosts are not read.", Tone.DIM
        )
    elif DeviceKind.THREEPAR in kinds and not hosts.found:
        yield Note(f"Hosts of the 3PAR arrays at {site} are not read: this LPAR may have its host there.", Tone.DIM)
