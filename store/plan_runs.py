"""What runs of recovery plans are called: the verb tells the kind, the name tells the plan."""

from __future__ import annotations

PLANNED, DISASTER = "plan planned", "plan disaster"
VERBS = (PLANNED, DISASTER)
"""Runs that move production."""


VMS = "v"
"""What the ids of the steps for VMs begin with; then comes the number of the VM among those that the run is about."""


_PREFIX = "plan "


def verb(kind: str) -> str:
    """The verb of a run of this kind."""
    return f"{_PREFIX}{kind}"


def target_s(verb: str, rto_s: float | None) -> float | None:
    """What a run may take, in seconds, where ``rto_s`` is that of the configuration. A recovery plan has a target of
    its own for each application: that of the configuration is about none of them."""
    return None if verb.startswith(_PREFIX) else rto_s
