"""The two doors of a simulated array."""

from __future__ import annotations

from backends.lab.lab import AnyDoor
from backends.lab.threepar import cli_door, wsapi_door
from backends.lab.threepar.array import ThreePar
from backends.lab.tls import Identities
from backends.lab.world import Device, World


def open_doors(world: World, device: Device, identities: Identities) -> dict[str, AnyDoor]:
    """``https`` (WSAPI) and ``ssh`` (CLI), not yet started; ports from ``device.ports`` if given."""
    array = device.state
    if not isinstance(array, ThreePar):
        raise TypeError(f"{device.name} is not an array of this kind")
    identity = identities.of(device.name)
    return {
        "https": wsapi_door.open_door(world, device, array, identity),
        "ssh": cli_door.open_door(world, device, array, identity),
    }
