"""The rows of the LPAR pane, and how LPARs are counted."""

from __future__ import annotations

from screens.cells import Cell, Tone
from screens.columns import Column, Row
from screens.scene import Scene
from screens.status import EMPTY, rmc, status
from store.estate import Lpar
from store.records import Entry

COLUMNS = (
    Column("LPAR", cut=16),
    Column("System", rank=3, cut=14),
    Column("Site", rank=2, cut=10),
    Column("State"),
    Column("Env", rank=5),
    Column("RMC", rank=4),
    Column("WWPNs", rank=6, right=True),
    Column("MACs", rank=7, right=True),
    Column("Refcode", rank=8, cut=8),
    Column("Age"),
)


def row(entry: Entry, scene: Scene) -> Row:
    lpar = entry.obj
    if not isinstance(lpar, Lpar):
        raise TypeError(f"not an LPAR: {entry.key}")
    cells = (
        Cell(lpar.name),
        Cell(lpar.system),
        scene.site_cell(entry),
        scene.state_cell(entry, status(lpar.state)),
        Cell(lpar.env),
        rmc(lpar.rmc_state, lpar.state),
        _count(lpar.wwpns, "fc" not in lpar.unread),
        _count(lpar.macs, "eth" not in lpar.unread),
        Cell(lpar.refcode) if lpar.refcode else EMPTY,
        scene.age_cell(entry),
    )
    return scene.faded(cells, entry)


def _count(values: tuple[str, ...], complete: bool) -> Cell:
    """How many there are; ``+?`` after it where a row could not be read, so that there may be more."""
    return Cell(str(len(values))) if complete else Cell(f"{len(values)}+?", Tone.WARN)


def order(key: str) -> tuple[str, str]:
    """By name, then system: the two LPARs of a pair stand next to each other. ``key`` is that of ``store.estate.Lpar``:
    sorting by it decodes nothing."""
    return (key.partition("/")[2], key)
