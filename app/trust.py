"""``drdeck trust``: what each device, and each host of a database, presents now beside what is pinned; pins after the
operator compared them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from app import known_devices
from app.host_records import SshHost
from app.identities import Door, Presented, describe, doors, present
from app.known_devices import Identity, Known, Pin, Protocol
from app.permits import Act, Permits
from app.settings_records import DeviceSettings, Settings


class State(StrEnum):
    """How what a door presents compares with what is believed, in the words of the list."""

    NEW = "not pinned yet"
    PINNED = "as pinned"
    CONFIGURED = "as configured"
    VOUCHED = "vouched for by a CA"
    CHANGED = "CHANGED"
    MISCONFIGURED = "NOT AS CONFIGURED"
    DISTRUSTED = "NOT VOUCHED FOR"
    UNCHECKED = "not checked"
    SILENT = "not reached"


_BELIEVED = frozenset((State.PINNED, State.CONFIGURED, State.VOUCHED, State.UNCHECKED))


class Finding(Struct, frozen=True):
    """One door: what it presents, what is believed of it, and how the two compare."""

    door: Door
    presented: Presented
    believed: tuple[Identity, ...]
    state: State


def examine(devices: Sequence[DeviceSettings | SshHost], known: Known) -> list[Finding]:
    """Ask every door of the devices and databases and compare."""
    every = doors(devices)
    believed = [_believed(door, known) for door in every]
    keys = [[identity.host_key for identity in identities if identity.host_key] for identities in believed]
    shown = present(list(zip(every, keys, strict=True)))
    return [
        Finding(door, presented, identities, _compare(door, presented, identities))
        for door, presented, identities in zip(every, shown, believed, strict=True)
    ]


def _believed(door: Door, known: Known) -> tuple[Identity, ...]:
    if door.host_keys:
        return tuple(Identity(Protocol.SSH, host_key=key) for key in door.host_keys)
    pin = known.get((door.device, door.protocol))
    return (pin.identity,) if pin is not None else ()


def _compare(door: Door, presented: Presented, believed: tuple[Identity, ...]) -> State:
    if presented.identity is None:
        return State.SILENT
    if not door.verify:
        return State.UNCHECKED
    if believed and presented.identity not in believed:
        return State.MISCONFIGURED if door.host_keys else State.CHANGED
    if door.protocol is Protocol.HTTPS and door.ca_file is not None and presented.distrust:
        return State.DISTRUSTED
    if believed:
        return State.CONFIGURED if door.host_keys else State.PINNED
    if door.protocol is Protocol.HTTPS and not presented.distrust:
        return State.VOUCHED
    return State.NEW


def lines(finding: Finding) -> list[str]:
    """The finding as the list shows it: one line, and under it every fingerprint that matters."""
    door, identity = finding.door, finding.presented.identity
    out = [f"{door.device:<20} {door.protocol:<5} {door.address:<24} {finding.state}"]
    if identity is None:
        return [f"{out[0]}: {finding.presented.trouble}"]
    out.append(f"    presents  {identity.fingerprint}")
    if identity.certificate:
        out.append(f"              {describe(identity.certificate)}")
    if finding.presented.distrust and finding.state is not State.PINNED:
        out.append(f"              no CA vouches for it: {finding.presented.distrust}")
    if finding.state in (State.CHANGED, State.MISCONFIGURED):
        for old in finding.believed:
            out.append(f"    expected  {old.fingerprint}")
            if old.certificate:
                out.append(f"              {describe(old.certificate)}")
    advice = _advice(finding)
    return [*out, f"    {advice}"] if advice else out


def _advice(finding: Finding) -> str:
    name = finding.door.device
    match finding.state:
        case State.CHANGED:
            return (
                "Refused. If it was renewed on purpose, compare the new fingerprint on the device itself, then: "
                f"drdeck trust --replace {name}. If not: stop, and find out who answers there."
            )
        case State.MISCONFIGURED:
            return "Refused. The configuration gives host_keys: correct them there once you know why they differ."
        case State.DISTRUSTED:
            return (
                "Refused. Have the certificate renewed on the device, or correct "
                f"ca_file = {finding.door.ca_file}, or remove ca_file and pin the certificate."
            )
        case State.UNCHECKED:
            return "verify = false in the configuration: anybody may answer in its place."
        case _:
            return ""


class Request(Struct, frozen=True):
    """What the operator asked for: devices and databases (none: all), whether to accept new identities unasked, which
    changed ones to replace, and whether to pin certificates that a CA vouches for too."""

    names: tuple[str, ...] = ()
    yes: bool = False
    replace: Collection[str] = ()
    vouched: bool = False


def run(settings: Settings, request: Request, confirm: Callable[[str], bool] | None) -> int:
    """Show every door, pin what may be pinned, and return the exit code: 0 only if every door shown is believed now.

    ``confirm`` asks the operator a question; None when there is nobody to ask. Raises
    :class:`known_devices.KnownDevicesError`.
    """
    names = {*request.names, *request.replace}
    devices = [device for device in settings.reached if not names or device.name in names]
    known, permits = known_devices.read(settings.known_devices), Permits(settings)
    findings = examine(devices, known)
    pins = dict(known)
    left: list[Finding] = []
    for finding in findings:
        print("\n".join(lines(finding)))
        against = permits.refusal(Act.TRUST, permits.at([finding.door.device])) if _may_pin(finding, request) else None
        if against is not None:
            print(f"    not pinned: {against}")
        accepted = None if against is not None else _accepted(finding, request, confirm)
        if accepted is not None:
            pins[finding.door.device, finding.door.protocol] = Pin(accepted, finding.door.address, datetime.now(UTC))
            known_devices.write(settings.known_devices, pins)
            print("    pinned")
            _keep(settings, finding, known.get((finding.door.device, finding.door.protocol)), accepted)
        elif finding.state not in _BELIEVED:
            left.append(finding)
    if left:
        print(_summary(left), file=sys.stderr)
    return 1 if left else 0


def _keep(settings: Settings, finding: Finding, before: Pin | None, after: Identity) -> None:
    """Have the journal say who pinned what in place of what, where there is a store yet."""
    from app.recovery.operations import who
    from store import entries
    from store.errors import StoreError
    from store.place import is_there

    if not is_there(settings.store):
        return
    told = {
        "by": who(),
        "device": finding.door.device,
        "door": str(finding.door.protocol),
        "before": None if before is None else before.identity.fingerprint,
        "after": after.fingerprint,
    }
    try:
        entries.keep(settings.store, "identity pinned", told)
    except StoreError as error:
        print(f"    not in the journal: {error.message}", file=sys.stderr)


def _may_pin(finding: Finding, request: Request) -> bool:
    """Whether it is of a kind that is pinned where the operator agrees."""
    new = finding.state is State.NEW or (finding.state is State.VOUCHED and request.vouched)
    return finding.presented.identity is not None and (new or _replaced(finding, request))


def _replaced(finding: Finding, request: Request) -> bool:
    return finding.state is State.CHANGED and finding.door.device in request.replace


def _accepted(finding: Finding, request: Request, confirm: Callable[[str], bool] | None) -> Identity | None:
    """The identity to pin now, or None."""
    identity, door, replaced = finding.presented.identity, finding.door, _replaced(finding, request)
    if identity is None or not _may_pin(finding, request):
        return None
    if request.yes:
        return identity
    question = f"    Does {door.device} itself show this fingerprint? {'Replace the pin' if replaced else 'Pin it'}?"
    return identity if confirm is not None and confirm(question) else None


def _summary(left: Sequence[Finding]) -> str:
    def names(*states: State) -> str:
        return ", ".join(dict.fromkeys(finding.door.device for finding in left if finding.state in states))

    parts = []
    if changed := names(State.CHANGED, State.MISCONFIGURED, State.DISTRUSTED):
        parts.append(f"Do not log in to {changed} before you know why another identity is shown than expected")
    if new := names(State.NEW):
        parts.append(f"Compare the fingerprints and pin {new}: drdeck trust, or drdeck trust --yes")
    if silent := names(State.SILENT):
        parts.append(f"Not reached: {silent}. Check address, port and network, then run drdeck trust again")
    return ". ".join(parts)
