"""The rows of the LPAR pane, and how LPARs are counted."""

from __future__ import annotations

from screens import readiness
from screens import sources as src
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.host_match import host_cell
from screens.scene import Scene
from screens.status import EMPTY, rmc, status
from screens.valued import seen
from store.estate import Lpar
from store.records import Entry

COLUMNS = (
    Column("LPAR", cut=16, source=src.LSSYSCFG_LPAR),
    Column("System", rank=4, cut=10, source=src.LSSYSCFG_SYS),
    Column("Site", rank=3, cut=8, source=src.SETTINGS),
    Column("State", source=src.LSSYSCFG_LPAR),
    Column("DR", rank=1, source=readiness.SOURCE, words=readiness.WORDS),
    Column("Host", rank=2, source=src.derived(f"{src.GET_HOSTS}, against {src.LSHWRES_FC} and {src.LSSYSCFG_PROF}")),
    Column("Env", rank=6, source=src.LSSYSCFG_LPAR),
    Column("RMC", rank=5, source=src.LSSYSCFG_LPAR),
    Column("WWPNs", rank=7, right=True, measure=Measure.NUMBER, source=src.LSHWRES_FC),
    Column("MACs", rank=8, right=True, measure=Measure.NUMBER, source=src.LSHWRES_ETH),
    Column("Refcode", rank=9, cut=8, source=src.LSREFCODE),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
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
        readiness.dr_cell(scene, entry, lpar),
        host_cell(scene, entry),
        Cell(lpar.env),
        rmc(lpar.rmc_state, lpar.state),
        _count(lpar.wwpns, "fc" not in lpar.unread),
        _count(lpar.macs, "eth" not in lpar.unread),
        Cell(lpar.refcode) if lpar.refcode else EMPTY,
        seen(scene, entry),
    )
    return scene.faded(cells, entry)


def _count(values: tuple[str, ...], complete: bool) -> Cell:
    """How many there are; ``+?`` after it where a row could not be read, so that there may be more."""
    count = len(values)
    return Cell(str(count), value=count) if complete else Cell(f"{count}+?", Tone.WARN, value=count)


def order(key: str) -> tuple[str, str]:
    """By name, then system: the two LPARs of a pair stand next to each other. ``key`` is that of ``store.estate.Lpar``:
    sorting by it decodes nothing."""
    return (key.partition("/")[2], key)
