"""The JSON file of ``drdeck pgsnap``, whatever is in it: understood or refused in words, and its tokens stay in it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.pgsnap_file import FileError, Given, device, read
from app.settings import nothing
from app.settings_records import DeviceSettings
from store.estate import DeviceKind

KEYS = (
    "src_flash_array_host",
    "src_flash_array_api_token",
    "tgt_flash_array_host",
    "tgt_flash_array_api_token",
    "source_protection_group",
    "target_protection_group",
    "excluded_volumes",
    "replicate",
    "oracle_sid",
    "_comment",
)
SECRET = "5e0a3c9f-a-token"

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=6
)
files = st.dictionaries(st.sampled_from(KEYS), anything)


def understood(text: str) -> Given | None:
    """The file with this text; None: it was refused, without a word of the token."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pg.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found = read(path)
        except FileError as error:
            assert SECRET not in str(error) and error.__cause__ is None
            return None
        assert SECRET not in repr(found)
        return found


@given(files)
def test_pra_11_a_file_is_understood_or_refused_and_its_token_is_in_no_word_of_it(content: dict[str, Any]) -> None:
    content["src_flash_array_api_token"] = SECRET
    found = understood(json.dumps(content))
    if found is not None:
        assert found.text("src_flash_array_api_token") == SECRET
        assert found.unused == (("oracle_sid",) if "oracle_sid" in content else ())
        try:
            made = device(nothing(Path("/none")), found, "src", verify=True)
        except FileError as error:
            assert SECRET not in str(error)
        else:
            assert made is None or (0 < made.port < 65536 and SECRET not in repr(made))


@given(st.text(max_size=60) | st.sampled_from(["[" * 100_000, "1" * 5000, '{"a": ' * 9000, "\ud800", "{]"]))
def test_no_text_at_all_ends_in_another_way(text: str) -> None:
    understood(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fa-prd", ("fa-prd", 443)),
        ("fa-prd.example.com:8443", ("fa-prd.example.com", 8443)),
        ("10.1.2.3", ("10.1.2.3", 443)),
        ("2001:db8::1", ("2001:db8::1", 443)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("[2001:db8::1]:8443", ("2001:db8::1", 8443)),
    ],
)
def test_an_address_is_a_host_and_may_have_a_port(text: str, expected: tuple[str, int]) -> None:
    given = Given({"src_flash_array_host": text, "src_flash_array_api_token": SECRET})
    made = device(nothing(Path("/none")), given, "src", verify=True)
    assert made is not None
    assert (made.host, made.port, made.kind, made.name) == (*expected, DeviceKind.FLASHARRAY, text)


WRONG = ("https://fa", "fa:", "fa:0", "fa:65536", "fa:1x", "fa:²", "[::1", "[::1]84", "a b", "fa\0", "a:b:c", ":443")


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_address_is_refused(text: str) -> None:
    given = Given({"src_flash_array_host": text, "src_flash_array_api_token": SECRET})
    with pytest.raises(FileError, match="expected a host, or HOST:PORT"):
        device(nothing(Path("/none")), given, "src", verify=True)


def test_an_array_is_known_by_its_address_or_is_another_one_than_any_that_bears_its_name() -> None:
    known = DeviceSettings("fa-prd", DeviceKind.FLASHARRAY, "", "10.1.2.3", 443)
    other = DeviceSettings("hmc", DeviceKind.HMC, "", "10.9.9.9", 443)
    settings = replace(nothing(Path("/none")), devices=(known, other))
    hosts = {"10.1.2.3:443": "fa-prd", "10.1.2.3:444": "10.1.2.3:444", "fa-prd": "fa-prd:443", "10.9.9.9": "10.9.9.9"}
    for host, name in hosts.items():
        told = Given({"tgt_flash_array_host": host, "tgt_flash_array_api_token": SECRET})
        made = device(settings, told, "tgt", verify=True)
        assert made is not None and made.name == name
        assert (made is known) is (host == "10.1.2.3:443")
