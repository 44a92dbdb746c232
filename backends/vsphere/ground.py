"""What a server stands on: its hosts' hardware, uplinks and auto-start, the hardware versions they run, its licence and
its clock. Sources: vSphere Web Services API, HostSystem, EnvironmentBrowser, LicenseManager.

The keys of licences are read along with them, because the interface gives them in one piece, and dropped at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from backends.outcome import DeviceError
from backends.vsphere.looks import Connected, retrieve
from backends.vsphere.session import Session

_HOST = (
    "summary.hardware.memorySize", "summary.hardware.numCpuCores", "summary.hardware.numCpuThreads", "parent",
    "config.network.portgroup", "config.network.vswitch", "config.network.proxySwitch",
    "config.autoStart.defaults.enabled", "config.autoStart.powerInfo",
)  # fmt: skip


class HostGround(Struct, frozen=True):
    """A host. ``uplinks``: for each port group of a switch of its own, by name, how many physical adapters that switch
    has; what is on a distributed switch is not in it. ``versions``: the hardware versions (``vmx-19``) it runs, None:
    it does not say. ``starts``: the machines that it starts by itself, by id; None: it does not say."""

    moid: str
    memory_mb: int | None
    cores: int | None
    threads: int | None
    uplinks: Mapping[str, int]
    versions: frozenset[str] | None
    starts: frozenset[str] | None


class LicenceNow(Struct, frozen=True):
    """``edition`` as the server calls it (``esxBasic``: the free one, whose interface only reads; ``eval``).
    ``expires`` UTC, None: never, or it is not said."""

    edition: str
    name: str
    expires: datetime | None

    @property
    def free(self) -> bool:
        return self.edition.startswith("esxBasic")


class GroundNow(Struct, frozen=True):
    """``licences`` None: a vCenter, whose hosts take orders through it; empty: it says none. ``skew_s``: how far its
    clock is ahead."""

    hosts: tuple[HostGround, ...]
    licences: tuple[LicenceNow, ...] | None
    skew_s: float

    def host(self, moid: str | None) -> HostGround | None:
        return next((host for host in self.hosts if host.moid == moid), None)


class Ground(Struct, frozen=True):
    """All of that. Raises :class:`DeviceError`."""

    def take(self, driver: Connected) -> GroundNow:
        session = driver.session
        before = datetime.now(UTC)
        said = session.current_time()
        skew = (said - (before + (datetime.now(UTC) - before) / 2)).total_seconds()
        browsers = retrieve(session, "ComputeResource", None, ("environmentBrowser",))
        versions = {moid: _versions(session, values.get("environmentBrowser")) for moid, values in browsers}
        hosts = [_host(moid, values, versions) for moid, values in retrieve(session, "HostSystem", None, _HOST)]
        lone = session.about.api_type == "HostAgent"
        return GroundNow(tuple(hosts), _licences(session) if lone else None, round(skew, 3))


def _versions(session: Session, browser: Any) -> frozenset[str] | None:
    """What an environment runs; None: it does not say."""
    if browser is None:
        return None
    environment = session.managed("EnvironmentBrowser", str(browser._moId))
    try:
        found = session.ask("QueryConfigOptionDescriptor", environment.QueryConfigOptionDescriptor)
    except DeviceError as error:
        if error.code is not None:  # it answers, and refuses this
            return None
        raise
    return frozenset(str(one.key) for one in found or () if one.runSupported is not False)


def _host(moid: str, values: Mapping[str, Any], versions: Mapping[str, frozenset[str] | None]) -> HostGround:
    parent, memory = values.get("parent"), values.get("summary.hardware.memorySize")
    return HostGround(
        moid,
        None if memory is None else int(memory) >> 20,
        _number(values.get("summary.hardware.numCpuCores")),
        _number(values.get("summary.hardware.numCpuThreads")),
        _uplinks(values),
        versions.get(str(parent._moId)) if parent is not None else None,
        _starts(values),
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _uplinks(values: Mapping[str, Any]) -> dict[str, int]:
    adapters = {str(one.key): len(one.pnic or ()) for one in values.get("config.network.vswitch") or ()}
    groups: Iterable[Any] = values.get("config.network.portgroup") or ()
    return {str(one.spec.name): adapters[str(one.vswitch)] for one in groups if str(one.vswitch) in adapters}


def _starts(values: Mapping[str, Any]) -> frozenset[str] | None:
    enabled = values.get("config.autoStart.defaults.enabled")
    if enabled is None:
        return None
    if not enabled:
        return frozenset()
    listed: Iterable[Any] = values.get("config.autoStart.powerInfo") or ()
    return frozenset(str(one.key._moId) for one in listed if str(one.startAction).lower() == "poweron")


def _licences(session: Session) -> tuple[LicenceNow, ...]:
    """Empty: the account may not read them, which is a privilege of its own."""
    manager = str(session.content.licenseManager._moId)
    try:
        rows = retrieve(session, "LicenseManager", (manager,), ("licenses",))
    except DeviceError as error:
        if error.code is not None:  # it answers, and refuses this
            return ()
        raise
    return tuple(_licence(one) for _, values in rows for one in values.get("licenses") or ())


def _licence(one: Any) -> LicenceNow:
    told = {str(each.key): each.value for each in one.properties or ()}
    expires = told.get("expirationDate")
    when = expires.astimezone(UTC) if isinstance(expires, datetime) else None
    return LicenceNow(str(one.editionKey), str(one.name), when)
