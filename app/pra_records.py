"""What the configuration says of LPARs that are to come back at another site: ``[pra]`` and ``[[pra.systems]]``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from store.readiness import Covered, matches

PRA_KEYS = (
    *("nominal", "recovery", "lpars", "exclude", "host", "wwpn", "same_wwpn", "drill_vswitch", "drill_vlan"),
    "outage",
)
OUTAGE_S = 86_400.0
PRA_SYSTEM_KEYS = ("nominal", "recovery", "memory", "processors", "vios", "vswitch", "vlan")


class WwpnPolicy(StrEnum):
    """Which WWPNs the definition at the recovery site carries: pairs of its own, or those of production."""

    OWN = "own"
    SAME = "same"


class SystemMap(Struct, frozen=True):
    """Where the LPARs of a managed system go. ``memory`` and ``processors`` are factors; ``vios``, ``vswitch`` and
    ``vlan`` map names and ids that differ there."""

    nominal: str
    recovery: str
    memory: float = 1.0
    processors: float = 1.0
    vios: Mapping[str, str] = field(default_factory=dict)
    vswitch: Mapping[str, str] = field(default_factory=dict)
    vlan: Mapping[int, int] = field(default_factory=dict)


class Pra(Struct, frozen=True):
    """``nominal`` and ``recovery`` are sites. ``lpars`` and ``exclude`` are patterns of names (``*``, ``?``, ``[…]``).
    ``host`` is the name of an LPAR's host object on an array, with ``{lpar}`` in it. ``wwpn`` is the policy, and
    ``same_wwpn`` are patterns of the LPARs that keep production's pairs all the same. ``drill_vswitch`` and
    ``drill_vlan`` are the isolated network at the recovery site, where there is one. ``outage_s`` is how long an outage
    may take with the decision about it, in seconds: copies have to be kept for longer. ``reverse``: the way home, for
    what runs at the other site after a failover."""

    nominal: str
    recovery: str
    lpars: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    host: str = "{lpar}"
    wwpn: WwpnPolicy = WwpnPolicy.OWN
    same_wwpn: tuple[str, ...] = ()
    drill_vswitch: str | None = None
    drill_vlan: int | None = None
    systems: tuple[SystemMap, ...] = ()
    outage_s: float = OUTAGE_S
    reverse: bool = False

    def reversed(self) -> Pra:
        """With the sides swapped. The definitions at home are production's own: nothing maps to them."""
        return replace(self, nominal=self.recovery, recovery=self.nominal, systems=(), reverse=not self.reverse)

    def protects(self, lpar: str) -> bool:
        return matches(lpar, self.lpars) and not self.excludes(lpar)

    def excludes(self, lpar: str) -> bool:
        return matches(lpar, self.exclude)

    @property
    def covered(self) -> Covered:
        """Which LPARs come back where, as screens know it."""
        drill = f"VLAN {self.drill_vlan} of {self.drill_vswitch}" if self.drill_vlan and self.drill_vswitch else ""
        return Covered(self.nominal, self.recovery, self.lpars, self.exclude, drill)

    def host_of(self, lpar: str) -> str:
        return self.host.replace("{lpar}", lpar)

    def policy(self, lpar: str) -> WwpnPolicy:
        return WwpnPolicy.SAME if matches(lpar, self.same_wwpn) else self.wwpn

    def system(self, nominal: str) -> SystemMap | None:
        """Where the LPARs of a managed system go; None: nothing is said of it."""
        return next((each for each in self.systems if each.nominal == nominal), None)
