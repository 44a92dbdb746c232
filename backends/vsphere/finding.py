"""Which machines of a server go by a name or an instance UUID: two leaf properties of each, and no more."""

from __future__ import annotations

from msgspec import Struct

from backends.vsphere.looks import Connected, retrieve

_PATHS = ("name", "summary.config.instanceUuid")


class Found(Struct, frozen=True):
    """A machine: its managed object id, its name and its instance UUID."""

    moid: str
    name: str
    uuid: str


class Called(Struct, frozen=True):
    """The machines whose name or instance UUID this is. Raises :class:`backends.outcome.DeviceError`."""

    asked: str

    def take(self, driver: Connected) -> tuple[Found, ...]:
        rows = retrieve(driver.session, "VirtualMachine", None, _PATHS)
        found = (Found(moid, *(str(values.get(path) or "") for path in _PATHS)) for moid, values in rows)
        return tuple(each for each in found if self.asked in (each.name, each.uuid))
