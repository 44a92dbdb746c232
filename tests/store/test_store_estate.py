"""The vocabulary's own small rules."""

from __future__ import annotations

import pytest

from store.estate import KIND_OF, KINDS, Unread


@pytest.mark.parametrize(
    ("prefix", "key", "covered"),
    [
        ("vc:vm-1", "vc:vm-1", True),
        ("vc:vm-1", "vc:vm-10", False),
        ("vc:", "vc:vm-10", True),
        ("9105-22A*78/", "9105-22A*78/erp_db1", True),
        ("9105-22A*78/", "9105-22A*789/erp_db1", False),
        ("", "anything", True),
    ],
)
def test_an_unread_scope_is_one_object_or_all_below_a_place(prefix: str, key: str, covered: bool) -> None:
    assert Unread("vm", prefix, "why").covers("vm", key) is covered
    assert not Unread("vm", prefix, "why").covers("host", key)


def test_every_kind_has_one_record_and_every_record_one_kind() -> None:
    assert {KIND_OF[record]: record for record in KINDS.values()} == KINDS
