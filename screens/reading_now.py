"""How far a reading of devices that the operator asked for has come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from screens.briefing import named
from store.records import DeviceHealth, DeviceStatus


class ReadingNow(Struct, frozen=True):
    """``before`` is the status of each device that is to be read, as it was when the operator asked."""

    before: Mapping[str, DeviceStatus]

    def words(self, devices: Iterable[DeviceStatus]) -> tuple[str, bool]:
        """A sentence for the devices as they are now, and whether all have been read."""
        now = {device.name: device for device in devices if device.name in self.before}
        waiting = [name for name, device in now.items() if not self._done(device)]
        failed = [name for name, device in now.items() if self._done(device) and device.health is DeviceHealth.FAILING]
        read = len(now) - len(waiting) - len(failed)
        if waiting:
            return f"Read {read} of {len(now)} devices; still reading {named(waiting)} …{_failed(failed)}", False
        if len(now) == 1 and not failed:
            return f"{next(iter(now))} was read.", True
        return f"{read} of {len(now)} devices were read.{_failed(failed)}", True

    def _done(self, device: DeviceStatus) -> bool:
        """Whether it was read, or given up, since: every end of a reading sets the time of the next."""
        before = self.before[device.name]
        return not device.sweeping and (device.last_ok, device.next_try) != (before.last_ok, before.next_try)


def _failed(names: list[str]) -> str:
    return f" Could not be read: {named(names)}." if names else ""
