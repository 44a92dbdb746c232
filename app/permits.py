"""The one door in front of everything that people change: who may do it, at which sites, and what is said otherwise.

Console and command line come through it; schedules and automatic failover act on the word of those who made or armed
them, and these came through it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from app.access_records import DESTRUCTIVE, DISASTER, EVERY_SITE, OF_PLAN, Access, Others, Role
from app.person import Person, whoami
from app.settings_records import Settings

if TYPE_CHECKING:
    from store.runs import Plan


class RefusedError(Exception):
    """Somebody may not do this. The text says what is missing, and who has it. ``kept``: the journal says it."""

    kept = False


class Act(StrEnum):
    """What somebody does, as it is said of them."""

    READ = "to look at anything"
    PROPOSE = "to plan and run something"
    DECIDE = "to decide about a run, or to go on with one"
    DROP = "to end a run before it begins"
    REMARK = "to write something into the journal of a run"
    APPROVE = "to approve a run"
    BREAK_GLASS = "to run something alone that another person has to approve"
    ARM = "to ask for automatic failover"
    APPROVE_ARMING = "to approve automatic failover"
    DISARM = "to disarm or veto automatic failover"
    JUDGE = "to judge what would have been done"
    MAINTAIN = "to begin or end maintenance"
    ACKNOWLEDGE = "to take an alert, or let it go"
    SILENCE = "to silence alerts"
    RULE = "to change a rule of alerts"
    INCIDENT = "to declare or keep an incident"
    SCHEDULE = "to change a schedule"
    RUN_SCHEDULE = "to run a schedule now"
    SERVE = "to run what is due, or the watch of what may fail over"
    INFRASTRUCTURE = "to import or forget infrastructure"
    TRUST = "to pin the identity of a device"
    MOVE_STORE = "to move the store"


_ACTING = (Role.OPERATOR, Role.APPROVER, Role.ADMIN)

NEEDS: dict[Act, tuple[Role, ...]] = {
    Act.READ: tuple(Role),
    Act.PROPOSE: (Role.OPERATOR,),
    Act.DECIDE: (Role.OPERATOR,),
    Act.DROP: (Role.OPERATOR, Role.APPROVER),
    Act.REMARK: _ACTING,
    Act.APPROVE: (Role.APPROVER,),
    Act.BREAK_GLASS: (Role.OPERATOR,),
    Act.ARM: (Role.OPERATOR,),
    Act.APPROVE_ARMING: (Role.APPROVER,),
    Act.DISARM: _ACTING,
    Act.JUDGE: (Role.OPERATOR,),
    Act.MAINTAIN: (Role.OPERATOR,),
    Act.ACKNOWLEDGE: _ACTING,
    Act.SILENCE: (Role.OPERATOR,),
    Act.RULE: (Role.OPERATOR, Role.ADMIN),
    Act.INCIDENT: _ACTING,
    Act.SCHEDULE: (Role.ADMIN,),
    Act.RUN_SCHEDULE: (Role.OPERATOR,),
    Act.SERVE: (Role.OPERATOR, Role.ADMIN),
    Act.INFRASTRUCTURE: (Role.ADMIN,),
    Act.TRUST: (Role.ADMIN,),
    Act.MOVE_STORE: (Role.ADMIN,),
}
"""One of these roles at each site is needed."""

ANYWHERE = frozenset({Act.READ, Act.SERVE})
"""For these a role at any site does."""


def roles(access: Access, person: Person, site: str | None) -> frozenset[Role]:
    """The roles of somebody at a site; None: at any."""
    return frozenset(
        grant.role for grant in access.grants if (site is None or grant.covers(site)) and grant.holds(person)
    )


def refusal(access: Access, person: Person, act: Act, sites: Collection[str]) -> str | None:
    """Why somebody may not do this at these sites, and who may; None: they may. The site ``""`` is that of what
    belongs to none. Pure."""
    if not access.grants:
        return None
    needed = NEEDS[act]
    if act is Act.READ and access.others is Others.VIEWER:
        return None
    if act in ANYWHERE:
        return None if roles(access, person, None).intersection(needed) else _words(access, person, act, None)
    for site in dict.fromkeys(sites):
        if not roles(access, person, site).intersection(needed):
            return _words(access, person, act, site)
    return None


def _words(access: Access, person: Person, act: Act, site: str | None) -> str:
    needed = NEEDS[act]
    named = " or ".join(needed) if len(needed) < len(Role) else "any"
    at = "" if site is None else f" at {site}" if site else " at every site"
    return f"{person.words} has no role {named}{at}, which it takes {act}: {holders(access, needed, site)}"


def holders(access: Access, needed: Collection[Role], site: str | None) -> str:
    """Who has one of the roles at a site, by the names of the configuration."""
    found = [grant for grant in access.grants if grant.role in needed and (site is None or grant.covers(site))]
    users = tuple(dict.fromkeys(user for grant in found for user in grant.users))
    groups = tuple(dict.fromkeys(group for grant in found for group in grant.groups))
    texts = [", ".join(users)] if users else []
    if groups:
        texts.append(f"whoever is in {'group' if len(groups) == 1 else 'groups'} {', '.join(groups)}")
    return f"ask {', or '.join(texts)}" if texts else "nobody has it: [[roles]] of the configuration gives it"


def needs_second(access: Access, kind: str, plan: Plan, *, disaster: bool | None, named: str = "") -> bool:
    """Whether another person has to approve a run of this ``kind``: a command and its verb, such as ``rcg failover``,
    or a verb alone; ``named`` is the recovery plan that it is of. ``disaster`` None: not known, and what asks for words
    to be typed may be one. Pure."""
    verb = kind.rpartition(" ")[2]
    lost = plan.destructive if disaster is None else disaster
    known = {DISASTER: lost, DESTRUCTIVE: plan.destructive}
    return any(known.get(word, word == verb or _is(kind, word, named)) for word in access.four_eyes)


def _is(kind: str, word: str, named: str) -> bool:
    """Whether a kind is that of ``rcg failover``, or a plan that of ``plan:erp*``; where only the verb is known, it may
    be."""
    if word.startswith(OF_PLAN):
        return bool(named) and fnmatchcase(named, word.removeprefix(OF_PLAN))
    return kind == word or (" " not in kind and word.rpartition(" ")[2] == kind)


class Permits:
    """The door of this process: of the configuration, for whoever is logged in. Asks who that is when it is needed."""

    def __init__(self, settings: Settings, keep: Callable[[Act, tuple[str, ...], str], object] | None = None) -> None:
        """``keep`` is told of each refusal: what was tried, at which sites, and why not."""
        self._settings = settings
        self._keep = keep
        self.access = settings.access

    @property
    def person(self) -> Person:
        return whoami()

    def refusal(self, act: Act, sites: Iterable[str]) -> str | None:
        """As the function of that name, for this person; no site: all of the configuration."""
        wanted = tuple(sites) or self._every
        return refusal(self.access, self.person, act, wanted) if self.access.grants else None

    def check(self, act: Act, sites: Iterable[str] = ()) -> None:
        """Raises :class:`RefusedError`."""
        at = tuple(sites)
        found = self.refusal(act, at)
        if found is None:
            return
        error = RefusedError(found)
        if self._keep is not None:
            self._keep(act, at, found)
            error.kept = True
        raise error

    def lacking(self, act: Act) -> str | None:
        """Why this person may do this nowhere; None: somewhere they may."""
        if self.access.grants and not roles(self.access, self.person, None).intersection(NEEDS[act]):
            return _words(self.access, self.person, act, None)
        return None

    @cached_property
    def _every(self) -> tuple[str, ...]:
        return tuple(site.name for site in self._settings.sites) or ("",)

    @cached_property
    def _site_of(self) -> dict[str, str]:
        settings = self._settings
        by_address = {device.address: device.site for device in settings.devices}
        found = {device.name: device.site for device in settings.devices}
        # What a command was given besides is at a site where the configuration knows its address.
        return found | {guest.name: by_address.get(guest.address, "") for guest in settings.guests}

    def sites_of(self, plan: Plan) -> tuple[str, ...]:
        """Where the devices are that a plan acts on; the site ``""`` is that of one that is not configured."""
        from app.connect import HERE  # here: the first screen waits for this module

        # These are at no site; what the plan does to arrays and machines beside them is.
        settings = self._settings
        nowhere = {"", HERE, *(each.name for each in settings.databases), *(each.name for each in settings.hosts)}
        return self.at(step.device for step in plan.steps if step.device not in nowhere)

    def at(self, devices: Iterable[str]) -> tuple[str, ...]:
        """The sites of devices by their names."""
        return tuple(dict.fromkeys(self._site_of.get(device, "") for device in devices))

    def of_group(self, name: str) -> tuple[str, ...]:
        """The sites of a group that may fail over by itself; none of one that is not configured any more."""
        found = (group for group in self._settings.auto.groups if group.name == name)
        return tuple(site for group in found for site in (group.source_site, group.replica_site))

    def who_approves(self, plan: Plan) -> str:
        """Whom to ask for an approval."""
        if not self.access.grants:
            return "ask anybody else"
        sites = self.sites_of(plan) or self._every
        return "; ".join(
            f"at {site or EVERY_SITE}: {holders(self.access, (Role.APPROVER,), site)}" for site in dict.fromkeys(sites)
        )
