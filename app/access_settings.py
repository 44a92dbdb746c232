"""``[[roles]]`` and ``[access]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from app import values
from app.access_records import (
    ACCESS_KEYS,
    DESTRUCTIVE,
    DISASTER,
    EVERY_SITE,
    EXPIRES_S,
    OF_PLAN,
    ROLE_KEYS,
    Access,
    Grant,
    Others,
    Role,
)
from app.config_table import Document, Table
from app.run_kinds import KINDS
from app.values import Check, UnexpectedError

_USER = values.text("the name of a user of this system", 128)
_GROUP = values.text("the name of a group of this system", 128)
_EXPIRES = values.duration(60, 86400)


def access(document: Document, content: Mapping[str, object], sites: Collection[str]) -> Access:
    """What the file says. ``sites`` are those it may name."""
    tables = document.tables(content.get("roles", []), ("roles",), "roles")
    grants = tuple(_grant(table, sites) for table in tables)
    table = document.table(content.get("access", {}), ("access",), "access")
    table.only(ACCESS_KEYS)
    if table.has("others") and "roles" not in content:
        table.complain("others", "at least one [[roles]]: without any everybody may do everything", "none")
    return Access(
        grants=grants,
        others=table.get("others", values.one_of(Others), Others.VIEWER),
        four_eyes=tuple(dict.fromkeys(table.each("four_eyes", Check(_expected(), _kind)))),
        expires_s=table.get("expires", _EXPIRES, EXPIRES_S),
    )


def _grant(table: Table, sites: Collection[str]) -> Grant:
    table.only(ROLE_KEYS)
    known = ", ".join(f'"{site}"' for site in sites)
    site = Check(f'a site: {known}; or "{EVERY_SITE}" for all', _one_of({*sites, EVERY_SITE}))
    found = Grant(
        role=table.need("role", values.one_of(Role), Role.VIEWER),
        sites=table.each("sites", site) if table.has("sites") else (EVERY_SITE,),
        users=table.each("users", _USER),
        groups=table.each("groups", _GROUP),
    )
    if table.has("sites") and table.values["sites"] == []:
        table.complain("sites", "at least one site", "none")
    if not (table.values.get("users") or table.values.get("groups")):
        table.complain("users", "at least one user in users, or group in groups", "nobody")
    return found


def _one_of(known: Collection[str]) -> Callable[[object], str]:
    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise UnexpectedError
        return value

    return convert


def _kind(value: object) -> str:
    if isinstance(value, str) and value.startswith(OF_PLAN) and len(value) > len(OF_PLAN) and value.isprintable():
        return value
    known = {DISASTER, DESTRUCTIVE, *KINDS, *(kind.split(" ")[1] for kind in KINDS)}
    return _one_of(known)(value)


def _expected() -> str:
    return (
        f'a kind of run: "{DISASTER}", "{DESTRUCTIVE}" (all that words are typed for), a verb such as "failback", a '
        f'command and its verb such as "rcg failover", or "{OF_PLAN}NAME" for all runs of recovery plans'
    )
