"""Whether a machine starts by itself with its host: looked at, switched off, given back.

Source: vSphere Web Services API, HostAutoStartManager. A machine that is not entered there takes no part, and nothing
does where the host's auto-start is off as a whole. It takes the privilege *Host.Config.AutoStart*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import looks
from backends.vsphere.looks import MARKS, Connected
from backends.vsphere.session import Session

KEPT = MARKS + "autostart"
"""The mark of a machine whose auto-start was switched off: how it was, to be given back."""


class AutoStart(Struct, frozen=True, forbid_unknown_fields=True):
    """How a machine starts with its host. ``enabled``: the host starts machines at all. ``order``: its place, -1 is any
    time. Delays in seconds, -1 is the host's default; actions and ``heartbeat`` in the words of AutoStartPowerInfo."""

    enabled: bool
    action: str = "none"
    order: int = -1
    delay: int = -1
    heartbeat: str = "systemDefault"
    stop_action: str = "none"
    stop_delay: int = -1

    @property
    def starts(self) -> bool:
        """Whether it starts once its host does."""
        return self.enabled and self.action.lower() == "poweron"

    @property
    def words(self) -> str:
        if not self.enabled:
            return "its host starts nothing by itself"
        if not self.starts:
            return "it takes no part in the auto-start of its host"
        return "it starts with its host" + (f", as number {self.order}" if self.order > 0 else "")

    @property
    def off(self) -> AutoStart:
        """The same, but that it no longer starts; how it stops stays."""
        return replace(self, action="none", order=-1)

    @property
    def text(self) -> str:
        """As the mark keeps it."""
        return json.dumps(asdict(self), separators=(",", ":"))


def of_text(text: str) -> AutoStart:
    """What :attr:`AutoStart.text` made. Raises ValueError for anything else."""
    wanted = asdict(AutoStart(True))
    try:
        says = json.loads(text)
        if says.keys() == wanted.keys() and all(type(says[name]) is type(wanted[name]) for name in wanted):
            return AutoStart(**says)
    except (ValueError, AttributeError):
        pass
    raise ValueError(f"expected the setting of an auto-start, got {text[:80]!r}")


class AutoStartOf(Struct, frozen=True):
    """Look at a machine's setting; None: the machine is not there, or its server does not say. Raises
    :class:`DeviceError`."""

    vm: str

    def take(self, driver: Connected) -> AutoStart | None:
        found = looks.MachineOf(self.vm).take(driver)
        every = None if found is None or found.host is None else AutoStartsOn(found.host).take(driver)
        return None if found is None or every is None else every.of(found.moid)


class AutoStarts(Struct, frozen=True):
    """How a host starts machines: whether it does at all, and each that is entered there by its managed object id."""

    enabled: bool
    entered: Mapping[str, AutoStart]

    def of(self, vm: str) -> AutoStart:
        return self.entered.get(vm, AutoStart(self.enabled))


class AutoStartsOn(Struct, frozen=True):
    """Look at the settings of all machines of a host, by its managed object id; None: its server does not say. Raises
    :class:`DeviceError`."""

    host: str

    def take(self, driver: Connected) -> AutoStarts | None:
        config = _manager(driver.session, self.host).get("config.autoStart")
        if config is None:
            return None
        enabled = bool(config.defaults is not None and config.defaults.enabled)
        return AutoStarts(enabled, {str(one.key._moId): _entered(one, enabled) for one in config.powerInfo or ()})


def _entered(info: Any, enabled: bool) -> AutoStart:
    return AutoStart(
        enabled, str(info.startAction), int(info.startOrder), int(info.startDelay), str(info.waitForHeartbeat),
        str(info.stopAction), int(info.stopDelay),
    )  # fmt: skip


def _manager(session: Session, host: str) -> dict[str, Any]:
    rows = looks.retrieve(session, "HostSystem", (host,), ("configManager.autoStartManager", "config.autoStart"))
    return rows[0][1] if rows else {}


class SetAutoStart(Struct, frozen=True):
    """``ReconfigureAutostart`` of one machine: how it starts and stops with its host. The others, and whether the host
    starts anything at all, stay as they are."""

    vm: str
    wanted: AutoStart

    def send(self, session: Session) -> str:
        from pyVmomi import vim

        machine, call = looks.resolved(session, self.vm), "ReconfigureAutostart"
        found = _manager(session, machine.host).get("configManager.autoStartManager") if machine.host else None
        if found is None:
            text = f"the host of {machine.name} has no auto-start"
            raise DeviceError(session.device, call, Failure.REFUSED, Sent.NO, text)
        manager, one = session.managed("HostAutoStartManager", str(found._moId)), self.wanted
        info = vim.host.AutoStartManager.AutoPowerInfo(
            key=session.managed("VirtualMachine", machine.moid),
            startOrder=one.order, startDelay=one.delay, waitForHeartbeat=one.heartbeat, startAction=one.action,
            stopDelay=one.stop_delay, stopAction=one.stop_action,
        )  # fmt: skip
        spec = vim.host.AutoStartManager.Config(powerInfo=[info])
        session.act(call, lambda: manager.ReconfigureAutostart(spec))
        return one.words
