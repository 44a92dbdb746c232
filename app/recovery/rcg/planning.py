"""The plan for one verb on one or several groups: what a dialog, a dry run, the runner and a prediction all read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.recovery.rcg.draft import Draft
from app.recovery.rcg.options import Options
from app.recovery.rcg.role_plans import draw
from app.recovery.rcg.situation import Situation
from store.rcg_verbs import RcgVerb
from store.runs import SECOND_PERSON, Plan


def plan(verb: RcgVerb, situations: Sequence[Situation], options: Options, run_tag: str) -> Plan:
    """The plan, refused by its guards where it must not be done. ``run_tag`` names the run's snapshots.

    At most ``options.wave`` groups are acted on at a time: each begins as soon as the one so many places before it is
    through, well or not. Otherwise they are independent: one that fails holds up no other.
    """
    drafts: list[Draft] = []
    for number, at in enumerate(situations, start=1):
        before = drafts[-options.wave].join if len(drafts) >= options.wave else ()
        draft = Draft(at, f"g{number}." if len(situations) > 1 else "s", run_tag, before)
        draw(draft, verb, options)
        drafts.append(draft)
    return merged(verb, drafts)


def merged(verb: str, drafts: Sequence[Draft], *, rolls_back: bool = False) -> Plan:
    """One plan out of the drafts of its groups."""
    count = len(drafts)
    name = f"{verb} {drafts[0].at.name}" if count == 1 else f"{verb} {count} groups"
    bounds = [draft.loss_s for draft in drafts]
    known = [bound for bound in bounds if bound is not None]
    losses = list(dict.fromkeys(draft.loss for draft in drafts if draft.loss))
    return Plan(
        verb=str(verb),
        name=name,
        targets=tuple(draft.at.key for draft in drafts),
        made_at=min((draft.at.now for draft in drafts), default=datetime.now(UTC)),
        steps=tuple(step for draft in drafts for step in (*draft.steps, *draft.undoes)),
        guards=tuple(guard for draft in drafts for guard in draft.guards),
        confirm=_confirm(name, drafts),
        loss="; ".join(losses[:3]) + ("; …" if len(losses) > 3 else ""),
        loss_s=max(known) if known and len(known) == count else None,
        lasting=_each(drafts, "lasting"),
        way_back=_each(drafts, "way_back"),
        notes=_each(drafts, "notes"),
        rolls_back=rolls_back,
    )


def _each(drafts: Sequence[Draft], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for draft in drafts for text in getattr(draft, name)))


def _confirm(name: str, drafts: Sequence[Draft]) -> tuple[str, ...]:
    """What must be typed. For several groups at a time: the name of the whole, the largest loss, the sum of volumes."""
    words = [word for draft in drafts for word in draft.confirm]
    if len(drafts) == 1 or not words:
        return tuple(words)
    losses = [int(word.split()[1]) for word in words if word.startswith("lose ")]
    counts = [int(word.split()[1]) for word in words if word.startswith("overwrite ")]
    rest = [w for w in words if w.startswith(("site ", SECOND_PERSON, "discard "))]
    found = [name]
    if losses:
        found.append(f"lose {max(losses)} min")
    if counts:
        found.append(f"overwrite {sum(counts)} volumes")
    return tuple(dict.fromkeys([*found, *rest]))
