"""What the runs of a recovery plan say of it, as its screen shows it: where it serves, its drills, and how long each
application took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from screens.ages import age
from screens.cells import Cell, Tone
from screens.plots import bars
from screens.rows_runs import clock_text
from screens.scene import Scene
from screens.side_by_side import Fact, Part
from screens.status import GLYPHS
from store.drills import order
from store.plan_history import Measured, PlanHistory
from store.plan_view import PlanShown

MOST = 12
"""So many runs are plotted, the newest."""


def standing_parts(plan: PlanShown, known: PlanHistory, scene: Scene) -> Iterable[Part]:
    """Where everything serves since its last run, and how its drills stand."""
    if known.away is not None:
        when = scene.ago(known.away.ended_at or known.away.created_at)
        home = f"replicated to {plan.source}" if known.back is not None else f"not replicated to {plan.source} yet"
        tone = Tone.BUSY if known.back is not None else Tone.WARN
        text = f"{GLYPHS[tone]} {plan.target}, failed over {when}, run {known.away.id}: {home}"
        yield Fact("Serves at", Cell(text, tone))
    if known.owed is not None:
        since = scene.ago(known.owed.ended_at or known.owed.created_at)
        text = f"{GLYPHS[Tone.WARN]} the clean-up of the drill {known.owed.id}, since its end {since}"
        yield Fact("Owed", Cell(text, Tone.WARN))
        yield Fact("", Cell(f":do {order(known.owed)}", Tone.WARN))
    if known.drilled is not None and known.drilled.ended_at is not None:
        text = f"{GLYPHS[Tone.OK]} passed {scene.ago(known.drilled.ended_at)}, run {known.drilled.id}"
        yield Fact("Last drill", Cell(text, Tone.OK))
    elif plan.applications:
        yield Fact("Last drill", Cell("none ever passed", Tone.DIM))


def measured_cell(measured: Sequence[Measured], target_s: float | None, scene: Scene) -> Cell:
    """How long an application took in each run, the oldest first, and the newest in numbers."""
    shown = measured[-MOST:]
    last, longest = shown[-1], max(each.seconds for each in shown)
    plot = f"{bars([each.seconds for each in shown], max(longest, target_s or 0.0))[0]} " if len(shown) > 1 else ""
    of = "" if target_s is None else f" of {clock_text(target_s)}"
    late = target_s is not None and last.seconds > target_s
    tone = Tone.BAD if late else Tone.OK if of else Tone.PLAIN
    mark = f"{GLYPHS[tone]} " if of else ""
    more = f"; longest of {len(shown)}: {clock_text(longest)}" if len(shown) > 1 else ""
    return Cell(f"{plot}{mark}{clock_text(last.seconds)}{of}, {last.word} {age(scene.now, last.at)} ago{more}", tone)
