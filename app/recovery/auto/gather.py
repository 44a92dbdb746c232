"""One look at all groups, side by side and within a time: who has not answered by then has said nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from app.auto_records import Auto, AutoGroup
from app.recovery.auto import probes
from app.recovery.auto.port import Drill, Recovery
from app.recovery.auto.rules import Finding, Replicas
from app.recovery.looks import Devices
from app.recovery.witnesses import Witness, asked
from app.settings_records import DeviceSettings
from store.auto_records import Answer, Part, Says
from store.readiness import Verdict

_log = logging.getLogger("drdeck.auto")
ROUND_S, OTHERS_S = 40.0, 10.0
"""An answer later than this is none: the others would be too old to act on. The second is for those who are asked only
because a witness is silent."""


class Seen(Struct, frozen=True):
    """What one look showed of a group. ``off`` as in :class:`app.recovery.auto.rules.Look`."""

    answers: tuple[Answer, ...]
    off: tuple[str, ...] | None
    gateway: Finding
    dr: Finding
    site: Finding
    replicas: Replicas | None
    drill: Drill | None
    digest: str | None


class Eyes:
    """Looks at the witnesses of the groups, and at what their recovery rests on."""

    def __init__(
        self,
        auto: Auto,
        configured: Sequence[DeviceSettings],
        devices: Devices,
        recovery: Recovery,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: tuple[float, float] = (ROUND_S, probes.TCP_S),
    ) -> None:
        """``limits``: seconds for all of a look, and for one TCP connection."""
        self._auto = auto
        self._configured = configured
        self._devices = devices
        self._recovery = recovery
        self._clock = clock
        self._limits = limits

    def look(self, groups: Sequence[AutoGroup], suspected: Callable[[AutoGroup], bool]) -> dict[str, Seen]:
        """By name of the group. ``suspected``: of which an outage is under way, so that all others at its site are
        asked too; they are asked as well where a witness is silent now."""
        pool = ThreadPoolExecutor(max(4, 6 * len(groups) + 2), thread_name_prefix="witness")
        try:
            return self._looked(pool, groups, suspected)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _looked(
        self, pool: ThreadPoolExecutor, groups: Sequence[AutoGroup], suspected: Callable[[AutoGroup], bool]
    ) -> dict[str, Seen]:
        began = self._clock()
        out, via = probes.gateway(self._auto.gateway, self._clock, self._limits[1])
        tasks: dict[str, dict[str, Future[Any]]] = {group.name: self._begun(pool, group, via) for group in groups}
        sites = {group.source_site: self._others(pool, group) for group in groups if suspected(group)}
        wait([task for each in tasks.values() for task in each.values()], self._limits[0])
        for group in groups:
            if group.source_site not in sites and self._silent(tasks[group.name]):
                sites[group.source_site] = self._others(pool, group)
        wait(list(sites.values()), OTHERS_S)
        return {group.name: self._seen(group, tasks[group.name], sites, out, began) for group in groups}

    def _begun(self, pool: ThreadPoolExecutor, group: AutoGroup, via: str) -> dict[str, Future[Any]]:
        return {
            "api": pool.submit(probes.hypervisor, self._devices, group, self._clock),
            "link": pool.submit(probes.link, self._devices, group, self._clock),
            "path": pool.submit(probes.path, group, via, self._clock, self._limits[1]),
            "replicas": pool.submit(self._recovery.replicas, group),
            "drill": pool.submit(self._recovery.drill, group),
            "digest": pool.submit(self._recovery.digest, group),
        }

    def _others(self, pool: ThreadPoolExecutor, group: AutoGroup) -> Future[Finding]:
        return pool.submit(self._asked_others, group)

    def _asked_others(self, group: AutoGroup) -> Finding:
        at = self._clock()
        return others(asked(self._devices, self._configured, group.source_site, group.source), group.source_site, at)

    @staticmethod
    def _silent(tasks: dict[str, Future[Any]]) -> bool:
        answers = [tasks[name].result() for name in ("api", "link", "path") if _done(tasks[name])]
        return any((each.answer if isinstance(each, probes.Heard) else each).says is Says.DOWN for each in answers)

    def _seen(
        self,
        group: AutoGroup,
        tasks: dict[str, Future[Any]],
        sites: dict[str, Future[Finding]],
        out: Finding,
        began: datetime,
    ) -> Seen:
        heard = tasks["api"].result() if _done(tasks["api"]) else None
        answers = [
            heard.answer if heard is not None else _late(Part.API, began),
            *(tasks[part].result() if _done(tasks[part]) else _late(part, began) for part in (Part.LINK, Part.PATH)),
        ]
        site = sites.get(group.source_site)
        replicas = tasks["replicas"].result() if _done(tasks["replicas"]) else None
        return Seen(
            answers=tuple(answers),
            off=None if heard is None else heard.off,
            gateway=out,
            dr=_dr(group, replicas, began),
            site=_site(site),
            replicas=replicas,
            drill=tasks["drill"].result() if _done(tasks["drill"]) else None,
            digest=tasks["digest"].result() if _done(tasks["digest"]) else None,
        )


def others(found: Sequence[Witness], site: str, at: datetime) -> Finding:
    """Whether nobody else at a site answers: one that does says that the site is not lost."""
    words = "; ".join(f"{witness.who}: {witness.evidence}" for witness in found) or f"nothing else is known at {site}"
    if any(witness.down is False for witness in found):
        return Finding(Verdict.FAILS, words, at)
    if any(witness.down is None for witness in found):
        return Finding(Verdict.UNKNOWN, words, at)
    return Finding(Verdict.HOLDS, words, at)


def _site(task: Future[Finding] | None) -> Finding:
    if task is None:
        return Finding(Verdict.UNKNOWN, "the others at the site were not asked")
    return task.result() if _done(task) else Finding(Verdict.UNKNOWN, "the others at the site did not answer in time")


def _dr(group: AutoGroup, replicas: Replicas | None, began: datetime) -> Finding:
    if replicas is None:
        return Finding(Verdict.FAILS, f"{group.replica} at {group.replica_site} could not be read", began)
    return Finding(Verdict.HOLDS, f"{group.replica} at {group.replica_site} answers", replicas.at)


def _done(task: Future[Any]) -> bool:
    """Whether it came to an end of its own; a defect of ours is nobody's answer."""
    if not task.done() or task.cancelled():
        return False
    if (error := task.exception()) is not None:
        _log.error("asking a witness", exc_info=error)
    return error is None


def _late(part: str, at: datetime) -> Answer:
    return Answer(Part(part), Says.UNKNOWN, "did not answer in time", at)
