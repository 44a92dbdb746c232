"""Whether a site is dark: what every other device that is said to be there says by answering, or by being silent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from app.recovery.looks import Devices
from app.recovery.step import UnseenError
from app.settings_records import DeviceSettings

NEEDED = 2
"""So many witnesses say that a site is dark before it is believed (procedures 1.2)."""


class Witness(Struct, frozen=True):
    """What somebody says of a site. ``down`` None: it says nothing of it."""

    who: str
    down: bool | None
    evidence: str


def asked(devices: Devices, configured: Iterable[DeviceSettings], site: str, but: str) -> tuple[Witness, ...]:
    """Ask every device of ``site`` but one, side by side. One that answers, whatever it says, is a sign of life."""
    wanted = [device for device in configured if device.site == site and device.name != but]
    since = time.monotonic()

    def ask(device: DeviceSettings) -> Witness:
        try:
            devices.reading(device.name, since)
        except UnseenError as unseen:
            return Witness(device.name, unseen.silent or None, str(unseen)[:100])
        return Witness(device.name, False, "answers")

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        return tuple(pool.map(ask, wanted))


def believed(found: Sequence[Witness]) -> tuple[bool, str]:
    """Whether the site may be taken for dark, and what everybody said."""
    down = [witness for witness in found if witness.down]
    against = [witness for witness in found if witness.down is False]
    evidence = "; ".join(f"{witness.who}: {witness.evidence}" for witness in found) or "nobody was asked"
    return len(down) >= NEEDED and not against, evidence
