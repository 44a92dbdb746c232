"""The detail of a device."""

from __future__ import annotations

from collections.abc import Sequence

from screens.detail import Detail
from screens.facts_device import parts
from screens.scene import Scene
from screens.side_by_side import Part


class DeviceDetail(Detail):
    """``key`` is the name of the device in the settings."""

    PANE = "devices"
    KIND = "device"
    FURTHER = "Objects"

    def heading(self, scene: Scene) -> str:
        return f"Device {self.key}"

    def parts(self, scene: Scene) -> Sequence[Part]:
        device = scene.device(self.key)
        if device is None:
            raise LookupError(self.key)
        return parts(scene, device)

    @property
    def device_to_sweep(self) -> str | None:
        return self.key
