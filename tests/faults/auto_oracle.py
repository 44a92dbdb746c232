"""Whether a failover was due, judged from the whole story afterwards. Written from the procedures (6, "fire only if
all", E1 to E5), knowing nothing of how the console decides: it goes back through what every round saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SILENT, ANSWERS, NOTHING = "silent", "answers", "nothing"


@dataclass(frozen=True)
class Moment:
    """What one round could see of one group, at ``t`` (seconds). ``said``: by witness; an answer that came too late is
    ``nothing``. ``off``: machines powered off, where the hypervisor answered; None where it did not. ``others_silent``:
    everybody else at the site; None: not known. ``frozen``: of each member the newest complete copy, None without."""

    t: float
    said: Mapping[str, str]
    off: tuple[str, ...] | None
    gateway: bool
    dr: bool
    others_silent: bool | None
    frozen: tuple[float | None, ...] | None
    replica_runs: bool
    window: bool
    armed: bool
    bound_s: float
    drilled: bool


@dataclass
class Told:
    """What the oracle says of a story: the round in which each group had to begin, by its name."""

    fires: dict[str, int] = field(default_factory=dict)


def due(
    story: Mapping[str, Sequence[Moment]],
    vetoes: Mapping[str, Sequence[float]],
    brake: int,
    threshold_s: float = 300.0,
) -> Told:
    """When each group had to fail over. All groups are of one site, in the order in which they are configured; every
    group has a moment for every round."""
    told = Told()
    rounds = max((len(moments) for moments in story.values()), default=0)
    begun_at: list[float] = []
    disarmed: set[str] = set()
    held_back: dict[str, int] = {}
    for number in range(rounds):
        now: list[str] = []
        for name, moments in story.items():
            if name in told.fires or name in disarmed:
                continue
            t = moments[number].t
            lately = sum(1 for each in begun_at if t - each < 3600)
            if lately >= brake:
                held_back[name] = number
                continue
            if _decided(moments, number, vetoes.get(name, ()), threshold_s, held_back.get(name, -1)):
                told.fires[name] = number
                begun_at.append(t)
                now.append(name)
        if now:
            disarmed |= set(story) - set(told.fires)
    return told


def _decided(moments: Sequence[Moment], number: int, vetoes: Sequence[float], threshold_s: float, after: int) -> bool:
    """Whether all held now, and in every round of at least the last 60 seconds: the time that a veto has."""
    begin = number
    while begin > after and _all_hold(moments, begin, vetoes, threshold_s):
        begin -= 1
    begin += 1
    return begin <= number and moments[number].t - moments[begin].t >= 60


def _all_hold(moments: Sequence[Moment], number: int, vetoes: Sequence[float], threshold_s: float) -> bool:
    now = moments[number]
    silent = [who for who in now.said if _long_silent(moments, number, who, threshold_s)]
    started = _outage_began(moments, number)
    return (
        ANSWERS not in now.said.values()
        and len(silent) >= 2
        # Cut off: the links are down, and a witness with them that is no second probe over the same uplink (1.2).
        and "link" in silent
        and "path" in silent
        and _ran(moments, number, started)
        and now.gateway
        and now.dr
        and now.others_silent is True
        and _copies(now)
        and not now.window
        and now.armed
        and now.drilled
        and not any(started <= veto <= now.t for veto in vetoes)
    )


def _long_silent(moments: Sequence[Moment], number: int, who: str, threshold_s: float) -> bool:
    """Three probes in a row, none further than 150 s from the last, and five minutes since the first miss of an
    unbroken row."""
    row = _row(moments, number, who)
    if len(row) < 3 or row[-1] - row[0] < threshold_s:
        return False
    return all(late - soon <= 150 for soon, late in zip(row[-3:], row[-2:], strict=False))


def _row(moments: Sequence[Moment], number: int, who: str) -> list[float]:
    row: list[float] = []
    while number >= 0 and moments[number].said[who] == SILENT:
        row.insert(0, moments[number].t)
        number -= 1
    return row


def _outage_began(moments: Sequence[Moment], number: int) -> float:
    """When the first miss of the outage was that is under way: somebody was silent in every round since."""
    began = moments[number].t
    while number >= 0 and SILENT in moments[number].said.values():
        began = moments[number].t
        number -= 1
    return began


def _ran(moments: Sequence[Moment], number: int, started: float) -> bool:
    """The hypervisor was last heard no longer than 150 s before the outage, and called no machine powered off."""
    for each in reversed(moments[: number + 1]):
        if each.off is not None:
            return not each.off and started - each.t <= 150
    return False


def _copies(now: Moment) -> bool:
    if now.frozen is None or not now.frozen or now.replica_runs or None in now.frozen:
        return False
    oldest = min(each for each in now.frozen if each is not None)
    return now.t - oldest <= now.bound_s
