"""Who took part in a run and in what role, as far as its journal knows."""

from __future__ import annotations

from collections.abc import Iterable

from app.report.records import Person
from app.report.replay import Told
from store.approvals import ASKED, GLASS
from store.remarks import LESSON, NOTE
from store.runs import SECOND_PERSON

AGREED = "agreed to it"
_SAYING = {
    "proposed": "proposed the plan",
    ASKED: "confirmed it, for another person to approve",
    GLASS: "broke the glass: approved it alone",
    "approved": AGREED,
    NOTE: "wrote notes",
    LESSON: "wrote lessons",
}


def people(entries: Iterable[Told]) -> tuple[Person, ...]:
    """In the order in which they first took part."""
    roles: dict[str, dict[str, None]] = {}

    def add(name: object, role: str) -> None:
        if isinstance(name, str) and name:
            roles.setdefault(name, {})[role] = None

    for entry in entries:
        body = entry.body
        match entry.kind:
            case "decision":
                add(body.get("by"), f"decided: {body['choice']}")
            case "run":
                add(body.get("by"), f"ended it before it began: {body['state']}")
            case "lease taken":
                name, _, process = str(body["holder"]).partition(", process ")
                add(name, f"acted, by the console of process {process}" if process else "acted")
            case "approved":
                add(body.get("by"), AGREED)
                for words in body["words"]:
                    if words.startswith(SECOND_PERSON):
                        add(words.removeprefix(SECOND_PERSON).strip(), "stated it as the second person (typed name)")
            case kind:
                add(body.get("by"), _SAYING.get(kind, kind))
                add(body.get("owner"), "owns lessons")
    return tuple(Person(name, tuple(found)) for name, found in roles.items())
