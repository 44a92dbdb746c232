"""A blast radius as a level: what falls, with what, how much is lost, and which plan answers it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from screens import sources as src
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.levels.infra import imported_words
from screens.levels.model import Level, LevelRow, Ref
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, GLYPHS, LOADING, status
from store.infra.radius import Bound, BoundKind, Hit, PlanHit, Radius, storage_word

COLUMNS = (
    Column("What", source=src.BLAST),
    Column("Name", cut=12, source=src.BLAST),
    Column("Site", rank=3, source=src.BLAST),
    Column("Effect", source=src.BLAST),
    Column("Loss", right=True, measure=Measure.SPAN, source=src.derived("its newest copy that stays, up to now")),
    Column("Storage", rank=1, source=src.derived("the arrays that its volumes are on")),
    Column("Plan", source=src.PLANS),
    Column("Application", rank=2, cut=10, source=src.PLANS),
    Column("Because", rank=4, cut=16, source=src.BLAST),
)

_WORDS = {"lpar": "LPAR", "vm": "VM", "pgroup": "pgroup", "pod": "pod", "rcg": "RCG"}


_STORAGE = {
    True: Cell(storage_word(True)),
    False: Cell(f"{GLYPHS[Tone.BAD]} {storage_word(False)}", Tone.BAD),
    None: Cell(f"{GLYPHS[Tone.UNKNOWN]} {storage_word(None)}", Tone.UNKNOWN, GLYPHS[Tone.UNKNOWN]),
}


def blast(scene: Scene, ref: Ref) -> Level:
    """What falls with the node that ``key`` and ``part`` are."""
    found = scene.infra.radii.get((ref.part, ref.key))
    if found is None:
        return Level("blast radius", "what falls", COLUMNS, empty=(Note(LOADING.text, Tone.DIM),))
    if isinstance(found, str):
        return Level("blast radius", "what falls", COLUMNS, empty=(Note(f"{found}.", Tone.UNKNOWN),))
    rows = tuple(_row(hit) for hit in found.hits)
    empty = (Note("Nothing that runs falls with it.", Tone.OK),)
    seen = f"counted {scene.ago(found.at)}"
    imported = imported_words(scene)
    notes = tuple(_notes(found))
    words = f"{seen}, {imported}" if imported else seen
    return Level(f"blast radius of {found.title}", "what falls", COLUMNS, rows, empty, notes, seen=words)


def _row(hit: Hit) -> LevelRow:
    cells = (
        Cell(_WORDS[hit.node[0]]),
        Cell(hit.name),
        Cell(hit.site) if hit.site else EMPTY,
        status(hit.effect).cell(),
        EMPTY if hit.bound is None else loss_cell(hit.bound),
        EMPTY if hit.bound is None else _STORAGE[hit.storage],
        Cell(hit.plan) if hit.plan else Cell("none", Tone.WARN if hit.bound is not None else Tone.DIM),
        Cell(hit.application) if hit.application else EMPTY,
        Cell(hit.because),
    )
    kind, key = hit.node
    detail = (kind, key) if kind in ("lpar", "pgroup", "vm") else ("rcg_pair", key) if kind == "rcg" else None
    first = {"lpar": "lpar.adapters", "pgroup": "pgroup.snapshots", "vm": "vm.replicas", "rcg": "rcg.volumes"}
    opens = Ref(first[kind], key) if kind in first else None
    return LevelRow(f"{kind} {key}", cells, opens, detail, hit.node)


def loss_cell(bound: Bound) -> Cell:
    match bound.kind:
        case BoundKind.KNOWN:
            return Cell(bound.words, value=bound.seconds)
        case BoundKind.NONE:
            return Cell(f"{GLYPHS[Tone.BAD]} {bound.words}", Tone.BAD, value=float("inf"))
    return Cell(f"{GLYPHS[Tone.UNKNOWN]} {bound.words}", Tone.UNKNOWN)


def _notes(found: Radius) -> Iterator[Note]:
    yield Note(f"{found.summary}.", Tone.HEADING)
    for plan in found.plans:
        yield Note(_plan(plan), Tone.WARN if plan.against else Tone.PLAIN)
    if found.unplanned:
        yield Note(f"In no plan: {found.unplanned}.", Tone.WARN)
    yield from (Note(text, Tone.UNKNOWN) for text in found.notes)


def _plan(plan: PlanHit) -> str:
    parts = ", ".join(f"{name} ({bound.words})" for name, bound in plan.applications)
    against = f"; but {'; '.join(plan.against)}" if plan.against else ""
    return f"plan {plan.name} answers {parts}{against}."
