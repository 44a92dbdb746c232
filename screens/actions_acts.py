"""The actions that change something: what is done to remote copy groups, protection groups, LPARs and replicated VMs,
with recovery plans, and what can be decided about a run."""

from __future__ import annotations

from collections.abc import Iterable

from screens.action import (
    ON_AUTO,
    ON_DATA,
    ON_LPARS,
    ON_PGROUPS,
    ON_PLANS,
    ON_RCGS,
    ON_RUN,
    ON_RUNS,
    ON_VMS,
    Action,
    Group,
    Place,
    Takes,
)
from store.rcg_verbs import RcgVerb

RCG_WORDS: tuple[tuple[str, RcgVerb, str, str], ...] = (
    ("failover", RcgVerb.FAILOVER, "Fail over", "Hosts off, last writes carried over, the other side takes over"),
    ("disaster", RcgVerb.FAILOVER, "Disaster failover", "The primary site is dark: what was not yet copied is lost"),
    ("recover", RcgVerb.RECOVER, "Recover", "After a failover: copy back to the natural primary"),
    ("restore", RcgVerb.RESTORE, "Restore", "After recover: back to the natural roles"),
    ("undo", RcgVerb.UNDO, "Undo failover", "Take a failover back WITHOUT what was written since"),
    ("reverse-roles", RcgVerb.REVERSE, "Reverse roles", "Swap the roles for good, both arrays alive"),
    ("switchover", RcgVerb.SWITCHOVER, "Switch over", "Swap the roles under running hosts (Peer Persistence groups)"),
    ("start", RcgVerb.START, "Start", "Start replication of the group"),
    ("stop", RcgVerb.STOP, "Stop", "Stop replication of the group: nothing is protected then"),
    ("synchronise", RcgVerb.SYNC, "Synchronise", "Bring the other side up to date now, and wait for it"),
)
"""What is done to groups that exist: its word on the command line, the verb, its name, what it does."""


PGROUP_WORDS = (
    ("snapshot", "Snapshot", "All its volumes as they are at one moment, under a name made of the time"),
    ("replicate", "Snapshot and replicate", "A snapshot that is sent to its target at once"),
    ("send", "Send a snapshot", "One that is there already goes to the target of its group"),
    ("clone", "Clone to another group", "Overwrite the volumes of another group with a snapshot of this one"),
    ("restore", "Restore the whole group", "All its volumes back to a snapshot WITHOUT what was written since"),
)
"""What is done to protection groups: its word on the console's command line, its name, what it does."""


LPAR_WORDS = (
    ("check", "Check now", "Look at both sites: could it come back at the other one now, and why not"),
    ("failover", "Fail over", "Stop it at home, carry its last writes over, activate it at the recovery site"),
    ("disaster", "Fail over: disaster", "Home is lost or given up: what came after the last complete copy is lost"),
    ("drill", "Drill", "Bring it up on copies and an isolated network, while production runs on"),
    ("cleanup", "Clean up a drill", "Stop what a drill started, destroy its volumes, all as it was before"),
    ("reprotect", "Reprotect", "After a failover: replicate it from where it runs to where it was"),
    ("failback", "Fail back", "The planned failover the other way, home again"),
    ("align", "Align", "Add what the other site lacks for it: definition, VIOS adapters, host, volumes, LUNs"),
)
"""What is done to LPARs: its word on the console's command line, its name, what it does."""


VM_WORDS = (
    ("replicate", "Replicate now", "A new copy from a snapshot; those that are there stay until it is complete"),
    ("failover", "Fail over", "Stop the source, make a last copy, start that one: nothing is lost"),
    ("disaster", "Fail over: disaster", "Start the newest complete copy: what came after it is lost"),
    ("drill", "Drill", "A copy comes up on the isolated port group, while the source runs on"),
    ("cleanup", "Clean up a drill", "Stop and destroy what a drill started, all as it was before"),
    ("undo", "Undo failover", "Start the source again WITHOUT what was written since"),
    ("failback", "Fail back", "Copy the data home into a new machine, and start that one"),
    ("backup", "Back up", "A full export into the directory for backups, from a snapshot while it runs"),
    ("pause", "Pause", "Begin no further pass"),
    ("resume", "Resume", "Let passes begin again"),
)
"""What is done to replicated VMs: its word on the console's command line, its name, what it does."""


PLAN_WORDS = (
    ("planned", "Fail over", "All stopped in reverse order, the last of it carried over, started in order"),
    ("disaster", "Fail over: disaster", "The old site is lost: what came after the newest copies is lost"),
    ("drill", "Drill", "All of it comes up on copies and in isolation, while production runs on"),
    ("cleanup", "Clean up the drill", "Take away all that the last drill made; owed until it is done"),
    ("reprotect", "Reprotect", "After a failover: replicate it all from where it runs to where it was"),
    ("failback", "Fail back", "Once it is reprotected: the planned run the other way, home again"),
)
"""The kinds of run of a recovery plan: the word on the command line, its name, what it does."""


def _verbs() -> Iterable[Action]:
    lpar = [("lpar", word, name, description, ON_LPARS) for word, name, description in LPAR_WORDS if word != "check"]
    rcg = [("rcg", word, name, description, ON_RCGS) for word, _, name, description in RCG_WORDS]
    pgroup = [("pgroup", word, name, description, ON_PGROUPS) for word, name, description in PGROUP_WORDS]
    vm = [("vm", word, name, description, ON_VMS) for word, name, description in VM_WORDS]
    plan = [("plan", word, name, description, ON_PLANS) for word, name, description in PLAN_WORDS]
    for kind, word, name, description, places in (*lpar, *rcg, *pgroup, *vm, *plan):
        yield Action(
            f"{kind}.{word}",
            name,
            f"{name}: {description[0].lower()}{description[1:]}",
            (),
            Group.ACT,
            places,
            argument=word,
            command=word,
            dangerous=True,
            needs_row=True,
        )


ACTS = (
    Action(
        "act", "Act", "What can be done to it, or to all that is marked: each shows its plan first", ("a",),
        Group.ACT, ON_LPARS | ON_RCGS | ON_PGROUPS | ON_VMS | ON_PLANS | ON_AUTO, footer=3, needs_row=True,
        dangerous=True,
    ),
    Action(
        "check", "Check", "Check now whether LPARs or VMs could come back at the other site; changes nothing", ("C",),
        Group.ACT, ON_LPARS | ON_VMS, footer=5, needs_sweeper=True, command="check",
    ),
    *_verbs(),
    Action(
        "order", "Do", "What the command line does, in its words: :do rcg failover GROUP --no-export", (),
        Group.ACT, ON_DATA, command="do", takes=Takes.ORDER, needs_word=True, dangerous=True,
    ),
    Action(
        "resume", "Resume", "Go on with an interrupted run: it looks again at all that was under way", ("R",),
        Group.ACT, ON_RUN, footer=2, command="resume", dangerous=True,
    ),
    Action(
        "decide.retry", "Try again", "Try the selected step again, after another look", ("t",), Group.ACT,
        ON_RUN, argument="retry", footer=2, needs_row=True, command="retry", dangerous=True,
    ),
    Action(
        "decide.skip", "Skip", "Go on without the selected step, for a reason", ("x",), Group.ACT,
        ON_RUN, argument="skip", footer=2, needs_row=True, command="skip", dangerous=True,
    ),
    Action(
        "decide.done", "Mark done", "You saw that the selected step is done, and say how", ("m",), Group.ACT,
        ON_RUN, argument="mark done", footer=2, needs_row=True, command="mark-done", dangerous=True,
    ),
    Action(
        "pause", "Pause", "Begin no further step, or go on again", ("p",), Group.ACT, ON_RUN, footer=3,
        command="pause", dangerous=True,
    ),
    Action(
        "abort", "Abort", "Begin nothing more, for a reason; what the run made may be taken back", ("A",), Group.ACT,
        ON_RUN, footer=3, command="abort", dangerous=True,
    ),
    Action(
        "approve", "Approve", "Agree to what another person proposed, after another look, and begin it", ("V",),
        Group.ACT, ON_RUN, footer=2, command="approve", dangerous=True,
    ),
    Action(
        "glass", "Break glass", "Begin alone what another person has to approve: told to all, and kept", ("B",),
        Group.ACT, ON_RUN, footer=3, command="break-glass", dangerous=True,
    ),
    Action(
        "cleanup", "Clean up", "After a drill: stop what it started, destroy its volumes, all as it was before", (),
        Group.ACT, ON_RUN, command="cleanup", dangerous=True,
    ),
    Action(
        "board", "Board", "A run of a recovery plan by groups, applications and members, with their clocks", ("b",),
        Group.GO, frozenset({Place.RUN}), footer=2, command="board",
    ),
    Action(
        "steps", "All steps", "Every step of the run, in the order of the plan", ("b",), Group.GO,
        frozenset({Place.BOARD}), footer=2, command="steps",
    ),
    Action(
        "prompt", "Prompt", "To what a person does next, and to what comes after that", ("n",), Group.GO,
        frozenset({Place.BOARD}), footer=3, command="prompt",
    ),
    Action(
        "log", "Log", "The journal of the run: what was intended, sent, answered and seen", ("l",), Group.GO,
        ON_RUN, footer=3, command="log",
    ),
    Action(
        "report", "Evidence", "Write the signed evidence of the run here: a folder, and an archive of it", ("E",),
        Group.TAKE, ON_RUNS, footer=5, command="report",
    ),
)  # fmt: skip
