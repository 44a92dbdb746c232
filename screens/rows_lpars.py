"""The rows of the LPAR pane, and how LPARs are counted."""

from __future__ import annotations

from screens.cells import Cell
from screens.columns import Column, Row
from screens.scene import Scene
from screens.status import EMPTY, rmc, status
from store.estate import Lpar
from store.records import Entry

COLUMNS = (
    Column("LPAR", cut=10),
    Column("System", rank=3, cut=8),
    Column("Site", rank=2, cut=5),
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
    return (
        Cell(lpar.name),
        Cell(lpar.system),
        scene.site_cell(entry),
        status(lpar.state).cell(),
        Cell(lpar.env),
        rmc(lpar.rmc_state),
        Cell(str(len(lpar.wwpns))),
        Cell(str(len(lpar.macs))),
        Cell(lpar.refcode) if lpar.refcode else EMPTY,
        scene.age_cell(entry),
    )


def order(entry: Entry) -> tuple[str, ...]:
    """By name, then system: the two LPARs of a pair stand next to each other."""
    lpar = entry.obj
    return (lpar.name, lpar.system, entry.key) if isinstance(lpar, Lpar) else ("", "", entry.key)
