"""``[cost]`` and ``[metrics]`` of the configuration: amounts as they are written, and errors with their lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from app.cost_records import Rates, SiteCost
from app.settings import SettingsError, load

BASE = """\
[[sites]]
name = "oslo"
role = "prod"

[[devices]]
name = "hmc"
kind = "hmc"
site = "oslo"
host = "hmc.example"
user = "drdeck"
password = "prompt"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(BASE + text)
    return path


def test_amounts_are_kept_as_they_are_written_and_all_are_optional(tmp_path: Path) -> None:
    found = load(written(tmp_path, "[cost]\nmemory_gib_month = 0.1\n\n[[cost.sites]]\nname = 'oslo'\nmonth = 4200\n"))
    assert found.cost == Rates(memory_gib_month=Decimal("0.1"), sites=(SiteCost("oslo", Decimal(4200)),))
    assert load(written(tmp_path, "")).cost == Rates()
    assert not load(written(tmp_path, "")).metrics.wanted


def test_where_metrics_go_is_said_in_their_own_table(tmp_path: Path) -> None:
    found = load(written(tmp_path, '[metrics]\ntextfile = "drdeck.prom"\nport = 9373\n')).metrics
    assert (found.textfile, found.port) == (tmp_path / "drdeck.prom", 9373)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cost]\nmemory_gib_month = -1\n", "13: cost.memory_gib_month: expected an amount of money"),
        ("[cost]\nperson_hour = '95 EUR'\n", "13: cost.person_hour: expected an amount of money"),
        ("[cost]\nperson_hour = inf\n", "13: cost.person_hour: expected an amount of money"),
        ("[cost]\nperson_month = 95\n", "13: cost.person_month: expected the key person_hour"),
        ("[cost]\ndrill_people = 0\n", "13: cost.drill_people: expected a whole number from 1 to 1000"),
        ("[[cost.sites]]\nname = 'rome'\n", "13: cost.sites[rome].name: expected a site: oslo"),
        (
            "[[cost.sites]]\nname = 'oslo'\n\n[[cost.sites]]\nname = 'oslo'\n",
            "16: cost.sites[oslo].name: expected",
        ),
        ("[metrics]\nport = 0\n", "13: metrics.port: expected a whole number from 1 to 65535"),
    ],
)
def test_an_error_names_its_line_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, text))
    assert str(caught.value).replace(f"{tmp_path}/config.toml:", "").startswith(said)
