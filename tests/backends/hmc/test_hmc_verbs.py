"""What a verb sends: one command, quoted once, from names that were checked."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.hmc import verbs
from backends.hmc.records import attributes, members
from backends.outcome import ParseError

PAIR = "31/client/2/vios1/112/c0507609a1b20010,c0507609a1b20011/1"
OTHER = "32/client/3/vios2/112/c0507609a1b20012,c0507609a1b20013/1"


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        (
            verbs.Activate("p10-a", "erp_db1", "normal"),
            "chsysstate -r lpar -m p10-a -o on -n erp_db1 -f normal -b norm",
        ),
        (
            verbs.Shutdown("9105-22A*7800A11", "erp_db1", verbs.Stop.OS),
            "chsysstate -r lpar -m '9105-22A*7800A11' -o osshutdown -n erp_db1",
        ),
        (
            verbs.Shutdown("p10-a", "my lpar", verbs.Stop.HYPERVISOR, immediately=True),
            "chsysstate -r lpar -m p10-a -o shutdown -n 'my lpar' --immed",
        ),
        (verbs.Remove("p10-a", "erp_db1"), "rmsyscfg -r lpar -m p10-a -n erp_db1"),
        (
            verbs.ChangeProfile("p10-a", "erp_db1", "normal", (("auto_start", "0"),)),
            "chsyscfg -r prof -m p10-a -i name=normal,lpar_name=erp_db1,auto_start=0",
        ),
    ],
)
def test_a_verb_is_one_command(verb: verbs.Verb, command: str) -> None:
    assert verb.command() == command


def test_lists_are_quoted_by_the_rules_of_the_hmc_and_the_whole_once_for_the_shell() -> None:
    verb = verbs.Create(
        "p10-b", "erp_db1", "normal", "aixlinux", (("desired_mem", "8192"), ("virtual_fc_adapters", (PAIR, OTHER)))
    )
    words = shlex.split(verb.command())
    assert words[:6] == ["mksyscfg", "-r", "lpar", "-m", "p10-b", "-i"]
    assert words[6] == (
        f'name=erp_db1,profile_name=normal,lpar_env=aixlinux,desired_mem=8192,"virtual_fc_adapters=""{PAIR}"",""{OTHER}"""'
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 48,
        "x;reboot",
        "a$(b)",
        "a`b`",
        "-n",
        " lead",
        "trail ",
        "a,b",
        "a=b",
        'a"b',
        "a'b",
        "a|b",
        "a\nb",
        "a*",
    ],
)
def test_a_name_that_an_hmc_cannot_hold_is_refused_before_anything_is_sent(name: str) -> None:
    with pytest.raises(ParseError):
        verbs.Remove("p10-a", name)
    with pytest.raises(ParseError):
        verbs.Activate(name, "erp_db1", "normal")


@pytest.mark.parametrize(
    "attributes",
    [(), (("name", "x"),), (("Desired", "1"),), (("a b", "1"),), (("a", "1"), ("a", "2")), (("description", "é\n"),)],
)
def test_an_attribute_list_that_cannot_be_meant_is_refused(attributes: verbs.Attributes) -> None:
    with pytest.raises(ParseError):
        verbs.ChangeProfile("p10-a", "erp_db1", "normal", attributes)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=15)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda n: n not in ("name", "lpar_name", "lpar_id")),
        TEXT | st.lists(TEXT, min_size=2, max_size=3).map(tuple),
        min_size=1,
        max_size=4,
    )
)
def test_the_attributes_arrive_as_they_were_meant(given_attributes: dict[str, str | tuple[str, ...]]) -> None:
    verb = verbs.ChangeProfile("p10-a", "erp_db1", "normal", tuple(given_attributes.items()))
    sent = shlex.split(verb.command())[-1]
    (row,) = attributes("sent", sent).rows
    for name, value in given_attributes.items():
        read = members(row.raw(name)) if isinstance(value, tuple) else row.raw(name)
        assert read == value
