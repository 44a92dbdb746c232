"""Who sits here, as the operating system knows it. Nothing else in drdeck asks who somebody is.

The login is that of the system: PAM, an SSH key, sudo. No environment variable is believed alone: what sudo says of who
called it counts only for root, and only where the kernel says the same.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

NO_LOGIN = 0xFFFFFFFF
"""``/proc/self/loginuid`` of what nobody logged in for, such as a service: proc(5)."""

MOST_ANCESTORS = 64


class Person(Struct, frozen=True):
    """``user`` is whose roles count, with the ``groups`` of that user. ``login`` is who logged in, where the kernel
    knows it to be another; ``as_root``: they act as root by sudo."""

    user: str
    groups: frozenset[str] = frozenset()
    login: str | None = None
    as_root: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All users that this person is: two who share one are no two people."""
        return (self.user,) if self.login is None else (self.user, self.login)

    @property
    def words(self) -> str:
        """As the journal keeps it: ``anna``, ``anna (as root)``, ``bert (login anna)``."""
        if self.as_root:
            return f"{self.user} (as root)"
        return self.user if self.login is None else f"{self.user} (login {self.login})"


def same(one: Collection[str], other: Collection[str]) -> bool:
    """Whether the names of two people may be those of one; those of nobody may be anybody's."""
    mine, theirs = {name.lower() for name in one}, {name.lower() for name in other}
    return not mine or not theirs or bool(mine & theirs)


def names_in(by: str) -> tuple[str, ...]:
    """The users in what is kept of who did something: ``bert (login anna)@host from 10.0.0.1``."""
    user, opens, rest = by.rpartition("@")[0].partition(" (")
    login = rest.removesuffix(")").removeprefix("login ") if opens and rest.startswith("login ") else ""
    return tuple(name for name in (user, login) if name)


class Facts(Struct, frozen=True):
    """What the system says. ``login_uid`` None: the kernel keeps none for this process. ``ancestors`` are the users
    of the processes that this one descends from; ``users`` the names of the users that matter here, by number."""

    uid: int
    login_uid: int | None
    ancestors: frozenset[int]
    users: Mapping[int, str]
    sudo_uid: int | None = None
    sudo_user: str | None = None


def understood(facts: Facts) -> Person:
    """The person, without their groups. Pure."""
    caller = _caller(facts)
    if facts.uid == 0 and caller is not None:
        return Person(caller, as_root=True)
    user = facts.users.get(facts.uid, f"uid {facts.uid}")
    login = caller if facts.login_uid is None else facts.users.get(facts.login_uid)
    return Person(user, login=None if login == user else login)


def _caller(facts: Facts) -> str | None:
    """Who called sudo; None where that is not proven."""
    uid = facts.sudo_uid
    if not uid or facts.sudo_user is None or facts.users.get(uid) != facts.sudo_user:
        return None
    proven = facts.login_uid == uid if facts.login_uid is not None else uid in facts.ancestors
    return facts.sudo_user if proven else None


def whoami() -> Person:
    """Who is logged in here."""
    return _asked(os.getuid(), os.environ.get("SUDO_UID"), os.environ.get("SUDO_USER"))


@lru_cache(maxsize=8)
def _asked(uid: int, sudo_uid: str | None, sudo_user: str | None) -> Person:
    by_sudo = int(sudo_uid) if sudo_uid is not None and sudo_uid.isascii() and sudo_uid.isdigit() else None
    login = _login_uid()
    users = {each: name for each in (uid, by_sudo, login) if each is not None and (name := _name(each)) is not None}
    above = frozenset() if by_sudo is None else _ancestors()
    person = understood(Facts(uid, login, above, users, by_sudo, sudo_user))
    return Person(person.user, _groups(person.user), person.login, person.as_root)


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


def _groups(user: str) -> frozenset[str]:
    found = set()
    try:
        numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except (KeyError, OSError):
        return frozenset()
    for number in numbers:
        with suppress(KeyError):
            found.add(grp.getgrgid(number).gr_name)
    return frozenset(found)


def _login_uid() -> int | None:
    """Who logged in, as the kernel keeps it through su and sudo: proc(5), ``loginuid``."""
    try:
        found = int(Path("/proc/self/loginuid").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if found == NO_LOGIN else found


def _ancestors() -> frozenset[int]:
    """The real users of the processes above this one: proc(5), ``Uid`` and ``PPid`` of ``status``."""
    found, process = set(), os.getppid()
    for _ in range(MOST_ANCESTORS):
        try:
            text = Path(f"/proc/{process}/status").read_text("utf-8", "replace")
            fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            found.add(int(fields["Uid"].split()[0]))
            process = int(fields["PPid"])
        except (OSError, ValueError, KeyError, IndexError):
            break
        if process <= 0:
            break
    return frozenset(found)
