"""``drdeck lab --from-store``: the lab's world as a copy of the estate that was last read, and the report about it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from app.output import columns, stamp

if TYPE_CHECKING:
    from app.settings_records import Settings
    from app.twin_source import Source
    from backends.lab.lab import Lab
    from backends.lab.timing import Timing
    from backends.lab.twin.records import Account

_WORDS = {
    "system": "managed systems", "lpar": "LPARs", "flasharray": "arrays", "pgroup": "protection groups",
    "volume": "volumes", "host": "hosts", "pod": "pods", "storage": "arrays", "rcg": "RCGs", "vcenter": "servers",
    "esxi": "hosts", "datastore": "datastores", "vm": "VMs",
}  # fmt: skip
REPORT_NAME = "twin-report.txt"


def add_arguments(lab: argparse.ArgumentParser) -> None:
    """The options of ``drdeck lab`` for a twin."""
    lab.add_argument(
        "--from-store", action="store_true", help="a twin: the lab as a copy of the estate that was last read"
    )
    lab.add_argument("--to", type=Path, metavar="DIR", help="where the twin keeps its files (with --from-store)")
    for name in ("--config", "--store"):
        lab.add_argument(
            name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to copy (--from-store)"
        )


def directory(arguments: argparse.Namespace) -> Path:
    from app.paths import state_dir

    return Path(arguments.to or arguments.lab_dir or state_dir() / "twin").expanduser().absolute()


def read(arguments: argparse.Namespace) -> Source:
    """What the configuration and the store say. Raises :class:`app.twin_source.NoTwinError` and SettingsError."""
    from app.paths import config_file
    from app.settings import load
    from app.twin_source import source

    settings = load(config_file(arguments.config))
    _refuse_real(directory(arguments), settings)
    store = settings.store if arguments.store is None else Path(arguments.store).expanduser().absolute()
    return source(settings, store)


def _refuse_real(folder: Path, settings: Settings) -> None:
    """Nothing is written where a configuration lies that is not a lab's."""
    from app.config_table import SettingsError
    from app.settings import load
    from app.twin_source import NoTwinError

    there = folder / "config.toml"
    if not there.exists():
        return
    try:
        lab = load(there).lab
    except SettingsError:
        lab = False
    if not lab or there.resolve() == settings.path.resolve():
        raise NoTwinError(f"{there} is no configuration of a lab and is not written over: name another place with --to")


def build(found: Source, timing: Timing, identities: Path) -> tuple[Lab, Account]:
    """The lab, not yet started."""
    from backends.lab.lab import Lab
    from backends.lab.twin.build import build

    world, account = build(found.original, timing)
    return Lab(world, identities), account


def write(lab: Lab, found: Source, account: Account, folder: Path, interval_s: int) -> Path:
    """The twin's configuration, its store with the journal's first entry, and the report. Returns the path of the
    first."""
    from app.recovery.operations import who
    from app.twin_source import moment_line, store_name
    from backends.lab.configuration import write_config
    from store.twin import note_twin

    taken_at = found.original.taken_at
    lab.world.plans.update(found.plans)
    store = store_name(taken_at)
    config = write_config(
        lab, folder, interval_s, store=store, console=(moment_line(taken_at),), tables=(*found.tables, "")
    )
    note_twin(folder / store, taken_at, who())
    text = "\n".join(report(found, account)) + "\n"
    told = folder / REPORT_NAME
    told.touch(mode=0o600)
    told.write_text(text, "utf-8")
    return config


def report(found: Source, account: Account) -> Iterator[str]:
    """What was copied, what was invented, and what could not be copied, in lines."""
    yield f"A twin of the estate as it was at {stamp(found.original.taken_at)} (its oldest reading)."
    yield from (f"  {line}" for line in found.readings)
    yield from ("", "Copied:")
    rows = []
    for device, kinds in groupby(sorted(account.copied.items()), key=lambda item: item[0][0]):
        rows.append([f"  {device}", ", ".join(f"{_WORDS[kind]} {count}" for (_, kind), count in kinds)])
    yield from columns(rows)
    if found.plans:
        yield f"  recovery plans: {', '.join(found.plans)}"
    yield from ("", "Invented, because no inventory tells it:")
    yield from _block(
        [[f"  {device}", f"{count} x", what] for (device, what), count in sorted(account.invented.items())]
    )
    yield "  Besides, in the lab's own way: the version of FlashArrays, space in use on them, bytes that"
    yield "  transfers wrote, who is logged in where."
    yield from ("", "Not copied:")
    yield from _block([[f"  {device}", what, why] for device, what, why in account.left_out])
    if found.gone:
        yield f"  {found.gone} objects that their devices no longer had"
    if account.noted:
        yield from ("", "As it is, the lab's referee says of it:")
        yield from _block([[f"  {rule}", subject, detail] for rule, subject, detail in account.noted])
    yield from ("", "Of the configuration, not taken over:")
    yield from (f"  {line}" for line in found.kept_back)


def _block(rows: Sequence[Sequence[str]]) -> Sequence[str]:
    return columns([list(row) for row in rows]) if rows else ("  nothing",)
