"""``drdeck pod``: a dry run by default, words to be typed, an exit code that tells the truth; ``:do`` too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.orders import OrderError, candidates, pods, understood
from store.estate import Pod
from tests.app.recovery.pod_estate import PodEstate, pod_estate
from tests.screens.estate import Estate, devices, entry


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodEstate]:
    with pod_estate(tmp_path_factory.mktemp("lab")) as running:
        running.until(lambda: running.link_status() == "replicating")
        yield running


@pytest.fixture
def files(estate: PodEstate, tmp_path: Path) -> list[str]:
    return ["--config", str(estate.config), "--store", str(tmp_path / "store.sqlite")]


def test_without_execute_the_whole_plan_is_shown_and_nothing_is_changed(
    estate: PodEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = estate.patches()
    assert main(["pod", "promote", "web", "--drill", *files]) == 0
    out = capsys.readouterr().out
    assert "Plan: drill web" in out
    assert 'PATCH /pods?names=web {"requested_promotion_state": "promoted"}' in out
    assert "To be typed:\n  drill web\n  hosts of web on fa-dr are isolated" in out
    assert "drdeck pod demote web --discard --on fa-dr" in out
    assert main(["pod", "promote", "web", "--drill", "--json", *files]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert [step["kind"] for step in plan["steps"]] == ["pod.promote"]
    assert estate.patches() == before


def test_what_is_refused_says_why_on_the_first_line(
    estate: PodEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pod", "demote", "web", *files]) == 1
    found = capsys.readouterr()
    assert found.err == (
        "Refused: no host that sees its volumes is logged in: "
        "web::disk-1 is connected to web1, and it is logged in to the array.\n"
    )
    assert "To be typed" not in found.out and "Data lost" not in found.out
    assert main(["pod", "demote", "nope", *files]) == 1
    assert capsys.readouterr().err == "No array of the configuration has a pod nope\n"


def test_words_that_are_lacking_change_nothing_and_with_them_it_is_done(
    estate: PodEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    drill = ["pod", "promote", "web", "--drill", "--execute", *files]
    assert main([*drill, "--confirm", "drill web"]) == 1
    assert "not typed: 'hosts of web on fa-dr are isolated'" in capsys.readouterr().err
    assert estate.status("lyon") == "demoted"
    assert main([*drill, "--confirm", "drill web", "--confirm", "hosts of web on fa-dr are isolated"]) == 0
    assert estate.status("lyon") == "promoted"
    words = ["--confirm", "demote web", "--confirm", "discard DR writes of web"]
    assert main(["pod", "demote", "web", "--discard", "--on", "fa-dr", "--execute", *words, *files]) == 0
    assert estate.status("lyon") == "demoted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["undo", "web", "--disaster"], "--disaster goes with promote and demote, not with undo"),
        (["demote", "web", "--disaster"], "--disaster goes with demote --discard"),
        (["demote", "web", "--drill"], "--drill goes with promote and undo, not with demote"),
        (["promote", "web", "--discard"], "--discard goes with demote, not with promote"),
        (["promote", "web", "--from", "web.undo-demote"], "--from goes with undo, not with promote"),
        (["promote", "web", "--drill", "--disaster"], "exclude each other"),
        (["demote", "web", "--wait", "0"], "--wait 0"),
        (["demote", "we*b"], "a FlashArray object name"),
        (["undo", "web", "--from", "web"], "the name of an undo-demote pod"),
    ],
)
def test_wrong_usage_is_said_before_any_device_is_asked(
    files: list[str], capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["pod", *words, *files]) == 2
    assert said in capsys.readouterr().err
    with pytest.raises(OrderError, match=said.replace("*", r"\*")):
        understood(" ".join(["pod", *words]))


@pytest.mark.parametrize(
    "text",
    [
        "pod demote web",
        "pod promote web --disaster --on fa-dr",
        "pod demote web --discard --wait 30",
        "pod undo web --from web.undo-demote --drill",
    ],
)
def test_the_console_understands_the_same_words(text: str) -> None:
    assert callable(understood(text))


def test_completion_offers_every_verb_for_every_pod() -> None:
    found = candidates([], ["web", "erp"])
    assert found == [f"pod {verb} {pod}" for verb in ("demote", "promote", "undo") for pod in ("web", "erp")]


def test_the_console_completes_the_pods_that_are_there_and_no_leftovers() -> None:
    estate = Estate(devices())
    for name, destroyed in (("web", False), ("web.undo-demote", True)):
        estate.entries.append(entry(Pod("fa-oslo", "id-fa-oslo", name, name, destroyed, "promoted"), "fa-oslo"))
    assert pods(estate.scene()) == ["web"]
