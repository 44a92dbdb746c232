"""Looking at the pods of every array, and choosing which of them is meant."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from msgspec.structs import replace

from app.recovery import witnesses
from app.recovery.draft import CannotPlanError
from app.recovery.looks import Devices
from app.recovery.pg.gather import look_at
from app.recovery.pod import seeing
from app.recovery.pod.request import Asked, PodVerb
from app.recovery.pod.situation import ArrayPods, PodNow
from app.recovery.step import UnseenError
from app.recovery.witnesses import Witness
from app.settings_records import DeviceSettings
from backends.flasharray.looks import ArrayItself, ClockSkew, Pods
from backends.flasharray.records import Owner
from store.estate import DeviceKind, Pod, PodReplicaLink


def arrays(devices: Devices, configured: Iterable[DeviceSettings], known: Mapping[str, Owner]) -> tuple[ArrayPods, ...]:
    """All FlashArrays, looked at side by side. ``known`` are their own names and ids as last seen, by device."""
    wanted = [device for device in configured if device.kind is DeviceKind.FLASHARRAY]
    since = time.monotonic()

    def look(device: DeviceSettings) -> ArrayPods:
        began = datetime.now(UTC)
        try:
            owner, pods, skew_s = (
                devices.look((device.name, query), since)[0] for query in (ArrayItself(), Pods(), ClockSkew())
            )
        except UnseenError as error:
            owner = known.get(device.name)
            return ArrayPods(device.name, device.site, owner, None, failure=str(error), silent=error.silent)
        return ArrayPods(device.name, device.site, owner, pods, began, skew_s)

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        return tuple(pool.map(look, wanted))


# ------------------------------------------------------------------------------------------------------------ choosing


def chosen(found: Sequence[ArrayPods], asked: Asked) -> ArrayPods:
    """The array whose pod is meant. Raises :class:`CannotPlanError`."""
    unread = [f"{array.device} ({array.failure})" for array in found if array.pods is None]
    if asked.on is not None:
        return _named(found, asked.on)
    having = [array for array in found if array.pods is not None and seeing.live(array.pods, asked.pod) is not None]
    fitting = [array for array in having if _fits(array, asked)]
    if len(fitting) == 1:
        return fitting[0]
    if len(having) == 1:  # the guards say what is wrong with it
        return having[0]
    if having:
        there = "; ".join(f"{array.device}: {seeing.stands(array.pod(asked.pod))}" for array in having)
        raise CannotPlanError(f"More than one array has a pod {asked.pod} ({there}). Say which: --on")
    more = f"; not read: {', '.join(unread)}" if unread else ""
    raise CannotPlanError(f"No array of the configuration has a pod {asked.pod}{more}")


def _named(found: Sequence[ArrayPods], on: str) -> ArrayPods:
    array = next((each for each in found if each.device == on), None)
    if array is None:
        names = ", ".join(each.device for each in found) or "none"
        raise CannotPlanError(f"No FlashArray of the configuration is called {on}. There are: {names}")
    if array.pods is None:
        raise CannotPlanError(f"{on} cannot be read: {array.failure}")
    return array


def _fits(array: ArrayPods, asked: Asked) -> bool:
    """Whether a pod is on the side that the verb is for. To discard, every side that is promoted could be meant."""
    pods = array.pods or {}
    pod, link = pods[asked.pod], seeing.link_of(pods[asked.pod])
    if asked.verb is PodVerb.UNDO:
        return bool(seeing.undo_pods(pods, asked.pod))
    if asked.discard:
        return pod.promotion_status != seeing.DEMOTED
    wanted = seeing.INBOUND if asked.verb is PodVerb.PROMOTE else seeing.OUTBOUND
    return link is not None and link.direction == wanted


# ----------------------------------------------------------------------------------------------------------- situation


def situation(devices: Devices, found: Sequence[ArrayPods], here: ArrayPods, name: str) -> PodNow:
    """The pod with its other side, and who may be writing to it. Raises :class:`UnseenError`."""
    pod = seeing.live(here.pods or {}, name)
    link = seeing.link_of(pod)
    there = other_side(found, here, link.remote) if link is not None else None
    at = PodNow(name, datetime.now(UTC), here, there)
    if pod is None:
        return at
    look = look_at(devices, here.device)
    users = seeing.users(look, name)
    if there is None or there.pods is None:
        return replace(at, users=users)
    shared = seeing.wwpns(look, name) & seeing.wwpns(look_at(devices, there.device), at.other_name)
    return replace(at, users=users, shared=shared)


def other_side(found: Sequence[ArrayPods], here: ArrayPods, remote: str | None) -> ArrayPods | None:
    """The array that calls itself ``remote``. One that was never read is known by the name of its device; where that
    differs, it is the only one of which nobody knows what it calls itself."""
    others = [array for array in found if array.device != here.device]
    for array in others:
        if array.owner is not None and array.owner.name == remote:
            return array
    nameless = [array for array in others if array.owner is None]
    alike = [array for array in nameless if array.device == remote]
    return alike[0] if alike else nameless[0] if len(nameless) == 1 else None


def witnessed(devices: Devices, configured: Iterable[DeviceSettings], at: PodNow) -> PodNow:
    """The situation with what others say of the other side's site: the link as this side sees it, and every other
    device of that site."""
    if at.there is None:
        return at
    return told(at, witnesses.asked(devices, configured, at.there.site, at.there.device))


def told(at: PodNow, every: Iterable[Witness]) -> PodNow:
    """The same where the devices of that site were asked before; what the array itself said is left out."""
    others = (each for each in every if at.there is None or each.who != at.there.device)
    return replace(at, witnesses=(*_links(at.here, at.pod, at.link), *others))


def _links(here: ArrayPods, pod: Pod | None, link: PodReplicaLink | None) -> Iterable[Witness]:
    """A link that was paused by hand says nothing."""
    if pod is not None and link is not None and not link.paused:
        yield Witness(f"the link of {pod.name} on {here.device}", link.status == "unhealthy", link.status)
