"""The recovery plans of an estate, as its twin gets them: nothing in them reaches the estate any more."""

from __future__ import annotations

from pathlib import Path

from app.plans.reader import read
from app.plans.records import Prompt
from app.twin_plans import plans

HEAD = 'from = "paris"\nto = "lyon"\nnetworks = { "PROD 1" = "DR 1" }\n'
APPLICATION = """
[[applications]]
name = "shop"
group = "g"
lpars = ["a", "b"]
inside = { b = ["a"] }
"""
REACHING = """
[[applications.steps]]
when = "before-start"
name = "Turn the name over"
command = ["/usr/local/bin/dns", "shop", "lyon"]
on = "dns-1"
timeout = "30s"

[[applications.steps]]
when = "after-start"
tcp = "db.example.com:1521"

[[applications.steps]]
when = "after-start"
ask = "Tell the shop"

[[steps]]
when = "last"
http = "https://shop.example.com/health"
"""


def kept(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


def test_each_step_that_reaches_something_asks_a_person_instead_in_its_place(tmp_path: Path) -> None:
    text = f'{HEAD}[[groups]]\nname = "g"\n{APPLICATION}{REACHING}'
    found, left_out = plans(kept(tmp_path, shop=text))
    (tmp_path / "twin.toml").write_text(found["shop"])
    before, after = read(tmp_path / "shop.toml"), read(tmp_path / "twin.toml")
    steps = [*after.applications[0].steps, *after.steps]
    assert all(isinstance(step.does, Prompt) for step in steps)
    assert [step.when for step in steps] == [s.when for s in (*before.applications[0].steps, *before.steps)]
    assert steps[0].name == "Turn the name over"
    assert steps[2].does == Prompt("Tell the shop")
    assert (after.networks, after.groups[0].name) == (before.networks, "g")
    assert [member.key for member in after.applications[0].members] == ["lpars:a", "lpars:b"]
    assert after.applications[0].inside == before.applications[0].inside
    assert not [word for word in ("example.com", "/usr/local", "dns-1") if word in found["shop"]]
    assert 'plan shop: step "Turn the name over" runs a command: on the twin it asks instead' in left_out
    assert len(left_out) == 3


def test_a_plan_that_reaches_nothing_is_the_same_file_and_a_broken_one_is_named(tmp_path: Path) -> None:
    text = f'# ours\n{HEAD}[[groups]]\nname = "g"\n{APPLICATION}'
    found, left_out = plans(kept(tmp_path, quiet=text, broken="from = "))
    assert found == {"quiet": text}
    assert len(left_out) == 1
    assert left_out[0].startswith("plan broken: its file cannot be read")


def test_without_plans_there_are_none(tmp_path: Path) -> None:
    assert plans(tmp_path / "nowhere") == ({}, [])
