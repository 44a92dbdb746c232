"""The plan for one verb on one or several groups: what a dialog, a dry run, the runner and a prediction all read."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from app.recovery.draft import merged
from app.recovery.rcg.options import Options
from app.recovery.rcg.role_plans import draw
from app.recovery.rcg.situation import RcgDraft, Situation, way_back
from store.rcg_verbs import RcgVerb
from store.runs import Plan, Turns


def plan(verb: RcgVerb, situations: Sequence[Situation], options: Options, run_tag: str) -> Plan:
    """The plan, refused by its guards where it must not be done. ``run_tag`` names the run's snapshots.

    At most ``options.wave`` groups are acted on at a time: the next one begins as soon as one is through, well or not.
    Otherwise they are independent: one that fails holds up no other.
    """
    drafts = drafted(verb, situations, options, run_tag)
    made = merged(verb, drafts, way_back)
    parts = tuple(tuple(step.id for step in draft.steps) for draft in drafts if draft.steps)
    if len(parts) <= options.wave:
        return made
    note = f"At most {options.wave} groups are acted on at a time: the next begins as soon as any is through."
    return replace(made, turns=Turns(options.wave, parts), notes=(*made.notes, note))


def drafted(
    verb: RcgVerb, situations: Sequence[Situation], options: Options, run_tag: str, prefix: str = "g"
) -> list[RcgDraft]:
    """The drafts of that plan, one for each group. The ids of several begin with ``prefix``."""
    drafts: list[RcgDraft] = []
    for number, at in enumerate(situations, start=1):
        draft = RcgDraft(at, f"{prefix}{number}." if len(situations) > 1 or prefix != "g" else "s", run_tag)
        draw(draft, verb, options)
        drafts.append(draft)
    return drafts
