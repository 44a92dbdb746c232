"""``drdeck plan new`` and ``import``: a draft shown, and written where there is no file of that name yet."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from app.config_table import SettingProblem, SettingsError
from app.plans import catalogue, discovery, table_import, writer
from app.plans.reader import SUFFIX, named, understood
from app.plans.records import MemberKind, RecoveryPlan
from app.plans.writer import DraftPlan
from app.settings_records import Settings
from app.values import UnexpectedError
from store.estate import Lpar, Pod, ProtectionGroup, RemoteCopyGroup, SiteRole
from store.firstlook import first_look
from store.place import Place, is_there
from store.view import EstateView


class MakingError(Exception):
    """No plan can be drafted. The text says why, and what to do."""


def sites(settings: Settings, source: str | None, target: str | None) -> tuple[str, str]:
    """The two sites: those that are named, else the only ones of their roles. Raises :class:`MakingError`."""
    found = []
    for said, role, option in ((source, SiteRole.PROD, "--from"), (target, SiteRole.DR, "--to")):
        known = [site.name for site in settings.sites]
        fitting = [said] if said is not None else [site.name for site in settings.sites if site.role is role]
        if len(fitting) != 1 or fitting[0] not in known:
            raise MakingError(f"Say which site: {option} {' or '.join(known)}")
        found.append(fitting[0])
    if found[0] == found[1]:
        raise MakingError(f"--from and --to are the same site, {found[0]}")
    return found[0], found[1]


def new(settings: Settings, store: Place, way: tuple[str, str], name: str) -> tuple[str, RecoveryPlan]:
    """The text of a plan drafted out of what the store knows, and what it says. Raises :class:`MakingError`."""

    def draw(view: EstateView) -> DraftPlan:
        plans = [each.plan for each in catalogue.listed(settings.plan_folder) if each.plan is not None]
        taken = {member.key for plan in plans for _, member in plan.members}
        made = discovery.drafted(view, settings, *way, taken)
        if not made.applications:
            raise MakingError(
                f"Nothing is known that comes back at {way[1]} and is in no plan yet: see [pra] and [[replications]], "
                "and read the devices once: drdeck inventory"
            )
        return made

    return _made(settings, store, name, draw)


def imported(
    settings: Settings, store: Place, way: tuple[str, str], name: str, table: Path
) -> tuple[str, RecoveryPlan]:
    """The text of a plan out of a CSV, and what it says. Raises :class:`MakingError`, and :class:`SettingsError` with
    the lines of the table."""
    try:
        content = table.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise MakingError(f"{table}: expected UTF-8 text: save it as CSV UTF-8") from None
    except OSError as error:
        raise MakingError(f"{table} cannot be read: {error.strerror}") from None
    return _made(settings, store, name, lambda view: table_import.imported(table, content, *way, kinds(view, settings)))


def kinds(view: EstateView, settings: Settings) -> dict[str, tuple[MemberKind, ...]]:
    """Which kinds of member the names of the estate are."""
    found: dict[str, dict[MemberKind, None]] = {}
    for entry in (*view.entries("lpar"), *view.entries("rcg"), *view.entries("pgroup"), *view.entries("pod")):
        match None if entry.gone else entry.peek():
            case Lpar(name=name, env=env) if env != "vioserver":
                found.setdefault(name, {})[MemberKind.LPAR] = None
            case RemoteCopyGroup(natural_name=name):
                found.setdefault(name, {})[MemberKind.RCG] = None
            case Pod(name=name) as pod if pod.links and not pod.destroyed:
                found.setdefault(name, {})[MemberKind.POD] = None
            case ProtectionGroup(name=name) as group if group.is_local:
                found.setdefault(name, {})[MemberKind.PGROUP] = None
    for one in settings.replications:
        found.setdefault(one.name, {})[MemberKind.VM] = None
    return {name: tuple(each) for name, each in found.items()}


def _made(
    settings: Settings, store: Place, name: str, draw: Callable[[EstateView], DraftPlan]
) -> tuple[str, RecoveryPlan]:
    try:
        path = settings.plan_folder / f"{named(name)}{SUFFIX}"
    except UnexpectedError as error:
        raise MakingError(f"{name}: expected {error}") from None
    if path.exists():
        raise MakingError(f"{path} is there already: it is left as it is. Take another name, or remove it")
    known = first_look(store) if is_there(store) else None
    content = writer.text(draw(known.view() if known is not None else EstateView()))
    plan = understood(path, content, tomllib.loads(content))
    others = [each.plan for each in catalogue.listed(settings.plan_folder) if each.plan is not None]
    twice = catalogue.twice(plan, others)
    if twice:
        raise SettingsError(path, [SettingProblem(0, 0, p.key, p.expected, p.found) for p in twice])
    return content, plan
