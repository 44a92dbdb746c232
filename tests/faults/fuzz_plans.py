"""Seeds for mutated recovery plans: the file of one with everything that can stand in it, and a table to import."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from app.config_table import SettingsError
from app.plans import order, table_import, words, writer
from app.plans.reader import understood
from app.plans.records import MemberKind, RecoveryPlan
from backends.lab.estates import demo_plan
from backends.outcome import ParseError

STEPS = """
[networks]
"PROD-110" = "PROD-210"

[[steps]]
when = "first"
ask = "Tell the bank."

[[applications.steps]]
when = "before-stop"
command = ["/usr/local/bin/stop", "erp"]
on = "batch1"

[[applications.steps]]
when = "after-start"
http = "https://erp.example.com:8443/health?deep=1"
timeout = "10m"

[[applications.steps]]
when = "before-start"
tcp = "[2001:db8::1]:1521"
"""
TABLE = """\
Name,Kind,Application,Order,Group,After,RTO,RPO
erp_db1,lpar,erp,1,,,30m,15m
"rcg, sales",rcg,sales,2,,erp,,
mon01,,,3,front ends,erp sales,1h,
"""
KNOWN = {"mon01": (MemberKind.VM,)}


def _plan(text: str) -> RecoveryPlan:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParseError("TOML", str(error)) from None
    try:
        plan = understood(Path("erp.toml"), text, content)
    except SettingsError as error:
        assert all(problem.line > 0 and problem.expected for problem in error.problems)
        raise ParseError("a plan", str(error)) from None
    assert len(order.applications(plan)) == len(plan.applications) and words.plan_lines(plan)
    return plan


def _table(text: str) -> RecoveryPlan:
    try:
        draft = table_import.imported(Path("erp.csv"), text, "paris", "lyon", KNOWN)
    except SettingsError as error:
        raise ParseError("a table", str(error)) from None
    return _plan(writer.text(draft))


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    ("plan", demo_plan.TEXT + STEPS, _plan),
    ("plan table", TABLE, _table),
]
