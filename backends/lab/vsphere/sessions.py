"""Who is logged in: sessions with what they created (views, collectors, filters), which ends with them."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import ClassVar

from backends.lab.vsphere.records import Managed, Refusal
from backends.lab.world import Device, World

IDLE_S = 1800.0


@dataclass(slots=True, eq=False)
class View(Managed):
    """A view. ``types`` are names on the wire; ``known`` its members at a revision of the state."""

    KIND: ClassVar[str] = "ContainerView"
    container: Managed | None = None
    types: tuple[str, ...] = ()
    recursive: bool = True
    known: tuple[int, list[Managed]] = field(default_factory=lambda: (-1, []))


@dataclass(slots=True, eq=False)
class ListView(View):
    """A view of objects that the client named."""

    KIND: ClassVar[str] = "ListView"
    listed: list[Managed] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Session:
    """A login. ``objects`` are found by id before those of the server, and only by this session."""

    key: str
    cookie: str
    user: str
    since: float
    active: float
    client: str = ""
    objects: dict[str, Managed] = field(default_factory=dict)
    made: int = 0

    def keep(self, record: Managed) -> Managed:
        self.objects[record.moid] = record
        return record

    def new_id(self, prefix: str) -> str:
        """An id of an object of this session: ``session[…]…``, as the vendor writes them."""
        self.made += 1
        return f"session[{self.key}]{prefix}-{self.made}"


class Sessions:
    """The sessions of one server. They end at logout or after half an idle hour; their number is limited."""

    def __init__(self, world: World, device: Device) -> None:
        self._world = world
        self._device = device
        self._by_cookie: dict[str, Session] = {}
        self._lock = threading.Lock()

    def of(self, cookie: str | None, now: float) -> Session | None:
        """The session of a cookie, if it is still open; it then counts as active."""
        with self._lock:
            for old in [s for s in self._by_cookie.values() if now - s.active > IDLE_S]:
                del self._by_cookie[old.cookie]
                self._device.counters.sessions = len(self._by_cookie)
            session = self._by_cookie.get(cookie or "")
            if session is not None:
                session.active = now
            return session

    @property
    def full(self) -> bool:
        return len(self._by_cookie) >= self._device.max_sessions

    def login(self, user: str, password: str, now: float, client: str) -> Session:
        """A new session. Raises the InvalidLogin refusal."""
        if not user or self._device.users.get(user) != password:
            raise Refusal("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
        session = Session(str(uuid.uuid4()), uuid.uuid4().hex + uuid.uuid4().hex[:8], user, now, now, client)
        with self._lock:
            self._by_cookie[session.cookie] = session
            self._device.counters.logins += 1
            self._device.counters.sessions = len(self._by_cookie)
        return session

    def logout(self, session: Session) -> None:
        with self._lock:
            self._by_cookie.pop(session.cookie, None)
            self._device.counters.logouts += 1
            self._device.counters.sessions = len(self._by_cookie)

    def expire_all(self) -> None:
        """End every session as if it had been idle too long."""
        with self._lock:
            self._by_cookie.clear()
            self._device.counters.sessions = 0

    def open_keys(self) -> list[Session]:
        with self._lock:
            return list(self._by_cookie.values())
