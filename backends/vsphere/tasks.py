"""What became of a task: read by leaf paths, waited for with a limit."""

from __future__ import annotations

import time
from xml.etree.ElementTree import Element

from msgspec import Struct

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere import answers, failures
from backends.vsphere.session import Session

_PATHS = ("info.state", "info.progress", "info.error", "info.result", "info.descriptionId")
_STATES = ("queued", "running", "success", "error")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_V = "{urn:vim25}"
_POLL_S = 0.5


class TaskState(Struct, frozen=True):
    """A task as its server tells it: ``state`` queued, running, success or error; ``progress`` in percent, if told.

    ``fault`` and ``text`` say why it failed; ``result`` is the id of what it made.
    """

    state: str
    progress: int | None = None
    fault: str | None = None
    text: str | None = None
    result: str | None = None

    @property
    def ended(self) -> bool:
        return self.state in ("success", "error")


def parse_task(text: bytes | str) -> TaskState:
    """Decode the reading of one task. Raises :class:`ParseError`."""
    rows = answers.page(text).rows
    if len(rows) != 1:
        raise ParseError("one task", f"{len(rows)} objects")
    values = rows[0].values
    state = values.get("info.state")
    said = answers.text_of(state) if state is not None else ""
    if said not in _STATES:
        raise ParseError("one of " + ", ".join(_STATES), said)
    progress, error, result = (values.get(f"info.{name}") for name in ("progress", "error", "result"))
    fault, words = _fault(error) if error is not None else (None, None)
    return TaskState(
        said,
        answers.number_of(progress) if progress is not None else None,
        fault,
        words,
        result.text if result is not None and result.get("type") else None,
    )


def _fault(error: Element) -> tuple[str, str]:
    found = error.find(_V + "fault")
    name = found.get(_XSI_TYPE) if found is not None else None
    if name is None:
        raise ParseError("an error with a fault", answers.shown(error))
    return name, error.findtext(_V + "localizedMessage") or ""


def look(session: Session, task: str) -> TaskState:
    """What the server says of a task now."""
    from pyVmomi import vim, vmodl

    kind = vmodl.query.PropertyCollector
    spec = kind.FilterSpec(
        propSet=[kind.PropertySpec(type=vim.Task, pathSet=list(_PATHS))],
        objectSet=[kind.ObjectSpec(obj=vim.Task(task))],
    )
    collector = session.content.propertyCollector
    text = session.post("RetrievePropertiesEx", collector, [spec], kind.RetrieveOptions())
    try:
        return parse_task(text)
    except ParseError as error:
        raise failures.of_exception(session.device, f"task {task}", error) from None


def wait(session: Session, task: str, limit_s: float) -> TaskState:
    """Wait until a task ended well. One that ended in error raises its fault as a refusal.

    When ``limit_s`` runs out the outcome is unknown: :class:`DeviceError` says so, and the connection is closed.
    """
    deadline = time.monotonic() + limit_s
    while True:
        seen = look(session, task)
        if seen.state == "success":
            return seen
        if seen.state == "error":
            raise failures.of_fault(session.device, f"task {task}", seen.fault or "MethodFault", seen.text or "")
        left = deadline - time.monotonic()
        if left <= 0:
            session.close()
            text = f"the task is still {seen.state} after {limit_s:g} s"
            raise DeviceError(session.device, f"task {task}", Failure.TIMEOUT, Sent.UNKNOWN, text)
        time.sleep(min(_POLL_S, left))
