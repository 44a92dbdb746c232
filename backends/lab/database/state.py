"""A database as its backup mode goes, in the words of Oracle. The referee is told of each begin and end out of turn."""

from __future__ import annotations

from msgspec import Struct, field

from backends.lab.referee import Rule
from backends.lab.world import Device, HostKind, World

USER, PASSWORD = "oracle", "lab-oracle-pw"


class RefusedError(Exception):
    """The command failed; the text is what it printed."""


class Database(Struct):
    """``groups`` are the protection groups that hold it. ``says`` is what the status command prints in place of
    the truth, ``refusing`` the commands that fail before they do anything. ``log`` are begins and ends, each with its
    virtual time; ``heard`` the command lines that came."""

    name: str
    groups: tuple[str, ...]
    active: bool = False
    says: str | None = None
    refusing: set[str] = field(default_factory=set)
    log: list[tuple[str, float]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def run(self, world: World, command: str, now: float) -> str:
        """What ``begin``, ``end`` or ``status`` prints. Raises :class:`RefusedError`."""
        if command in self.refusing:
            raise RefusedError("ORA-01034: ORACLE not available")
        if command == "status":
            return self.says if self.says is not None else "ACTIVE" if self.active else "NOT ACTIVE"
        self.log.append((command, now))
        if command == "begin" and self.active:
            world.referee.note(now, Rule.BACKUP_TWICE, self.name, "begin while it is in backup mode")
            raise RefusedError("ORA-01146: cannot start online backup - file 1 is already in backup")
        if command == "end" and not self.active:
            world.referee.note(now, Rule.BACKUP_NONE, self.name, "end while it is not in backup mode")
            raise RefusedError("ORA-01142: cannot end online backup - none of the files are in backup")
        self.active = command == "begin"
        return "Database altered."


def add_database(world: World, name: str, site: str, *groups: str) -> Database:
    """A database in protection groups, and its host under the same name."""
    made = Database(name, groups)
    world.add_device(Device(name, HostKind.DATABASE, site, made, users={USER: PASSWORD}))
    return made
