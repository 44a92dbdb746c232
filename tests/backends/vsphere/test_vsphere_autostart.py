"""What a mark keeps of a machine's auto-start, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.vsphere.autostart import AutoStart, of_text

SETTINGS = st.builds(AutoStart, st.booleans(), st.text(max_size=9), st.integers(), st.integers(), st.text(max_size=9))


@given(SETTINGS)
def test_a_setting_is_given_back_as_it_was_kept(setting: AutoStart) -> None:
    assert of_text(setting.text) == setting


@given(
    st.one_of(
        st.text(), st.sampled_from(["[]", "null", "{}", '{"enabled": 1}', AutoStart(True).text.replace("-1", '"x"')])
    )
)
def test_any_other_text_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="auto-start"):
        of_text(text)


def test_a_machine_starts_only_where_its_host_starts_machines() -> None:
    entered = AutoStart(True, "powerOn", 2)
    assert (entered.starts, entered.words) == (True, "it starts with its host, as number 2")
    assert not AutoStart(False, "powerOn", 2).starts
    assert not entered.off.starts
    assert entered.off.order == -1  # as the interface wants it of what does not start
