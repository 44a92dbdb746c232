"""Steps that put a database into backup mode before a snapshot, and out of it again. Source: procedures 3.9 (10).

Both go by what the database says itself. Whoever finds it in backup mode before anything was sent finds the backup of
somebody else, and leaves it alone.
"""

from __future__ import annotations

from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.host import BackupMode, BackupStatus, RunCommand
from store.record import Record
from store.runs import Fact


class OnDatabase:
    """For records with a ``database``, the ``command`` that is sent to its host, and the one for its ``status``."""

    __slots__ = ()
    database: str
    command: str
    status: str

    @property
    def device(self) -> str:
        return self.database

    def call(self) -> str:
        return self.command

    def act(self, hands: Hands) -> str:
        return hands.perform(self.database, RunCommand(self.command), "")

    def look(self, sight: Sight) -> tuple[bool, tuple[Fact, ...]]:
        """Whether it is in backup mode, and that as facts."""
        return backup_mode(sight, self.database, self.status)


def backup_mode(sight: Sight, database: str, status: str) -> tuple[bool, tuple[Fact, ...]]:
    """Whether a database is in backup mode, as its ``status`` command says, and that as facts."""
    found: BackupMode = sight.look(database, BackupStatus(status))
    return found is BackupMode.ACTIVE, facts({f"backup mode of {database}": found.value})


class BeginBackup(OnDatabase, Record, frozen=True):
    """The command ``begin``: done when the database says ACTIVE."""

    database: str
    command: str
    status: str

    def observe(self, sight: Sight) -> Seen:
        active, told = self.look(sight)
        if not active:
            return Seen(Verdict.READY, told, f"{self.database} is not in backup mode")
        if sight.began_at is None:
            why = (
                f"{self.database} is in backup mode already, and not by this run: whoever began that must end it first"
            )
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.DONE, told, f"{self.database} is in backup mode")


class EndBackup(OnDatabase, Record, frozen=True):
    """The command ``end``: done when the database says NOT ACTIVE."""

    database: str
    command: str
    status: str

    def observe(self, sight: Sight) -> Seen:
        active, told = self.look(sight)
        if active:
            return Seen(Verdict.READY, told, f"{self.database} is in backup mode still")
        return Seen(Verdict.DONE, told, f"{self.database} is not in backup mode")
