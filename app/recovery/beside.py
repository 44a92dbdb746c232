"""Work on several things side by side, on threads that the end of the program does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def beside(work: Callable[[T], R], items: Sequence[T], name: str) -> list[R]:
    """What ``work`` makes of each item, in their order. Raises what the first of them raised, once all have ended.

    The threads of the standard pools are waited for at the end of the program, and so would be a device that hangs.
    """
    made: dict[int, R] = {}
    failed: dict[int, BaseException] = {}

    def run(place: int, item: T) -> None:
        try:
            made[place] = work(item)
        except BaseException as error:
            failed[place] = error

    threads = [
        threading.Thread(target=run, args=(place, item), name=f"{name} {place + 1}", daemon=True)
        for place, item in enumerate(items)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[min(failed)]
    return [made[place] for place in range(len(items))]
