"""The slots of a device: who goes first, what a door may take, what is closed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backends.slots import Slots


class Session:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_a_verb_goes_before_the_looks_that_wait_and_a_door_keeps_its_share() -> None:
    slots = Slots(2)
    slots.keeping = True
    order: list[str] = []

    def use(who: str, door: str, urgent: bool) -> None:
        session: Any = slots.take(door, urgent)
        order.append(who)
        slots.give(door, session or Session(), good=True)

    assert slots.take("cli", urgent=False) is slots.take("wsapi", urgent=False) is None
    waiting = [threading.Thread(target=use, args=("look", "wsapi", False)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    time.sleep(0.1)
    verb = threading.Thread(target=use, args=("verb", "wsapi", True))
    verb.start()
    time.sleep(0.1)
    line = Session()
    slots.give("cli", line, good=True)  # a look may not take the other door's share, and a verb no more than it needs
    time.sleep(0.1)
    assert order == [] and not line.closed
    slots.give("wsapi", Session(), good=True)
    for thread in (*waiting, verb):
        thread.join(10)
    assert order == ["verb", "look", "look", "look"]
    assert slots.take("cli", urgent=False) is line
    slots.keeping = False
    slots.give("cli", line, good=True)
    assert line.closed


def test_many_verbs_leave_the_other_door_its_quarter_and_log_nobody_out() -> None:
    slots = Slots(8)
    slots.keeping = True
    line = Session()
    assert slots.take("cli", urgent=0.0) is None
    slots.give("cli", line, good=True)
    assert [slots.take("wsapi", urgent=1.0) for _ in range(slots.share)] == [None] * 6
    waits = threading.Thread(target=slots.take, args=("wsapi", 1.0), daemon=True)
    waits.start()
    while not slots._waiting:
        time.sleep(0.001)
    # A verb that waits for its own door holds up no look through the other.
    assert slots.take("cli", urgent=0.0) is line and not line.closed
    assert slots.take("cli", urgent=0.0) is None
    slots.give("cli", line, good=True)
    time.sleep(0.05)
    assert waits.is_alive() and not line.closed
    slots.give("wsapi", Session(), good=True)
    waits.join(10)
    assert not waits.is_alive()


def test_one_door_alone_may_take_every_slot() -> None:
    slots = Slots(4)
    assert [slots.take("wsapi", urgent=1.0) for _ in range(4)] == [None] * 4


@pytest.mark.parametrize("most", [1, 2, 3])
def test_with_few_slots_both_doors_come_to_their_turn(most: int) -> None:
    slots = Slots(most)
    slots.keeping = True

    def use(number: int) -> None:
        door = "cli" if number % 3 == 0 else "wsapi"
        session = slots.take(door, urgent=float(number % 2))
        slots.give(door, session or Session(), good=True)
        if number % 5 == 0:
            with slots.empty():
                pass

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(use, range(200), timeout=30))


def test_the_most_urgent_verb_goes_first_and_of_two_alike_the_one_that_came_first() -> None:
    slots = Slots(1)
    order: list[str] = []

    def use(who: str, urgent: float) -> None:
        slots.take("", urgent)
        order.append(who)
        slots.give("", None, good=False)

    slots.take("", 1.0)
    waiting = []
    for who, urgent in (("look", 0.0), ("soon", 2.0), ("later", 2.0), ("first", 9.5)):
        waiting.append(threading.Thread(target=use, args=(who, urgent)))
        waiting[-1].start()
        while len(slots._waiting) < len(waiting):
            time.sleep(0.001)
    slots.give("", None, good=False)
    for thread in waiting:
        thread.join(10)
    assert order == ["first", "soon", "later", "look"]


def test_a_session_that_failed_or_was_idle_for_long_is_closed_and_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = Slots(1)
    slots.keeping = True
    failed, old = Session(), Session()
    slots.take("cli", urgent=False)
    slots.give("cli", failed, good=False)
    assert failed.closed
    slots.take("cli", urgent=False)
    slots.give("cli", old, good=True)
    monkeypatch.setattr("backends.slots.IDLE_S", -1.0)
    assert slots.take("cli", urgent=False) is None and old.closed
    slots.give("cli", None, good=False)
    with slots.empty():
        assert not slots._idle


def test_who_logs_in_by_himself_takes_the_room_of_an_idle_session() -> None:
    slots = Slots(1)
    slots.keeping = True
    idle = Session()
    slots.take("cli", urgent=False)
    slots.give("cli", idle, good=True)
    with slots.empty():
        assert idle.closed
