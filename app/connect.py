"""From the settings of a device to its driver: secrets looked up, identities pinned, only its own backend imported."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import known_devices, secrets
from app.known_devices import Known, KnownDevicesError, Protocol
from app.secrets import Reference, SecretError
from app.settings_records import CliSettings, DeviceSettings, Settings
from backends.driver import Driver
from backends.endpoint import Limits, Secret, SshAccess, TlsAccess
from backends.outcome import DeviceError, Failure, Sent
from store.estate import DeviceKind

if TYPE_CHECKING:
    from backends.threepar.cli import CliSession
    from backends.threepar.verbs import Door
    from backends.threepar.wsapi import WsapiSession


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
        with _told(name):
            known = known_devices.read(self._settings.known_devices)
            return _MAKERS[device.kind](device, known, _limits(device))

    def has_sessions(self, name: str) -> bool:
        """Whether :meth:`session` can be asked for this device. Raises :class:`KeyError` as above."""
        return self._settings.device(name).kind is DeviceKind.THREEPAR

    def session(self, name: str, door: Door) -> WsapiSession | CliSession:
        """A session of a 3PAR through one of its doors, for whoever keeps it over several calls and closes it. Nothing
        is sent yet: the WSAPI's must be opened, the command line's logs in at its first command. Raises as above."""
        from backends.threepar.cli import CliSession
        from backends.threepar.verbs import Door
        from backends.threepar.wsapi import WsapiSession

        device = self._settings.device(name)
        if device.kind is not DeviceKind.THREEPAR or device.cli is None:
            raise ValueError(f"{name}: only a 3PAR has sessions that can be kept")
        with _told(name):
            known = known_devices.read(self._settings.known_devices)
            if door is Door.CLI:
                return CliSession(name, ssh_access(device, device.cli, known), _limits(device))
            return WsapiSession(name, tls_access(device, known), _limits(device))


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What cannot be had of the device ``name`` is an error of its driver, not sent."""
    try:
        yield
    except SecretError as error:
        raise DeviceError(name, "log in", Failure.NO_SECRET, Sent.NO, str(error)) from None
    except KnownDevicesError as error:
        raise DeviceError(name, "connect", Failure.UNTRUSTED, Sent.NO, str(error)) from None


# ----------------------------------------------------------------------------------------------------------- sessions

IDLE_S = 60.0
"""A session that was not used for longer is not trusted any more: the array may have ended it."""


@dataclass(slots=True)
class _Idle:
    door: str
    session: Any
    since: float


class Slots:
    """The sessions of one device: at most ``most`` at a time, in use and idle ones together.

    A slot is empty, or holds an idle session that stayed logged in. ``urgent`` ones (verbs) go before looks. A session
    makes room for one through the other door only where that door has fewer than its share, which is half; a verb takes
    more where it needs them.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self._changed = threading.Condition()
        self._idle: list[_Idle] = []
        self._held: Counter[str] = Counter()
        self._urgent = 0
        self.keeping = False

    def take(self, door: str | None, urgent: bool) -> Any:
        """Wait for a slot. Returns the idle session in it, None: one has to be opened. ``door`` None: an empty slot."""
        with self._changed:
            self._urgent += urgent
            try:
                while True:
                    found = self._next(door or "", urgent) if urgent or not self._urgent else None
                    if found is not None:
                        break
                    self._changed.wait()
            finally:
                self._urgent -= urgent
                self._changed.notify_all()
        if found.door == door and time.monotonic() - found.since <= IDLE_S:
            return found.session
        if found.session is not None:
            found.session.close()
        return None

    def _next(self, door: str, urgent: bool) -> _Idle | None:
        """A slot: one with a session for this door, else an empty one, else the one that was idle for longest."""
        fitting = [idle for idle in self._idle if idle.door == door]
        if fitting:
            found = fitting[-1]
        elif self._held.total() < self.most:
            self._held[door] += 1
            return _Idle("", None, 0.0)
        elif self._idle and self._held[door] < max(1, self.most - 1 if urgent else self.most // 2):
            found = self._idle[0]
            self._held[found.door] -= 1
            self._held[door] += 1
        else:
            return None
        self._idle.remove(found)
        return found

    def give(self, door: str | None, session: Any, good: bool) -> None:
        """Give a slot back. A session that failed, or that is not to be kept, is closed before its slot is free."""
        with self._changed:
            if door is not None and session is not None and good and self.keeping:
                self._idle.append(_Idle(door, session, time.monotonic()))
                self._changed.notify_all()
                return
        try:
            if session is not None:
                session.close()
        finally:
            with self._changed:
                self._held[door or ""] -= 1
                self._changed.notify_all()

    def close_idle(self) -> None:
        """Log out what is not in use. Where nothing is kept any more, the rest is closed when it is given back."""
        with self._changed:
            idle, self._idle = self._idle, []
        for each in idle:
            self.give(each.door, each.session, good=False)


# ------------------------------------------------------------------------------------------------------- what is needed


def ssh_access(device: DeviceSettings, door: DeviceSettings | CliSettings, known: Known) -> SshAccess:
    """The SSH door of an HMC (``door`` is the device itself) or of a 3PAR (``door`` is its ``cli``).

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
