"""What the transfer bench makes of its figures."""

from __future__ import annotations

import pytest

from tests.benchmarks.transfer import told


@pytest.mark.parametrize(
    ("own", "same", "grown", "status"),
    [(10.0, True, 1.0, 0), (12.5, True, 1.0, 0), (12.6, True, 1.0, 1), (10.0, False, 1.0, 1), (10.0, True, 17.0, 1)],
)
def test_it_fails_below_four_fifths_of_curl_with_another_checksum_or_with_memory_that_grows(
    own: float, same: bool, grown: float, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(1000.0, [own] * 3, [10.0] * 3, [5.0] * 3, same, grown) == status
    assert ("OVER" in capsys.readouterr().out) == (status == 1)
