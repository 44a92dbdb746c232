"""What the configuration says, typed: the keys there are, their defaults, and the frozen records they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from app.access_records import Access
from app.auto_records import Auto
from app.cost_records import Rates
from app.metrics_settings import MetricsSettings
from app.naming import Naming
from app.secrets import Reference
from screens.clipboard import Way
from store.estate import DeviceKind, Site
from store.place import Place

if TYPE_CHECKING:
    from app.api_records import ApiSettings
    from app.database_records import DatabaseSettings
    from app.host_records import HostSettings, SshHost
    from app.notify.records import ChannelSettings
    from app.pra_records import Pra
    from app.replication_records import Replication
    from store.alert_records import EscalationStep

DEFAULT_PORT = {DeviceKind.HMC: 22, DeviceKind.FLASHARRAY: 443, DeviceKind.THREEPAR: 8080, DeviceKind.VSPHERE: 443}
DEFAULT_CLI_PORT = 22
INTERVAL_S, CONNECT_TIMEOUT_S, CALL_TIMEOUT_S, TIMEOUT_S, SESSIONS = 60.0, 10.0, 60.0, 300.0, 4
THREEPAR_SESSIONS = 16
"""Twelve through the WSAPI and four through the command line. The smallest array takes 24 WSAPI sessions at a time, and
does one after the other what is asked under the same one (HPE 3PAR Web Services API Developer's Guide, "Maximum Number
of WSAPI Sessions")."""
VSPHERE_SESSIONS = 16
"""A task keeps its session until it has ended. A vCenter takes 2,000 sessions and does about 640 tasks at a time
(VMware performance blog, "vCenter Limits for Tasks Running at the Same Time")."""


def usual_sessions(kind: DeviceKind) -> int:
    """How many calls to a device of this kind are made at the same time, where the configuration does not say."""
    return {DeviceKind.THREEPAR: THREEPAR_SESSIONS, DeviceKind.VSPHERE: VSPHERE_SESSIONS}.get(kind, SESSIONS)


RTO_S = 300.0
PLAN_FOLDER = "plans"

CONSOLE_KEYS = (
    *("read_only", "lab", "twin", "store", "known_devices", "theme", "ascii", "slow_link", "clipboard", "rto"),
)
SITE_KEYS = ("name", "role", "l2_stretched")
CLI_KEYS = ("host", "port", "user", "password", "key_file", "passphrase", "host_keys", "verify")
_COMMON_KEYS = ("name", "kind", "site", "host", "port", "user", "password", "verify")
_PACE_KEYS = ("interval", "connect_timeout", "call_timeout", "timeout", "sessions")
DEVICE_KEYS: Mapping[DeviceKind, tuple[str, ...]] = {
    DeviceKind.HMC: (*_COMMON_KEYS, "key_file", "passphrase", "host_keys", *_PACE_KEYS),
    DeviceKind.FLASHARRAY: (*_COMMON_KEYS, "token", "ca_file", *_PACE_KEYS),
    DeviceKind.THREEPAR: (*_COMMON_KEYS, "ca_file", "cli", *_PACE_KEYS),
    DeviceKind.VSPHERE: (*_COMMON_KEYS, "ca_file", *_PACE_KEYS),
}


class ThemeName(StrEnum):
    """The themes by name (:data:`screens.themes.PALETTES` has how they look); auto: by what the terminal is."""

    AUTO = "auto"
    DARK = "dark"
    LIGHT = "light"
    HIGH_CONTRAST = "high-contrast"
    COLOUR_BLIND = "colour-blind"
    ANSI_DARK = "ansi-dark"
    ANSI_LIGHT = "ansi-light"
    MONOCHROME = "monochrome"


class CliSettings(Struct, frozen=True):
    """The SSH command line of a 3PAR, beside its WSAPI. ``host_keys`` are those given in the file."""

    host: str
    port: int
    user: str
    password: Reference | None = None
    key_file: Path | None = None
    passphrase: Reference | None = None
    host_keys: tuple[str, ...] = ()
    verify: bool = True

    @property
    def address(self) -> str:
        return _address(self.host, self.port)


class DeviceSettings(Struct, frozen=True):
    """One device. Times in seconds: ``call_timeout_s`` bounds one call, ``timeout_s`` a whole reading.

    A FlashArray has either ``token`` or ``user`` and ``password``; an HMC either ``password`` or ``key_file``.
    ``cli`` is set for a 3PAR and for no other kind.
    """

    name: str
    kind: DeviceKind
    site: str
    host: str
    port: int
    user: str | None = None
    password: Reference | None = None
    token: Reference | None = None
    key_file: Path | None = None
    passphrase: Reference | None = None
    ca_file: Path | None = None
    host_keys: tuple[str, ...] = ()
    verify: bool = True
    interval_s: float = INTERVAL_S
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    call_timeout_s: float = CALL_TIMEOUT_S
    timeout_s: float = TIMEOUT_S
    sessions: int = SESSIONS
    cli: CliSettings | None = None

    @property
    def address(self) -> str:
        """``host:port`` of its main door."""
        return _address(self.host, self.port)

    @property
    def verified(self) -> bool:
        """False where the settings turn identity checks off for any door of this device."""
        return self.verify and (self.cli is None or self.cli.verify)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every secret that this device needs."""
        mine = [self.password, self.token, self.passphrase]
        if self.cli is not None:
            mine += [self.cli.password, self.cli.passphrase]
        return tuple(dict.fromkeys(reference for reference in mine if reference is not None))


class Settings(Struct, frozen=True):
    """A whole configuration. ``path`` is the file it came from; device names are unique, and so are site names.
    ``lab``: the devices are simulated, and every screen says so; ``twin``: they are a copy of a real estate as it was
    at that moment (UTC). ``rto_s`` is what a recovery may take, in seconds.
    ``guests`` are devices that one command was given besides: no pane shows them. ``pra``: which LPARs come back
    where, None where the file does not say it. ``databases`` can be put into backup mode; none is called as a
    device is. ``naming``: what names on the arrays are to look like. ``replications``: VMs that are replicated, by
    unique names. ``auto``: what may fail over by itself. ``notifications`` are the channels by which operators are told
    what happened. ``backups`` is the directory for backups of VMs. ``hosts``: those that steps of recovery plans run
    commands on; none is called as a device is. ``plans`` is the directory of the plans, where the file names one.
    ``access``: who may do what. ``api``: who may read over HTTP, None: nobody. ``store`` is a file, or a server with
    the password ``store_password``. ``escalation``: who is told of alerts that nobody has, step by step. ``cost``: the
    rates by which recovery costs; ``metrics``: where its figures go."""

    path: Path
    read_only: bool
    lab: bool
    store: Place
    known_devices: Path
    sites: tuple[Site, ...]
    devices: tuple[DeviceSettings, ...]
    theme: ThemeName = ThemeName.AUTO
    ascii_only: bool = False
    slow_link: bool = False
    clipboard: Way = Way.AUTO
    rto_s: float = RTO_S
    guests: tuple[DeviceSettings, ...] = ()
    pra: Pra | None = None
    databases: tuple[DatabaseSettings, ...] = ()
    naming: Naming = field(default_factory=Naming)
    notifications: tuple[ChannelSettings, ...] = ()
    auto: Auto = field(default_factory=Auto)
    replications: tuple[Replication, ...] = ()
    backups: Path | None = None
    hosts: tuple[HostSettings, ...] = ()
    plans: Path | None = None
    twin: datetime | None = None
    access: Access = field(default_factory=Access)
    api: ApiSettings | None = None
    store_password: Reference | None = None
    escalation: tuple[EscalationStep, ...] = ()
    cost: Rates = field(default_factory=Rates)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)

    @property
    def reached(self) -> tuple[DeviceSettings | SshHost, ...]:
        """What the file has logged in to: its devices, databases and hosts."""
        return (*self.devices, *self.databases, *self.hosts)

    @property
    def plan_folder(self) -> Path:
        """Where the files of the recovery plans are; it need not exist."""
        return self.plans or self.path.parent.absolute() / PLAN_FOLDER

    def host(self, name: str) -> SshHost | None:
        """The database or host of that name."""
        every: tuple[SshHost, ...] = (*self.databases, *self.hosts)
        return next((each for each in every if each.name == name), None)

    def database(self, name: str) -> DatabaseSettings | None:
        """The database of that name."""
        return next((database for database in self.databases if database.name == name), None)

    def device(self, name: str) -> DeviceSettings:
        """The device of that name; a guest comes first, since its login is the command's. Raises :class:`KeyError`."""
        for device in (*self.guests, *self.devices):
            if device.name == name:
                return device
        raise KeyError(name)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
