"""What can be done to LPARs as they are now, and why the rest is not right. Pure.

It is said from what the store last saw of both sites; the plan looks at them anew and refuses by itself. That an LPAR
is not ready is therefore a hint and keeps nobody from having it planned.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from screens.actions_acts import LPAR_WORDS
from screens.briefing import named
from screens.offers import Offer
from screens.run_messages import ActsAsked
from screens.scene import Scene
from store.drills import lpars, order
from store.estate import Lpar, LparState
from store.readiness import Covered, Standing
from store.records import DeviceHealth, Entry
from store.runs import Run

OFF = LparState.NOT_ACTIVATED
_RESTS_ON_READINESS = ("failover", "disaster", "drill")


class Member(Struct, frozen=True):
    """An LPAR by its name, as both sites show it; None: a site does not. ``answers``: its HMC at home can be read.
    ``owed`` is the drill of it that is not cleaned up; ``wrong`` why nothing can be done to it at all."""

    name: str
    home: Lpar | None = None
    there: Lpar | None = None
    answers: bool = False
    owed: Run | None = None
    standing: Standing | None = None
    because: str = ""
    wrong: str = ""


def asked(scene: Scene, keys: Sequence[str], owing: Mapping[str, Run]) -> ActsAsked:
    """The menu for the LPARs with these keys, of either site. ``owing`` are the drills that are not cleaned up, by
    their ids."""
    covered = scene.readiness.covered
    try:
        found = {lpar.name: lpar for lpar in (_lpar(scene.entry("lpar", key)) for key in keys)}
    except LookupError:
        return ActsAsked(", ".join(keys), _nothing("the store does not know it any more"))
    names = sorted(found)
    if covered is None:
        return ActsAsked(named(names), _nothing(scene.readiness.why_not))
    members = [_member(scene, covered, found[name], owing) for name in names]
    return ActsAsked(_about(members, covered), offers(members, covered))


def _lpar(entry: Entry) -> Lpar:
    if not isinstance(entry.obj, Lpar):
        raise LookupError(f"{entry.key} is no LPAR")
    return entry.obj


def _nothing(why_not: str) -> tuple[Offer, ...]:
    return tuple(Offer(word, name, words, None, why_not) for word, name, words in LPAR_WORDS)


def _about(members: Sequence[Member], covered: Covered) -> str:
    if len(members) > 1:
        return f"{len(members)} LPARs: {named([member.name for member in members])}"
    (one,) = members
    if one.wrong:
        return one.name
    at_home = f"{one.home.state} at {covered.nominal}" if one.home is not None else f"not shown by {covered.nominal}"
    return f"{one.name}, {at_home}, {one.there.state if one.there is not None else 'not defined'} at {covered.recovery}"


# ----------------------------------------------------------------------------------------------------------- members


def _member(scene: Scene, covered: Covered, lpar: Lpar, owing: Mapping[str, Run]) -> Member:
    name = lpar.name
    if lpar.env == "vioserver":
        return Member(name, wrong="it is a VIOS, which stays where it is")
    if not covered.protects(name):
        by = "[pra] exclude names it" if covered.excludes(name) else "[pra] lpars does not name it"
        return Member(name, wrong=f"it is not protected: {by}")
    sides = {site: _at(scene, site, name) for site in (covered.nominal, covered.recovery)}
    for site, found in sides.items():
        if len(found) > 1:
            return Member(name, wrong=f"more than one LPAR at {site} is called so")
    home, there = sides[covered.nominal], sides[covered.recovery]
    device = scene.device(home[0].device) if home else None
    checked = scene.readiness.now
    word = checked.words.get(name)
    return Member(
        name,
        _lpar(home[0]) if home else None,
        _lpar(there[0]) if there else None,
        device is not None and device.health in (DeviceHealth.OK, DeviceHealth.PARTIAL),
        next((run for run in owing.values() if name in lpars(run)), None),
        checked.standing(name, scene.now),
        word.first.evidence if word is not None and word.first is not None else "",
    )


def _at(scene: Scene, site: str, name: str) -> list[Entry]:
    """The LPARs of that name that a site shows, but for VIOS."""
    found = [entry for entry in scene.index.group("lpar", "name", name) if scene.site(entry) == site and not entry.gone]
    return [entry for entry in found if _lpar(entry).env != "vioserver"]


# ------------------------------------------------------------------------------------------------------------ offers


def offers(members: Sequence[Member], covered: Covered) -> tuple[Offer, ...]:
    """Every act on all of them, with why it is not right."""
    return tuple(
        Offer(
            word,
            name,
            words,
            order_text(word, members),
            _of_all(members, partial(why_not, word, covered)),
            hint=_of_all(members, _hint) if word in _RESTS_ON_READINESS else None,
        )
        for word, name, words in LPAR_WORDS
    )


def order_text(word: str, members: Sequence[Member]) -> str | None:
    """What the command line would be told: ``lpar failover erp_db1 --disaster``; None: there is nothing to ask for."""
    if any(member.wrong for member in members):
        return None
    if word == "cleanup":
        owed = {order(member.owed) for member in members if member.owed is not None}
        return owed.pop() if len(owed) == 1 else None
    names = " ".join(shlex.quote(member.name) for member in members)
    return f"lpar failover {names} --disaster" if word == "disaster" else f"lpar {word} {names}"


def _of_all(members: Sequence[Member], why: Callable[[Member], str | None]) -> str | None:
    reasons = [(member.name, reason) for member in members if (reason := why(member)) is not None]
    if not reasons:
        return None
    name, reason = reasons[0]
    if len(members) == 1:
        return reason
    return f"{name}: {reason}{f', and {len(reasons) - 1} more' if len(reasons) > 1 else ''}"


def _hint(one: Member) -> str | None:
    """What the last check says against it, which the plan looks at anew."""
    if one.standing not in (Standing.NOT_READY, Standing.NOT_KNOWN):
        return None
    return f"{one.standing}{': ' if one.because else ''}{one.because}"


def why_not(word: str, covered: Covered, one: Member) -> str | None:
    """Why an act is not right for an LPAR; None: it is."""
    if one.wrong or word == "check":
        return one.wrong or None
    if word == "cleanup":
        return None if one.owed is not None else "no drill of it owes a clean-up"
    if one.there is None and word != "align":
        return f"it is not defined at {covered.recovery}"
    if one.owed is not None:
        return f"the drill {one.owed.id} is not cleaned up"
    if word == "align" or one.there is None:
        return _home_unseen(one, covered)
    return _away(word, one, one.there, covered) if word in _RESTS_ON_READINESS else _back(word, one, one.there, covered)


def _away(word: str, one: Member, there: Lpar, covered: Covered) -> str | None:
    """Of what brings it up at the recovery site."""
    if there.state is not OFF:
        return f"it is {there.state} at {covered.recovery}"
    if word == "drill":
        return None if covered.drill else "[pra] names no isolated network for drills"
    if word == "disaster":
        planned = one.home is not None and one.answers
        return f"{covered.nominal} answers: a planned failover loses nothing" if planned else None
    return _home_unseen(one, covered)


def _home_unseen(one: Member, covered: Covered) -> str | None:
    if one.home is None:
        return f"{covered.nominal} does not show it"
    return None if one.answers else f"{covered.nominal} cannot be read"


def _back(word: str, one: Member, there: Lpar, covered: Covered) -> str | None:
    """Of what follows once it runs at the recovery site."""
    if there.state is OFF:
        return f"it does not run at {covered.recovery}"
    if one.home is not None and one.home.state is not OFF:
        return f"it runs at {covered.nominal} too"
    if not one.answers and word == "failback":
        return f"{covered.nominal} cannot be read"
    return None
