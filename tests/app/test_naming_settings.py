"""``[naming]`` in the configuration: what is accepted, and what each mistake is told with its line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.naming import Naming
from app.settings import SettingsError, load

BASE = """\
[[sites]]
name = "paris"
role = "prod"
[[devices]]
name = "fa"
kind = "flasharray"
site = "paris"
host = "fa.example.com"
token = "env:FA"
"""


def loaded(folder: Path, text: str) -> Naming:
    path = folder / "config.toml"
    path.write_text(BASE + text)
    return load(path).naming


def test_without_it_every_name_is_right(tmp_path: Path) -> None:
    assert (loaded(tmp_path, ""), loaded(tmp_path, "").kinds) == (Naming(), ())


def test_each_pattern_is_kept_as_it_is_written(tmp_path: Path) -> None:
    found = loaded(tmp_path, "[naming]\nvolume = '{lpar}_\\d+'\nhost = \"{lpar}\"\n")
    assert found == Naming(volume="{lpar}_\\d+", host="{lpar}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('volume = "[a-"', "config.toml:11: naming.volume: expected a regular expression (unterminated character set"),
        ('host = "{lap}"', "config.toml:11: naming.host: expected no other placeholder than {lpar} and {site}: {lap}"),
        ("pgroup = 5", "config.toml:11: naming.pgroup: expected a regular expression of 1 to 500 characters"),
        ('snapshot = ""', "config.toml:11: naming.snapshot: expected a regular expression of 1 to 500 characters"),
        ('snapshots = "x"', "config.toml:11: naming.snapshots: expected the key snapshot"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, f"[naming]\n{line}\n")
    assert said in str(caught.value)


def test_it_is_a_table(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected a table: \[naming\]"):
        loaded(tmp_path, '[[naming]]\nvolume = "x"\n')
