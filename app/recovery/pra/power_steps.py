"""Steps that stop, activate and wait for LPARs. Sources: procedures 1.2, 3.5 (A2, A10, A11); ``chsysstate``.

Unreachable is *unknown*, never *down*: where an HMC does not answer, nothing that it should tell is concluded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from app.recovery.pra.hmc_steps import OnHmc, lpar_now
from app.recovery.step import Hands, Query, Seen, Sight, UnseenError, Verdict, facts
from backends.hmc.looks import EthOf, FcOf, LparsOf, NicPortsOf, RefcodesOf
from backends.hmc.verbs import Activate, Shutdown, Stop
from store.estate import LparState
from store.record import Record

OFF = LparState.NOT_ACTIVATED
CODES_S, ADAPTERS_S = 5.0, 10.0
"""How old may be what is known of reference codes, which only tell a person how far a start is, and of the adapters of
other LPARs right before one is activated: which of them are on is looked at anew each time."""
_COMING = (LparState.STARTING, LparState.OPEN_FIRMWARE)


class StopLpar(OnHmc, Record, frozen=True):
    """``chsysstate -o osshutdown``, or ``-o shutdown --immed`` where ``how`` says so: done when it is Not Activated.
    ``until`` is how long the loss that was agreed to holds, in seconds since 1970 UTC; None: nothing is lost by it.
    With ``only`` it is stopped where it was activated with that profile: with another one it is left alone."""

    hmc: str
    system: str
    lpar: str
    how: str
    until: float | None = None
    only: str | None = None

    def verb(self) -> Shutdown:
        return Shutdown(self.system, self.lpar, Stop(self.how), immediately=self.how == Stop.HYPERVISOR)

    def observe(self, sight: Sight) -> Seen:
        found = lpar_now(sight, self.hmc, self.system, self.lpar)
        if found is None:
            return Seen(Verdict.REFUSED, facts({self.lpar: "not there"}), f"{self.system} has no LPAR {self.lpar}")
        told = facts({f"{self.lpar} on {self.system}": f"{found.state}, RMC {found.rmc_state}"})
        if found.state is OFF:
            return Seen(Verdict.DONE, told, "it is Not Activated")
        if self.only is not None and found.curr_profile != self.only:
            return Seen(Verdict.DONE, told, f"it runs with the profile {found.curr_profile}: it is left alone")
        if found.state is LparState.SHUTTING_DOWN:
            return Seen(Verdict.CHANGING, told, "it is shutting down")
        if self.how == Stop.OS and found.state is not LparState.RUNNING:
            return Seen(Verdict.REFUSED, told, f"it is {found.state}: its operating system cannot be asked")
        if self.how == Stop.OS and found.rmc_state != "active":
            return Seen(Verdict.REFUSED, told, "RMC is not active: its operating system cannot be asked")
        if self.until is not None and datetime.now(UTC).timestamp() > self.until:
            then = f"{datetime.fromtimestamp(self.until, UTC):%H:%M:%S} UTC"
            return Seen(Verdict.REFUSED, told, f"the loss that was agreed to counts until {then}: plan it anew")
        return Seen(Verdict.READY, told, f"it is {found.state}")


class ActivateLpar(OnHmc, Record, frozen=True):
    """``chsysstate -o on``: done when it is Running.

    Before it is sent the LPAR at home must be Not Activated wherever its HMC answers, and none of the MACs and WWPNs
    may be live in another LPAR. ``home`` is HMC, system and LPAR there; ``dark``: home need not answer. ``watched`` are
    the HMCs and systems on whose networks and fabrics the addresses could be live; ``near`` those of them that must
    answer; ``ports`` those of them where an LPAR had a vNIC or an SR-IOV logical port when this was planned.
    """

    hmc: str
    system: str
    lpar: str
    profile: str
    home: tuple[str, str, str] | None
    dark: bool
    macs: tuple[str, ...]
    wwpns: tuple[str, ...]
    watched: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...]
    ports: tuple[tuple[str, str], ...] = ()

    def verb(self) -> Activate:
        return Activate(self.system, self.lpar, self.profile)

    def observe(self, sight: Sight) -> Seen:
        found = lpar_now(sight, self.hmc, self.system, self.lpar)
        if found is None:
            return Seen(Verdict.REFUSED, facts({self.lpar: "not there"}), f"{self.system} has no LPAR {self.lpar}")
        firmware = found.state is LparState.OPEN_FIRMWARE
        code = sight.look(self.hmc, RefcodesOf(self.system), CODES_S).get(self.lpar) if firmware else None
        told = facts({f"{self.lpar} on {self.system}": found.state, **({"reference code": code} if code else {})})
        if found.state is LparState.RUNNING:
            return Seen(Verdict.DONE, told, "it is Running")
        if found.state in _COMING:
            return Seen(Verdict.CHANGING, told, f"it is {found.state}" + (f", reference code {code}" if code else ""))
        if found.state is not OFF:
            return Seen(Verdict.REFUSED, told, f"it is {found.state}")
        if (why := self._elsewhere(sight)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, "it is Not Activated, and its addresses are live nowhere")

    def _elsewhere(self, sight: Sight) -> str | None:
        """Why what is live elsewhere stands in the way; None: it does not."""
        asked: list[tuple[str, Query, float]] = []
        for hmc, system in self.watched:
            asked += [(hmc, LparsOf(system), 0.0), (hmc, EthOf(system), ADAPTERS_S), (hmc, FcOf(system), ADAPTERS_S)]
        asked += [(hmc, NicPortsOf(system), ADAPTERS_S) for hmc, system in self.ports]
        home = [(self.home[0], LparsOf(self.home[1]), 0.0)] if self.home is not None else []
        found = sight.looks([*asked, *home])
        if home and (why := self._at_home(found.pop())) is not None:
            return why
        ports = dict(zip(self.ports, found[3 * len(self.watched) :], strict=True))
        for number, place in enumerate(self.watched):
            if (why := self._live(place, found[3 * number : 3 * number + 3], ports.get(place, {}))) is not None:
                return why
        return None

    def _at_home(self, found: Any) -> str | None:
        """Why the LPAR at home stands in the way; None: it does not."""
        assert self.home is not None
        hmc, system, name = self.home
        if isinstance(found, UnseenError):
            return None if self.dark else f"{hmc} does not say how {name} is: {found}"
        lpar = found.get(name)
        if lpar is not None and lpar.state is not OFF:
            return f"{name} on {system} is {lpar.state}: stop it first"
        return None

    def _live(self, place: tuple[str, str], found: list[Any], ports: Any) -> str | None:
        hmc, system = place
        failed = next((each for each in (*found, ports) if isinstance(each, UnseenError)), None)
        if failed is not None:
            needed = place in self.near or not self.dark
            return f"{hmc} does not say which addresses are live on {system}: {failed}" if needed else None
        states, macs, wwpns = found
        for name, lpar in states.items():
            if lpar.state is OFF or (system, name) == (self.system, self.lpar):
                continue
            live = _common(self.macs, (a.mac for a in (*macs.get(name, ()), *ports.get(name, ()))))
            live = live or _common(self.wwpns, (w for a in wwpns.get(name, ()) for w in a.wwpns))
            if live is not None:
                return f"{live} is live in {name} on {system}"
        return None


def _common(mine: tuple[str, ...], theirs: Iterable[str | None]) -> str | None:
    return next((address for address in theirs if address in mine), None)


class WaitUp(OnHmc, Record, frozen=True):
    """Wait until the operating system of an LPAR answers the HMC (RMC). Sends nothing."""

    hmc: str
    system: str
    lpar: str

    def call(self) -> str:
        return ""

    def act(self, hands: Hands) -> str:
        return ""

    def observe(self, sight: Sight) -> Seen:
        found = lpar_now(sight, self.hmc, self.system, self.lpar)
        if found is None:
            return Seen(Verdict.REFUSED, facts({self.lpar: "not there"}), f"{self.system} has no LPAR {self.lpar}")
        code = sight.look(self.hmc, RefcodesOf(self.system), CODES_S).get(self.lpar)
        told = facts({f"{self.lpar} on {self.system}": f"{found.state}, RMC {found.rmc_state}", "reference code": code})
        if found.state is LparState.RUNNING and found.rmc_state == "active":
            return Seen(Verdict.DONE, told, "its operating system answers the HMC")
        if found.state is OFF:
            return Seen(Verdict.REFUSED, told, "it is Not Activated")
        return Seen(Verdict.CHANGING, told, f"it is {found.state}, RMC {found.rmc_state}, reference code {code}")
