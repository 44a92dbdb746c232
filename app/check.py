"""``drdeck check``: every device is really read once, all at the same time; each failure comes with what to do."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from app import store_check
from app.access_records import Others
from app.connect import Connector
from app.output import columns, printable
from app.person import whoami
from app.settings_records import DeviceSettings, Settings
from app.sweep_call import Call, close_aside
from backends.driver import Driver
from backends.outcome import DeviceError, Failure, Sent
from store.estate import KIND_OF, DeviceKind, Reading

SCHEMA_VERSION = 1
SKEW_WARNING_S = 5.0
_CLOSE_S = 5.0

WORDS = {
    "system": ("managed system", "managed systems"),
    "lpar": ("LPAR", "LPARs"),
    "flasharray": ("array", "arrays"),
    "pgroup": ("protection group", "protection groups"),
    "volume": ("volume", "volumes"),
    "host": ("host", "hosts"),
    "pod": ("pod", "pods"),
    "storage": ("storage system", "storage systems"),
    "rcg": ("RCG", "RCGs"),
    "vcenter": ("vCenter", "vCenters"),
    "esxi": ("ESXi host", "ESXi hosts"),
    "datastore": ("datastore", "datastores"),
    "vm": ("VM", "VMs"),
}

KINDS = {
    DeviceKind.HMC: "HMC",
    DeviceKind.FLASHARRAY: "FlashArray",
    DeviceKind.THREEPAR: "3PAR, Primera or Alletra",
    DeviceKind.VSPHERE: "vCenter or ESXi host",
}

FIXES = {
    Failure.UNREACHABLE: "Is {address} right, and is there a way to it? Try from this machine: nc -vz {host} {port}",
    Failure.TIMEOUT: "No answer came in time: look at the path to {address} (a firewall?) and at the load of {name}, "
    "or raise connect_timeout, call_timeout or timeout in {config}",
    Failure.LOGIN_REFUSED: "Check user and secret of {name} in {config}, and that the account is not locked or expired",
    Failure.UNTRUSTED: "Compare and pin its identity: drdeck trust {name}. If it changed and nobody renewed it: stop, "
    "and find out who answers there",
    Failure.NO_SECRET: "Make the secret that {config} names for {name} available on this machine",
    Failure.SESSION_LIMIT: "Too many logins are open on it: end those of other tools, or lower sessions of {name} in "
    "{config}",
    Failure.BUSY: "It is busy: try again in a minute",
    Failure.REFUSED: "It answered and refused: its own words say why. May the account of {name} read everything?",
    Failure.LOST: "The connection broke while it answered: try again; if it stays, look at the network and the device",
    Failure.BAD_ANSWER: "Is {address} a {kind} of a supported version, and not a proxy or another device?",
}

OWN_ERROR = "It reports an error of its own: look at the alerts and logs of {name}, then try again"


class Result(Struct, frozen=True):
    """What one device said: a reading, or the error instead of it. ``seconds`` is how long it took."""

    device: DeviceSettings
    reading: Reading | None
    error: DeviceError | None
    seconds: float

    @property
    def word(self) -> str:
        if self.error is not None:
            return str(self.error.failure)
        return "partly read" if self.partly else "ok"

    @property
    def partly(self) -> bool:
        return self.reading is not None and bool(self.reading.problems or self.reading.unread)

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each kind were read, in the order of :data:`WORDS`."""
        found = Counter(KIND_OF[type(obj)] for obj in (self.reading.objects if self.reading is not None else ()))
        return {kind: found[kind] for kind in WORDS if found[kind]}

    @property
    def skew_s(self) -> float | None:
        return None if self.reading is None else self.reading.clock_skew_s


def read_all(devices: Sequence[DeviceSettings], connect: Callable[[str], Driver]) -> list[Result]:
    """Read all devices at the same time, each within its own limits. Takes little longer than the slowest."""
    results: dict[str, Result] = {}

    def read(device: DeviceSettings) -> None:
        results[device.name] = _read(device, connect)

    threads = [threading.Thread(target=read, args=(device,), name=f"check {device.name}") for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[device.name] for device in devices]


def _read(device: DeviceSettings, connect: Callable[[str], Driver]) -> Result:
    began = time.monotonic()
    call = Call(device.name, connect, None)
    call.start()
    error = None
    if not call.done.wait(device.timeout_s) and call.give_up():
        text = f"no complete answer within {device.timeout_s:g} s"
        error = DeviceError(device.name, "read", Failure.TIMEOUT, Sent.UNKNOWN, text)
    seconds = time.monotonic() - began
    if error is None and call.reading is not None and call.driver is not None:
        close_aside(call.driver).join(_CLOSE_S)
    return Result(device, call.reading, error or call.error, seconds)


def advice(result: Result, settings: Settings) -> list[str]:
    """What to do about a result: nothing for a device that is well."""
    device, error, reading = result.device, result.error, result.reading
    if error is not None:
        said = error.text if error.code is None or error.code in error.text else f"{error.code}: {error.text}"
        broken = error.code is not None and re.fullmatch("HTTP 5[0-9][0-9]", error.code) is not None
        words = OWN_ERROR if broken and error.failure is Failure.BAD_ANSWER else FIXES[error.failure]
        fix = words.format(
            name=device.name,
            address=device.address,
            host=device.host,
            port=device.port,
            kind=KINDS[device.kind],
            config=settings.path,
        )
        return [f"{error.call}: {said}", f"-> {fix}"]
    out = []
    for unread in reading.unread if reading is not None else ():
        out.append(f"{WORDS[unread.kind][1]} {unread.key_prefix or '(all)'} could not be read: {unread.why}")
    for problem in reading.problems if reading is not None else ():
        out.append(f"{problem.where}: expected {problem.expected}, got {problem.line!r}")
    if result.partly:
        out.append("-> The other rows are good. Correct these on the device, or report them with the lines above")
    if result.skew_s is not None and abs(result.skew_s) >= SKEW_WARNING_S:
        where = "ahead of" if result.skew_s > 0 else "behind"
        out.append(f"-> Its clock is {abs(result.skew_s):.0f} s {where} this machine's: set both by NTP")
    if not device.verified:
        out.append("-> Its identity is not checked (verify = false): anybody may answer in its place")
    return out


def run(settings: Settings, devices: Sequence[DeviceSettings], *, as_json: bool) -> int:
    """Read the devices, print what became of it, and return the exit code: 1 if a device could not be read, 3 if one
    could only partly be read."""
    results = read_all(devices, Connector(settings))
    failed = [result for result in results if result.error is not None]
    partly = [result for result in results if result.partly]
    if failed or partly:
        print(_summary(failed, partly), file=sys.stderr, flush=True)
    words = "\n".join([*store_check.told(settings.store), who_may(settings)])
    print(_json(results, settings) if as_json else f"{_table(results, settings)}\n\n{words}")
    return 1 if failed else 3 if partly else 0


def who_may(settings: Settings) -> str:
    """Who may do what here, in a sentence or two."""
    access, person = settings.access, whoami()
    eyes = f" Another person has to approve: {', '.join(access.four_eyes)}." if access.four_eyes else ""
    if not access.grants:
        return f"Roles: none in {settings.path}, so whoever may start drdeck may do everything.{eyes}"
    mine = [f"{grant.role} at {', '.join(grant.sites)}" for grant in access.grants if grant.holds(person)]
    others = "looks only" if access.others is Others.VIEWER else "is refused"
    return f"Roles: {person.words} is {'; '.join(mine) or f'none, and {others}'}.{eyes}"


def _summary(failed: Sequence[Result], partly: Sequence[Result]) -> str:
    parts = []
    if failed:
        parts.append(f"Could not be read: {', '.join(result.device.name for result in failed)}")
    if partly:
        parts.append(f"Only partly read: {', '.join(result.device.name for result in partly)}")
    return f"{'. '.join(parts)}. What to do stands under each, behind the arrow."


def _table(results: Sequence[Result], settings: Settings) -> str:
    head = ("DEVICE", "KIND", "SITE", "ADDRESS", "RESULT", "CLOCK", "TIME", "READ")
    lines = columns([head, *(_row(result) for result in results)])
    out = [lines[0]]
    for line, result in zip(lines[1:], results, strict=True):
        out += [line, *(f"    {printable(text)}" for text in advice(result, settings))]
    return "\n".join(out)


def _row(result: Result) -> tuple[str, ...]:
    device = result.device
    read = ", ".join(f"{count} {WORDS[kind][count != 1]}" for kind, count in result.counts.items())
    skew = "" if result.skew_s is None else f"{result.skew_s:+.1f}s"
    return (device.name, device.kind, device.site, device.address, result.word, skew, f"{result.seconds:.1f}s", read)


def _json(results: Sequence[Result], settings: Settings) -> str:
    rows = [
        {
            "name": result.device.name,
            "kind": result.device.kind.value,
            "site": result.device.site,
            "address": result.device.address,
            "verified": result.device.verified,
            "result": result.word,
            "code": None if result.error is None else result.error.code,
            "text": None if result.error is None else result.error.text,
            "advice": [line.removeprefix("-> ") for line in advice(result, settings) if line.startswith("-> ")],
            "read": result.counts,
            "problems": [
                {"where": p.where, "line": p.line, "expected": p.expected}
                for p in (result.reading.problems if result.reading is not None else ())
            ],
            "clock_skew_s": result.skew_s,
            "seconds": round(result.seconds, 3),
        }
        for result in results
    ]
    return json.dumps({"schema_version": SCHEMA_VERSION, "devices": rows}, indent=2)
