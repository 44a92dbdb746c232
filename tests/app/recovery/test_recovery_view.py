"""One look that many share, and how many of them overlap."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from app.recovery.view import View


def test_of_many_who_want_a_look_almost_at_the_same_time_the_first_do_not_take_them_all() -> None:
    view = View(most=4)
    began: list[float] = []

    def take() -> int:
        began.append(time.monotonic())
        time.sleep(0.8)
        return len(began)

    view.shared(time.monotonic(), take)
    began.clear()

    def want(number: int) -> tuple[float, float]:
        time.sleep(number * 0.005)
        since = time.monotonic()
        return since, view.shared(since, take)[2]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(want, range(16)))
    assert all(began >= since for since, began in found)
    assert len(began) == 2  # all sixteen came within 80 ms, and looks begin 200 ms apart


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_no_more_looks_overlap_than_may_and_nobody_gets_one_that_began_too_early(most: int, delays: list[int]) -> None:
    view, lock = View(most=most), threading.Lock()
    under_way = overlapping = 0

    def take() -> None:
        nonlocal under_way, overlapping
        with lock:
            under_way += 1
            overlapping = max(overlapping, under_way)
        time.sleep(0.004)
        with lock:
            under_way -= 1

    def want(delay: int) -> bool:
        time.sleep(delay / 1000)
        since = time.monotonic()
        return view.shared(since, take)[2] >= since

    with ThreadPoolExecutor(len(delays)) as pool:
        assert all(pool.map(want, delays))
    assert overlapping <= most
