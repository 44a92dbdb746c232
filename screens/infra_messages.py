"""What screens tell the App about infrastructure and blast radii. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from screens.run_messages import AboutRuns


class AboutInfra(AboutRuns):
    """All of them."""


class InfraRequested(AboutInfra):
    """The operator asked for the infrastructure."""


@dataclass
class BlastRequested(AboutInfra):
    """The operator asked what falls with something: a node of :mod:`store.infra.graph`, or ``device`` and its name."""

    kind: str
    key: str
    asked_by: object = None


@dataclass
class BlastAged(AboutInfra):
    """A radius is shown that was counted a while ago."""

    kind: str
    key: str


class InfraRead(AboutInfra):
    """The infrastructure was read, or a radius counted."""


_NODES = {"lpar": "lpar", "vm": "vm", "pgroup": "pgroup", "rcg_pair": "rcg", "device": "device"}


def struck(detail: tuple[str, str] | None) -> tuple[str, str] | None:
    """What is struck where an object that has a detail is pointed at; None: nothing is known to run on it."""
    return None if detail is None or detail[0] not in _NODES else (_NODES[detail[0]], detail[1])
