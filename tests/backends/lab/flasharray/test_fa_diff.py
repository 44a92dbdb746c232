"""GET /volumes/diff: where a volume differs from another one, or from a snapshot."""

from __future__ import annotations

import pytest

from backends.lab.flasharray.state import GIB
from tests.backends.flasharray.fa_estate import Estate
from tests.backends.lab.flasharray.fa_curl import Curl

WHOLE = f"block_size={1024**2}&segment_length={100 * GIB}"


def test_what_was_written_since_a_snapshot_differs_from_it_until_it_is_overwritten_with_it(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    asked = f"volumes/diff?names=erp-0&base_name=erp-0.now&{WHOLE}"
    curl.call("POST", "volume-snapshots?source_names=erp-0", {"suffix": "now"})
    assert curl.items(asked) == []
    arrays.pass_time(5)
    rows = curl.items(asked)
    assert len(rows) == 5
    assert all(row["length"] == 1024**2 and 0 <= row["offset"] < 100 * GIB for row in rows)
    with arrays.world.turn():
        arrays.world.power_off(arrays.world.writers["lpar:erp_db1"])
    curl.call("POST", "volumes?names=erp-0&overwrite=true", {"source": {"name": "erp-0.now"}})
    assert curl.items(asked) == []


def test_a_volume_differs_from_one_that_never_held_its_data(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    arrays.pass_time(5)
    assert curl.items(f"volumes/diff?names=erp-0&base_name=erp-1&{WHOLE}")
    assert curl.items(f"volumes/diff?names=erp-0&{WHOLE}")
    (row,) = curl.items("volumes?names=erp-1")
    assert curl.items(f"volumes/diff?ids={row['id']}&base_name=erp-1&{WHOLE}") == []
    assert curl.items(f"volumes/diff?names=erp-0&base_id={row['id']}&{WHOLE}&limit=1")


def test_two_copies_of_one_snapshot_do_not_differ(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    arrays.pass_time(5)
    curl.call("POST", "volume-snapshots?source_names=erp-0", {"suffix": "now"})
    for name in ("c-1", "c-2"):
        curl.call("POST", f"volumes?names={name}", {"source": {"name": "erp-0.now"}})
    assert curl.items(f"volumes/diff?names=c-1&base_name=c-2&{WHOLE}") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (WHOLE, "One volume"),
        (f"names=erp-0,erp-1&{WHOLE}", "One volume"),
        (f"names=nowhere&{WHOLE}", "No such volume"),
        (f"names=erp-0&base_name=nowhere&{WHOLE}", "No such volume"),
        (f"names=erp-0&base_name=erp-1&base_id=x&{WHOLE}", "cannot be provided together"),
        ("names=erp-0&segment_length=1048576", "A number of bytes is required"),
        ("names=erp-0&block_size=1048576", "A number of bytes is required"),
        ("names=erp-0&block_size=1000&segment_length=1000", "Invalid block size"),
    ],
)
def test_a_question_that_means_nothing_is_refused(arrays: Estate, query: str, words: str) -> None:
    assert words in Curl(arrays).login().error("GET", f"volumes/diff?{query}")
