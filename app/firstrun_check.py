"""The check of one device in the first run: what its doors present, then one reading; on threads, and stoppable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from textual.message import Message

from app import check, crash, trust
from app.connect import Connector
from app.firstrun_draft import Outcome
from app.firstrun_pins import Pins
from app.known_devices import KnownDevicesError
from app.settings_records import DeviceSettings, Settings
from app.sweep_call import Call
from app.trust import Finding, State
from backends.driver import Driver
from backends.outcome import DeviceError, Failure, Sent
from screens.cells import Cell, Line, Tone
from store.estate import Reading

_AT_ONCE = threading.BoundedSemaphore(2)
"""One check that runs, and one that was stopped and has not ended yet."""

_REFUSED = frozenset((State.CHANGED, State.MISCONFIGURED, State.DISTRUSTED))


class DeviceCheck:
    """One check. ``tell`` is given :class:`Examined`, then :class:`Checked`; it is called on threads."""

    def __init__(
        self,
        device: DeviceSettings,
        settings: Settings,
        others: Sequence[DeviceSettings],
        pins: Pins,
        tell: Callable[[Message], object],
    ) -> None:
        self.device = device
        self._settings = settings
        self._others = others
        self._pins = pins
        self._tell = tell
        self._stoppable = _Stoppable(device.name, Connector(settings))
        self._findings: tuple[Finding, ...] = ()

    def examine(self) -> None:
        """Ask the doors what they present. Ends with :class:`Examined`, or with :class:`Checked` where the pinned
        identities cannot be had."""
        self._in_thread(self._examine)

    def read(self, accepted: Sequence[Finding]) -> None:
        """Pin what was accepted, and read the device once. Ends with :class:`Checked`."""
        self._in_thread(lambda: self._read(accepted))

    def stop(self) -> None:
        """Wait no longer: what still comes is not told, and the connection is closed."""
        self._tell = lambda message: None
        self._stoppable.stop()

    def _in_thread(self, work: Callable[[], Message]) -> None:
        def run() -> None:
            with _AT_ONCE:
                try:
                    message = work()
                except KnownDevicesError as error:
                    message = Checked(self, Outcome(Failure.UNTRUSTED, Tone.BAD, (_line(str(error)),)))
                except Exception as error:
                    crash.record(error)
                    defect = f"drdeck stopped the check by a defect of its own ({type(error).__name__})."
                    message = Checked(self, Outcome("not checked", Tone.UNKNOWN, (_line(defect),)))
            self._tell(message)

        threading.Thread(target=run, name=f"check {self.device.name}", daemon=True).start()

    def _examine(self) -> Message:
        self._pins.keep_only([*self._others, self.device])
        self._findings = tuple(trust.examine([self.device], self._pins.known()))
        return Examined(self, self._findings)

    def _read(self, accepted: Sequence[Finding]) -> Message:
        if accepted:
            self._pins.accept(accepted)
        (result,) = check.read_all([self.device], lambda name: self._stoppable)
        outcome = outcome_of(result, self._settings)
        doors = [_door_line(finding, finding in accepted) for finding in self._findings]
        return Checked(self, replace(outcome, lines=(*outcome.lines, (), *doors)))


@dataclass
class Examined(Message):
    """The doors of the device were asked; ``findings`` are in their order."""

    check: DeviceCheck
    findings: tuple[Finding, ...]


@dataclass
class Checked(Message):
    """The check has ended."""

    check: DeviceCheck
    outcome: Outcome


class _Stoppable:
    """A driver that the operator can stop waiting for, while its secret is looked up, it connects or it reads."""

    def __init__(self, device: str, connect: Callable[[str], Driver]) -> None:
        self._device = device
        self._call = Call(device, connect, None)

    def read(self) -> Reading:
        self._call.start()
        self._call.done.wait()  # whoever called this keeps to the time limit of the device, and then closes
        if self._call.error is not None:
            raise self._call.error
        if self._call.reading is None:
            raise DeviceError(self._device, "read", Failure.LOST, Sent.UNKNOWN, "the check was stopped")
        return self._call.reading

    def stop(self) -> None:
        self._call.give_up()

    def close(self) -> None:
        if not self._call.give_up() and self._call.driver is not None:
            self._call.driver.close()


# --------------------------------------------------------------------------------------------------------- the words


def to_pin(findings: Sequence[Finding]) -> list[Finding]:
    """What the operator must compare and accept before anybody logs in there."""
    return [finding for finding in findings if finding.state is State.NEW]


def refused(findings: Sequence[Finding]) -> Outcome | None:
    """The outcome where a door presents what must not be believed; None: none does."""
    wrong = [finding for finding in findings if finding.state in _REFUSED]
    if not wrong:
        return None
    lines = [_line(text) for finding in wrong for text in trust.lines(finding)]
    return Outcome(str(wrong[0].state), Tone.BAD, (*lines, _line("Nothing was sent: nobody logged in there.")))


def not_accepted(finding: Finding) -> Outcome:
    """The outcome where the operator did not accept an identity."""
    name = finding.door.device
    return Outcome(
        "not pinned",
        Tone.WARN,
        (
            _line(f"The identity of {finding.door.address} was not accepted, so nobody logged in there."),
            _line(f"-> Compare it on the device. Then check again (r), or pin it later: drdeck trust {name}"),
        ),
    )


STOPPED = Outcome("not checked", Tone.UNKNOWN, ((Cell("You stopped the check before it ended."),),))


def outcome_of(result: check.Result, settings: Settings) -> Outcome:
    """A result in words, with what to do where something is wrong."""
    lines = [_line(text) for text in check.advice(result, settings)]
    if result.error is not None:
        return Outcome(result.word, Tone.BAD, tuple(lines))
    counts = [f"{count} {check.WORDS[kind][count != 1]}" for kind, count in result.counts.items()]
    read = f"Read in {result.seconds:.1f} s: {', '.join(counts) or 'it holds nothing that drdeck shows'}."
    return Outcome(result.word, Tone.WARN if result.partly else Tone.OK, (_line(read), *lines))


def _door_line(finding: Finding, accepted: bool) -> Line:
    """How a door was believed, or why it was not reached."""
    state = "pinned just now" if accepted else str(finding.state)
    why = f": {finding.presented.trouble}" if finding.presented.trouble else ""
    return (Cell(f"{finding.door.protocol} {finding.door.address}  {state}{why}", Tone.DIM),)


def _line(text: str) -> Line:
    return (Cell(text, Tone.HEADING if text.startswith("-> ") else Tone.PLAIN),)
