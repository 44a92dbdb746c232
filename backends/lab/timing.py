"""How long things take in the lab: the latency of a call (real seconds) and the duration of work (virtual seconds)."""

from __future__ import annotations

import random
import time

from msgspec import Struct


class Timing(Struct, frozen=True):
    """A preset. Calls are ``(shortest, longest)`` real seconds; work is virtual seconds or bytes per virtual second."""

    name: str
    ssh_call: tuple[float, float]
    https_call: tuple[float, float]
    lpar_starting_s: float
    lpar_firmware_s: float
    lpar_rmc_s: float  # from Running until RMC is active
    lpar_osshutdown_s: float
    lpar_shutdown_s: float
    transfer_bytes_s: float  # protection group transfer to a target
    resync_bytes_s: float  # remote copy synchronization
    rcg_verb_s: float  # a remote copy role change
    vm_task_s: float
    vm_boot_s: float  # from power on until Tools run
    vm_shutdown_s: float
    copy_bytes_s: float  # a full copy of a virtual disk

    def wait_ssh(self) -> None:
        _pause(self.ssh_call)

    def wait_https(self) -> None:
        _pause(self.https_call)


def _pause(span: tuple[float, float]) -> None:
    if span[1] > 0:
        time.sleep(random.uniform(*span))


_MIB = 1024.0 * 1024.0

INSTANT = Timing(
    name="instant",
    ssh_call=(0.0, 0.0),
    https_call=(0.0, 0.0),
    lpar_starting_s=0.2,
    lpar_firmware_s=0.2,
    lpar_rmc_s=0.2,
    lpar_osshutdown_s=0.2,
    lpar_shutdown_s=0.1,
    transfer_bytes_s=200_000 * _MIB,
    resync_bytes_s=200_000 * _MIB,
    rcg_verb_s=0.1,
    vm_task_s=0.1,
    vm_boot_s=0.2,
    vm_shutdown_s=0.2,
    copy_bytes_s=200_000 * _MIB,
)

REALISTIC = Timing(
    name="realistic",
    ssh_call=(0.15, 0.9),
    https_call=(0.02, 0.25),
    lpar_starting_s=12.0,
    lpar_firmware_s=25.0,
    lpar_rmc_s=65.0,
    lpar_osshutdown_s=40.0,
    lpar_shutdown_s=6.0,
    transfer_bytes_s=400 * _MIB,
    resync_bytes_s=250 * _MIB,
    rcg_verb_s=4.0,
    vm_task_s=2.5,
    vm_boot_s=35.0,
    vm_shutdown_s=20.0,
    copy_bytes_s=300 * _MIB,
)

PRESETS = {preset.name: preset for preset in (INSTANT, REALISTIC)}
