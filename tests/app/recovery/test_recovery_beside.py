"""Work side by side, on threads that the end of the program does not wait for."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from app.recovery.beside import beside


def test_what_is_made_comes_in_the_order_of_the_things() -> None:
    both = threading.Barrier(3)

    def made(number: int) -> int:
        both.wait(20)  # nobody comes through alone
        return number * number

    assert beside(made, (3, 1, 2), "work") == [9, 1, 4]
    assert beside(made, (), "work") == []


def test_the_first_that_failed_is_raised_once_all_have_ended() -> None:
    ended: list[int] = []

    def fails(number: int) -> None:
        ended.append(number)
        if number > 1:
            raise ValueError(number)

    with pytest.raises(ValueError, match="2"):
        beside(fails, (1, 2, 3), "work")
    assert sorted(ended) == [1, 2, 3]


def test_a_device_that_hangs_does_not_keep_the_program_from_ending() -> None:
    program = """
import threading, time
from app.recovery.beside import beside
threading.Thread(target=lambda: beside(time.sleep, [600], "hang"), daemon=True).start()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 0
