"""From the settings of a device, or of a database, to its driver: secrets looked up, identities pinned, only its own
backend imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from app import known_devices, secrets
from app.host_records import SshHost
from app.known_devices import Known, KnownDevicesError, Protocol
from app.secrets import Reference, SecretError
from app.settings_records import CliSettings, DeviceSettings, Settings
from backends.driver import Driver
from backends.endpoint import Limits, Secret, SshAccess, TlsAccess
from backends.outcome import DeviceError, Failure, Sent
from backends.slots import Slots
from store.estate import DeviceKind

if TYPE_CHECKING:
    from backends.host import HostDriver
    from backends.local import LocalDriver
    from backends.threepar.driver import ThreeParDriver
    from backends.threepar.kept import KeptArray

T = TypeVar("T")
HERE = "this machine"
"""The name of the machine that the console runs on: no device of a configuration can be called so."""
HERE_SESSIONS = 8


class Connector:
    """Makes drivers: ``connector(name)`` returns a new one for the device of that name. Safe from several threads.

    Secrets and pinned identities are looked up at every call, so that a renewed password or a new pin needs no restart.
    Looking them up may take time (a key ring, a command): call it from a worker. Nothing is sent yet.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, name: str) -> Driver:
        """Raises :class:`DeviceError`, not sent, when a secret or the pinned identities cannot be had;
        :class:`KeyError` when no device has this name."""
        device = self._settings.device(name)
        return self._made(name, lambda known: _MAKERS[device.kind](device, known, _limits(device)))

    def reach(self, name: str) -> Driver | HostDriver | LocalDriver:
        """The same, also for a host, for that of a database by that one's name, and for this machine."""
        if name == HERE:
            from backends.local import LocalDriver

            return LocalDriver(name)
        host = self._settings.host(name)
        return self(name) if host is None else self._made(name, lambda known: _host(host, known))

    def _made(self, name: str, make: Callable[[Known], T]) -> T:
        try:
            return make(known_devices.read(self._settings.known_devices))
        except SecretError as error:
            raise DeviceError(name, "log in", Failure.NO_SECRET, Sent.NO, str(error)) from None
        except KnownDevicesError as error:
            raise DeviceError(name, "connect", Failure.UNTRUSTED, Sent.NO, str(error)) from None

    def kept(self, name: str, slots: Slots) -> KeptArray | None:
        """The same device with sessions that stay logged in, in ``slots``; None: such a device is not made so. Secrets
        are looked up at each login. Raises :class:`KeyError` as above."""
        others = name == HERE or self._settings.host(name) is not None
        if others or self._settings.device(name).kind is not DeviceKind.THREEPAR:
            return None
        from backends.threepar.kept import KeptArray

        return KeptArray(name, lambda: cast("ThreeParDriver", self(name)), slots)


def ssh_access(
    device: DeviceSettings | SshHost, door: DeviceSettings | CliSettings | SshHost, known: Known
) -> SshAccess:
    """The SSH door of an HMC or a database (``door`` is the device itself) or of a 3PAR (``door`` is its ``cli``).

    Host keys given in the configuration outweigh the pinned one. Raises :class:`SecretError`.
    """
    pin = known.get((device.name, Protocol.SSH))
    pinned = (pin.identity.host_key,) if pin is not None else ()
    secret = door.passphrase if door.key_file is not None else door.password
    return SshAccess(
        host=door.host,
        port=door.port,
        user=door.user or "",
        password=_secret(secret),
        key_file=door.key_file,
        host_keys=door.host_keys or pinned,
        verify=door.verify,
    )


def host_key(settings: Settings, database: SshHost) -> tuple[bool, str]:
    """Whether there is a host key to hold a host, or that of a database, to, and which, in words; nothing is asked.
    Raises :class:`KnownDevicesError`."""
    if not database.verify:
        return True, "any host key is accepted, the configuration says verify = false"
    if database.host_keys:
        return True, "the host key of the configuration"
    pin = known_devices.read(settings.known_devices).get((database.name, Protocol.SSH))
    if pin is None:
        return False, f"no host key is pinned: drdeck trust {database.name}"
    return True, f"its host key was pinned on {pin.pinned_at:%Y-%m-%d}"


def tls_access(device: DeviceSettings, known: Known) -> TlsAccess:
    """The HTTPS door. Raises :class:`SecretError`.

    A pin demands that very certificate. With a ``ca_file`` the CA must vouch for it as well; without one the pin
    stands alone, as a self-signed certificate needs it.
    """
    pin = known.get((device.name, Protocol.HTTPS)) if device.verify else None
    return TlsAccess(
        host=device.host,
        port=device.port,
        user=device.user,
        secret=_secret(device.token or device.password),
        ca_file=device.ca_file,
        fingerprint=pin.identity.sha256 if pin is not None else None,
        verify=device.verify and (pin is None or device.ca_file is not None),
    )


def _secret(reference: Reference | None) -> Secret | None:
    return None if reference is None else secrets.resolve(reference)


def _limits(device: DeviceSettings) -> Limits:
    return Limits(device.connect_timeout_s, device.call_timeout_s, device.sessions)


def _host(host: SshHost, known: Known) -> HostDriver:
    from backends.host import HostDriver

    limits = Limits(host.connect_timeout_s, host.timeout_s, host.sessions)
    return HostDriver(host.name, ssh_access(host, host, known), limits)


def _hmc(device: DeviceSettings, known: Known, limits: Limits) -> Driver:
    from backends.hmc.driver import HmcDriver

    return HmcDriver(device.name, ssh_access(device, device, known), limits)


def _flasharray(device: DeviceSettings, known: Known, limits: Limits) -> Driver:
    from backends.flasharray.driver import FlashArrayDriver

    return FlashArrayDriver(device.name, tls_access(device, known), limits)


def _threepar(device: DeviceSettings, known: Known, limits: Limits) -> Driver:
    from backends.threepar.driver import ThreeParDriver

    if device.cli is None:
        raise ValueError(f"{device.name}: a 3PAR without its command line")
    return ThreeParDriver(device.name, tls_access(device, known), ssh_access(device, device.cli, known), limits)


def _vsphere(device: DeviceSettings, known: Known, limits: Limits) -> Driver:
    from backends.vsphere.driver import VSphereDriver

    return VSphereDriver(device.name, tls_access(device, known), limits)


_MAKERS: dict[DeviceKind, Callable[[DeviceSettings, Known, Limits], Driver]] = {
    DeviceKind.HMC: _hmc,
    DeviceKind.FLASHARRAY: _flasharray,
    DeviceKind.THREEPAR: _threepar,
    DeviceKind.VSPHERE: _vsphere,
}
