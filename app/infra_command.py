"""``drdeck infra`` and ``drdeck blast``: where the estate stands, imported; and what falls with a part of it."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.place import is_there

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.settings import Settings
    from store.infra.book import Kept
    from store.infra.records import Item
    from store.infra.rules import Conflict
    from store.place import Place
    from store.view import EstateView

OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3
STRIKES = ("site", "row", "rack", "feed", "link", "array", "vlan", "system")
"""As :data:`store.infra.blast.STRIKES`, which is not imported for the sake of ``--help``."""

WORDS = """\
The console is not the source of truth of any of it: sites, racks, systems, feeds, VLANs and links are imported from a
file or a NetBox, which are only read, and linked by serial or name to what the devices report.

  import FILE.csv|FILE.json        shows what differs from what that file gave before; --execute stores it
  import FILE.csv --table TABLE    rows of a plain table: containers, cooling, power, certificates, warranty, zones;
                                   the column name, and any others
  import --netbox URL --token REF  the same from a NetBox (3.7, 4); REF is a reference such as env:NETBOX_TOKEN
  list                             the sources with their age, how much each gave, and what cannot be so
  show                             every item; --json for scripts
  forget SOURCE                    take out what a source gave; shows it, --execute does it

A file is refused where two systems take one unit, one is beyond its rack, more is drawn than a feed has, or a name is
there twice: each with its line. Of a NetBox it is said, and stored as it is there.

exit codes: 0 done; 1 not: the first line says what to do; 2 an error in a file, with its line; 3 read, and part of it
was left out or cannot be so.
"""

BLAST = """\
KIND is site, row, rack, feed, link, array, vlan or system; NAME alone, or with its site, as paris/A7.
No device is asked: it is counted from what the store knows, losses up to now. What is not known is said to be unknown.

exit codes: 0 counted; 1 there is no such thing, or there are several.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``infra`` and ``blast``."""
    raw = argparse.RawDescriptionHelpFormatter
    infra = commands.add_parser(
        "infra", help="where the estate stands: import it, show it", epilog=WORDS, formatter_class=raw
    )
    verbs = infra.add_subparsers(dest="infra_command", metavar="VERB", required=True)
    take = verbs.add_parser("import", help="take it from a file or a NetBox; shown only, without --execute")
    take.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a .csv or .json file")
    take.add_argument("--table", metavar="TABLE", help="the file holds rows of this plain table")
    take.add_argument("--netbox", metavar="URL", help="read a NetBox instead")
    take.add_argument("--token", metavar="REF", help="where its token is: env:NAME, file:/path, keyring:…, command:…")
    take.add_argument("--ca", type=Path, metavar="FILE", help="the authorities that its certificate may be of")
    forget = verbs.add_parser("forget", help="take out what a source gave")
    forget.add_argument("source", metavar="SOURCE", help="as drdeck infra list names it")
    for verb in (take, forget):
        verb.add_argument("--execute", action="store_true", help="store it; without this it is shown")
    shown = (verbs.add_parser("list", help="the sources"), verbs.add_parser("show", help="all items"))
    for verb in (take, forget, *shown):
        _common(verb)
    blast = commands.add_parser(
        "blast", help="what falls with a site, rack, feed, link, array …", epilog=BLAST, formatter_class=raw
    )
    blast.add_argument("kind", choices=STRIKES, metavar="KIND", help=", ".join(STRIKES))
    blast.add_argument("name", metavar="NAME", help="its name")
    _common(blast)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        verb.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises :class:`app.config_table.SettingsError` for a wrong file,
    :class:`app.permits.RefusedError`, :class:`app.secrets.SecretError` and :class:`store.errors.StoreError`."""
    if arguments.command == "blast":
        return _blast(settings, store_path, arguments)
    match arguments.infra_command:
        case "import":
            return _import(settings, store_path, arguments)
        case "forget":
            return _forget(settings, store_path, arguments)
        case "list":
            return _list(settings, store_path, as_json=arguments.json)
        case _:
            return _show(store_path, as_json=arguments.json)


def _kept(store_path: Place) -> Kept:
    """What is stored; nothing, and no file made, where there is no store."""
    from store.infra import book

    return book.read(store_path) if is_there(store_path) else book.Kept()


# ----------------------------------------------------------------------------------------------------------- import


def _import(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    if (arguments.file is None) == (arguments.netbox is None):
        print("Name a file, or --netbox URL with --token REF: one of them", file=sys.stderr)
        return USAGE
    if arguments.netbox is not None:
        return _import_netbox(settings, store_path, arguments)
    from app.infra import files

    table = arguments.table
    if table is not None and table not in files.TABLES:
        print(f"There is no table {table}. There are: {', '.join(files.TABLES)}", file=sys.stderr)
        return USAGE
    source = files.source_name(arguments.file.name, table)
    kept = _kept(store_path)
    others = [item for ref, item in kept.items.items() if kept.source_of[ref] != source]
    found = files.read(arguments.file, others, [site.name for site in settings.sites], table)
    return _take(settings, store_path, arguments, source, found.items, found.warnings, ())


def _import_netbox(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app import secrets
    from app.infra import netbox, netbox_client
    from store.infra.rules import conflicts

    if arguments.token is None:
        print("Say where the token is: --token env:NETBOX_TOKEN, file:/path, keyring:service/user …", file=sys.stderr)
        return USAGE
    try:
        at = netbox_client.address(arguments.netbox)
        reference = secrets.parse(arguments.token, f"the token of {at.name}", Path.cwd())
    except netbox_client.NetboxError as error:
        print(error, file=sys.stderr)
        return USAGE
    except secrets.NotAReferenceError as error:
        print(f"--token: expected {error}", file=sys.stderr)
        return USAGE
    secrets.ask([reference])
    client = netbox_client.Netbox(at, secrets.resolve(reference), arguments.ca)
    try:
        read = netbox.read(client)
    except netbox_client.NetboxError as error:
        print(f"{at.name} could not be read, and nothing is stored. {error}", file=sys.stderr)
        return FAILED
    finally:
        client.close()
    items = tuple(read.items.values())
    wrong = conflicts(items, [site.name for site in settings.sites])
    return _take(settings, store_path, arguments, at.name, items, wrong, read.left_out)


def _take(
    settings: Settings,
    store_path: Place,
    arguments: argparse.Namespace,
    source: str,
    items: Sequence[Item],
    wrong: Sequence[Conflict],
    left_out: Sequence[str],
) -> int:
    """Show what would change, and with --execute store it."""
    from app.infra import words
    from store.infra import book
    from store.infra.differences import by_ref, differences

    kept = _kept(store_path)
    taken = book.taken(kept, source, items)
    for (kind, key), other in taken[:20]:
        print(f"{kind} {key} was imported from {other} already: first drdeck infra forget {other}", file=sys.stderr)
    if taken:
        return FAILED
    if arguments.execute:
        found = book.put(store_path, _me(settings, source), items)
    else:
        found = differences(kept.of(source), by_ref(items))
    if arguments.json:
        told = {"source": source, "stored": bool(arguments.execute)}
        told |= {"differences": [words.difference_json(one) for one in found], "left_out": list(left_out)}
        _print(told | {"conflicts": [words.conflict_json(one) for one in wrong]})
    else:
        print("\n".join(words.preview(source, found)))
    sys.stdout.flush()
    for line in [*left_out, *map(words.conflict, wrong)]:
        print(f"note: {line}", file=sys.stderr)
    if not arguments.execute and found:
        print("Nothing is stored. With --execute it is.", file=sys.stderr)
    return PARTLY if left_out or any(not one.only_if for one in wrong) else OK


def _me(settings: Settings, source: str) -> Any:
    """This import, once whoever is here may do it. Raises :class:`app.permits.RefusedError`."""
    from app.permits import Act, Permits
    from app.recovery.operations import who
    from store.infra.records import Source

    Permits(settings).check(Act.INFRASTRUCTURE)
    return Source(source, datetime.now(UTC), who())


def _forget(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app.infra import words
    from store.infra import book
    from store.infra.differences import differences

    kept, source = _kept(store_path), arguments.source
    if source not in kept.sources:
        print(f"No source is called {source}. There are: {', '.join(kept.sources) or 'none'}", file=sys.stderr)
        return FAILED
    execute = arguments.execute
    found = book.forget(store_path, _me(settings, source)) if execute else differences(kept.of(source), {})
    if arguments.json:
        told = [words.difference_json(one) for one in found]
        _print({"source": source, "stored": bool(arguments.execute), "differences": told})
    else:
        print("\n".join(words.preview(source, found)))
        if not arguments.execute:
            print("Nothing is changed. With --execute it is.", file=sys.stderr)
    return OK


# ------------------------------------------------------------------------------------------------------------- show


def _list(settings: Settings, store_path: Place, *, as_json: bool) -> int:
    from app.infra import radii, words
    from app.output import stamp
    from store.infra.linking import discovered, linked

    kept = _kept(store_path)
    wrong = radii.wrong(settings, kept)
    if kept.sources:
        with _seen(settings, store_path) as view:
            wrong += linked(kept.items.values(), discovered(view)).conflicts
    rows = [(one.name, one.at, one.by, len(kept.of(one.name))) for one in kept.sources.values()]
    if as_json:
        told = [{"name": name, "at": stamp(at), "by": by, "items": count} for name, at, by, count in rows]
        _print({"sources": told, "conflicts": [words.conflict_json(one) for one in wrong]})
    elif not rows:
        print("Nothing was imported yet: drdeck infra import FILE, or --netbox URL.")
    else:
        print("\n".join(words.sources_lines(rows, datetime.now(UTC))))
    if not as_json:
        for one in wrong:
            print(f"note: {words.conflict(one)}", file=sys.stderr)
    return PARTLY if any(not one.only_if for one in wrong) else OK


def _show(store_path: Place, *, as_json: bool) -> int:
    from app.infra import words
    from app.output import columns

    kept = _kept(store_path)
    if as_json:
        found: dict[str, list[Any]] = {}
        for (kind, _), item in kept.items.items():
            name = kind if kind != "plain" else "rows"
            found.setdefault(name, []).append(words.item_json(item, kept.source_of[kind, item.key]))
        _print({"items": found})
        return OK
    rows = [["KIND", "KEY", "SOURCE", "TOLD"]]
    for (kind, key), item in kept.items.items():
        rows.append([kind, key, kept.source_of[kind, key], words.told(item)])
    print("\n".join(columns(rows)) if kept.items else "Nothing was imported yet: drdeck infra import FILE.")
    return OK


# ------------------------------------------------------------------------------------------------------------ blast


def _blast(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app.infra import radii, words
    from app.output import of_twin
    from store.infra import book
    from store.infra.blast import StrikeError, struck

    try:
        with _seen(settings, store_path) as view:
            made = radii.drawn(settings, book.read(store_path), view)
            node = struck(made, arguments.kind, arguments.name)
            found = radii.counted(made, view, settings, node, datetime.now(UTC), radii.planned(settings))
    except StrikeError as error:
        print(f"{error}.", file=sys.stderr)
        return FAILED
    if arguments.json:
        _print({**of_twin(settings.twin), "radius": words.radius_json(found)})
    else:
        print("\n".join(words.radius_lines(found)))
    return OK


@contextmanager
def _seen(settings: Settings, store_path: Place) -> Iterator[EstateView]:
    """The estate as the store knows it; no device is asked."""
    from app.sweep import never_read
    from store.database import open_store

    store = open_store(store_path)
    try:
        store.configure(never_read(device) for device in settings.devices)
        yield store.view
    finally:
        store.close()


def _print(told: dict[str, Any]) -> None:
    print(json.dumps({"schema_version": 1, **told}, indent=2))
