"""Readings take turns at computing and stand aside while the screen is drawn, but never for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from store import turns

LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def nothing_pending() -> Iterator[None]:
    turns.key_answered()
    yield
    turns.key_answered()


def started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_two_readings_do_not_compute_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", LIMIT_S)
    inside = most = 0
    lock = threading.Lock()

    def read() -> None:
        nonlocal inside, most
        for _ in range(20):
            with turns.computing():
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with lock:
                    inside -= 1

    for thread in [started(read) for _ in range(6)]:
        thread.join(LIMIT_S)
    assert most == 1


def test_a_reading_may_take_its_turn_again_within_it() -> None:
    with turns.computing(), turns.computing():
        pass


def test_whoever_has_waited_long_goes_on_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)
    let_go, came = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.computing():
            came.set()
            let_go.wait(LIMIT_S)

    holder = started(hold)
    assert came.wait(LIMIT_S)
    with turns.computing():
        assert holder.is_alive()
    let_go.set()
    holder.join(LIMIT_S)
    with turns.computing():
        pass


def looping() -> tuple[list[int], threading.Thread]:
    """A loop over many that is under way, and where it has come to."""
    done: list[int] = []
    thread = started(lambda: done.extend(turns.paced(range(5))))
    return done, thread


def test_a_loop_stands_aside_from_a_key_to_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "ASIDE_S", LIMIT_S)
    turns.key_came()
    done, thread = looping()
    time.sleep(0.05)
    assert done == []
    turns.key_answered()
    thread.join(LIMIT_S)
    assert done == [0, 1, 2, 3, 4]


def test_a_loop_stands_aside_while_something_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "ASIDE_S", LIMIT_S)
    with turns.drawing():
        done, thread = looping()
        time.sleep(0.05)
        assert done == []
    thread.join(LIMIT_S)
    assert done == [0, 1, 2, 3, 4]


def test_a_key_that_is_never_answered_holds_up_no_reading_for_good() -> None:
    turns.key_came()
    done, thread = looping()
    thread.join(LIMIT_S)
    assert done == [0, 1, 2, 3, 4]
