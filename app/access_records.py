"""What the configuration says of who may do what: ``[[roles]]`` and ``[access]``."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from app.person import Person

ROLE_KEYS = ("role", "sites", "users", "groups")
ACCESS_KEYS = ("others", "four_eyes", "expires")
EXPIRES_S = 1800.0

EVERY_SITE = "*"
DISASTER, DESTRUCTIVE = "disaster", "destructive"
"""Runs that need a second person, by what they are: given up for lost, or such that words are typed for."""

OF_PLAN = "plan:"
"""Before the name of a recovery plan, or a pattern: every run of it needs one."""


class Role(StrEnum):
    """What somebody may do. None of them holds another: who has two tasks has two roles."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Others(StrEnum):
    """What becomes of those who have no role."""

    VIEWER = "viewer"
    REFUSED = "refused"


class Grant(Struct, frozen=True):
    """A role at ``sites`` (:data:`EVERY_SITE`: all there are, and what belongs to none) for ``users`` and for whoever
    is in one of the ``groups``, by their names on this system."""

    role: Role
    sites: tuple[str, ...]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def holds(self, person: Person) -> bool:
        """Whether somebody has it."""
        return person.user in self.users or not person.groups.isdisjoint(self.groups)

    def covers(self, site: str) -> bool:
        return EVERY_SITE in self.sites or (bool(site) and site in self.sites)


class Access(Struct, frozen=True):
    """Who may do what. No ``grants``: whoever may start drdeck may do everything. ``four_eyes`` are the kinds of runs
    that another person has to approve, ``expires_s`` how long such a proposal stands, in seconds."""

    grants: tuple[Grant, ...] = ()
    others: Others = Others.VIEWER
    four_eyes: tuple[str, ...] = ()
    expires_s: float = EXPIRES_S
