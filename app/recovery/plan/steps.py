"""Steps of a recovery plan that are none of a member: commands, probes, prompts, and what was reached.

No look tells whether a command was run. One that left, and of which nobody knows how it ended, is put to a person, and
is not run again before that person says so.
"""

from __future__ import annotations

import shlex
import socket
from typing import Any

from app.connect import HERE
from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.host import RunProgram
from store.record import Record

PROBE_S = 3.0


class Waits:
    """For steps that send nothing."""

    __slots__ = ()

    @property
    def device(self) -> str:
        return HERE

    def call(self) -> str:
        return ""

    def act(self, hands: Hands) -> str:
        return ""


class RunCommand(Record, frozen=True):
    """A program with its arguments on a host of the configuration, or on this machine: done when it ended with exit
    status 0. ``timeout_s``: seconds."""

    host: str
    argv: tuple[str, ...]
    timeout_s: float

    @property
    def device(self) -> str:
        return self.host

    def call(self) -> str:
        return shlex.join(self.argv)

    def act(self, hands: Hands) -> str:
        return hands.perform(self.host, RunProgram(self.argv, self.timeout_s), "")

    def observe(self, sight: Sight) -> Seen:
        if sight.accepted:
            return Seen(Verdict.DONE, facts({"exit status": 0}), "it ended with exit status 0")
        if sight.unanswered:
            why = "it was begun, and nobody knows how it ended: see on its host, then mark it done, or try again"
            return Seen(Verdict.ASKED, facts({self.call(): "not known"}), why)
        return Seen(Verdict.READY, (), "it was not run yet, or ended without success")


class ProbeTcp(Waits, Record, frozen=True):
    """Wait until a TCP port answers."""

    host: str
    port: int

    def observe(self, sight: Sight) -> Seen:
        where = f"{self.host}:{self.port}"
        try:
            socket.create_connection((self.host, self.port), PROBE_S).close()
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            return Seen(Verdict.CHANGING, facts({where: why}), f"{where} does not answer: {why}")
        return Seen(Verdict.DONE, facts({where: "answers"}), f"{where} answers")


class ProbeHttp(Waits, Record, frozen=True):
    """Wait until an address answers with a status from 200 to 399. Certificates are checked, proxies are not asked."""

    url: str

    def observe(self, sight: Sight) -> Seen:
        said = _asked(self.url)
        if isinstance(said, str):
            return Seen(Verdict.CHANGING, facts({self.url: said}), f"{self.url} does not answer: {said}")
        verdict = Verdict.DONE if 200 <= said < 400 else Verdict.CHANGING
        return Seen(verdict, facts({self.url: f"status {said}"}), f"{self.url} answers with status {said}")


def _asked(url: str) -> int | str:
    """The status that an address answers with, or why it does not. One that points elsewhere has answered."""
    import ssl
    import urllib.error
    import urllib.request

    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays())
    try:
        with opener.open(url, timeout=PROBE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {reason.verify_message}"
        return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


class Ask(Waits, Record, frozen=True):
    """Something that a person does, and marks as done."""

    instruction: str

    def observe(self, sight: Sight) -> Seen:
        return Seen(Verdict.ASKED, (), f"{self.instruction} Mark it done once it is.")


class Reached(Waits, Record, frozen=True):
    """What a plan has come to once everything before it is settled: an application is stopped, ready, or up."""

    what: str

    def observe(self, sight: Sight) -> Seen:
        return Seen(Verdict.DONE, (), self.what)
