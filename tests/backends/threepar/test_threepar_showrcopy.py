"""Reading ``showrcopy``: strict row by row, in CSV with and without headers and as a table."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.threepar import showrcopy
from backends.threepar.showrcopy import Groups, groups_csv, groups_table, links_csv, targets_csv
from store.estate import RcgMode, RcgRole, RcgStatus, SyncStatus
from tests.faults.fuzz_threepar import GROUPS_CSV, GROUPS_CSV_HEADERS, GROUPS_TABLE, LINKS_CSV, TARGETS_CSV

OSLO = ZoneInfo("Europe/Oslo")
SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "threepar"


def capture(name: str) -> str:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return "\n".join(line for line in path.read_text().splitlines() if not line.startswith("# "))


def section(text: str, title: str) -> str:
    """The lines below the heading (one or more lines of ``##``) that begins with ``title``."""
    parts = re.split(r"(?m)(?:^##.*\n)+", text)[1:]
    titles = re.findall(r"(?m)(?:^##.*\n)+", text)
    return next(part for part, heading in zip(parts, titles, strict=True) if heading.startswith(f"## {title}"))


def only(groups: Groups) -> showrcopy.CliGroup:
    assert groups.problems == ()
    assert len(groups.groups) == 1
    return groups.groups[0]


def test_groups_without_headers_are_read_with_their_volumes() -> None:
    found = groups_csv(GROUPS_CSV, OSLO)
    assert found.problems == ()
    crm, pay = found.groups
    assert (crm.name, crm.target, crm.status, crm.role, crm.mode) == (
        "crm_prd", "fjord-b", RcgStatus.STARTED, RcgRole.PRIMARY, RcgMode.SYNC,
    )  # fmt: skip
    assert crm.policies == ("auto_recover", "path_management")
    assert [(v.local, v.local_id, v.remote_id, v.sync_status, v.synced_percent) for v in crm.volumes] == [
        ("crm_data01", 412, 97, SyncStatus.SYNCED, None),
        ("crm_log01", 413, 98, SyncStatus.SYNCING, 37),
    ]
    assert (pay.role, pay.period_s, pay.policies) == (RcgRole.PRIMARY_REV, 300, ("auto_recover",))
    assert pay.last_sync == datetime(2026, 3, 14, 1, 15, 31, tzinfo=UTC)
    assert pay.volumes[0].last_sync == datetime(2026, 3, 14, 1, 10, 7, tzinfo=UTC)
    assert pay.volumes[1].last_sync == datetime(2026, 7, 14, 0, 10, 7, tzinfo=UTC)


def test_headers_name_the_columns_so_that_the_detailed_form_gives_ids_and_pools() -> None:
    group = only(groups_csv(GROUPS_CSV_HEADERS, OSLO))
    assert (group.id, group.local_cpg, group.remote_cpg, group.period_s) == (9, "SSD_r6", "SSD_r6", 300)
    assert group.volumes[0].remote_id == 121


def test_a_table_is_cut_by_its_header() -> None:
    group = only(groups_table(GROUPS_TABLE, OSLO))
    assert (group.period_s, group.policies) == (300, ("auto_recover",))
    assert group.last_sync == datetime(2026, 3, 14, 1, 15, 31, tzinfo=UTC)
    assert [(v.local, v.local_id, v.synced_percent) for v in group.volumes] == [
        ("pay_data01", 430, None),
        ("pay_data02", 431, 5),
    ]


def test_targets_and_links_are_read() -> None:
    targets, problems = targets_csv(TARGETS_CSV)
    assert [(t.name, t.id, t.type, t.status, t.policy) for t in targets] == [
        ("fjord-b", 2, "IP", "ready", "mirror_config")
    ]
    links, more = links_csv(LINKS_CSV)
    assert [(x.target, x.node, x.status) for x in links] == [("fjord-b", "0:3:1", "Up"), ("receive", "1:3:1", "Down")]
    assert problems == more == ()


def test_every_csv_capture_parses() -> None:
    text = capture("showrcopy_csv.txt")
    bill = only(groups_csv(section(text, "with header rows"), OSLO))
    assert bill.policies == ("auto_recover", "over_per_alert")
    assert [v.sync_status for v in bill.volumes] == [SyncStatus.SYNCED, SyncStatus.SYNCING]
    bare = groups_csv(section(text, "with nohdtot 1"), OSLO)
    assert bare.problems == ()
    assert [(g.name, g.status, len(g.volumes)) for g in bare.groups] == [
        ("erp_prd", RcgStatus.STARTED, 2),
        ("crm_prd", RcgStatus.STOPPED, 1),
    ]
    links, problems = links_csv(section(text, "showrcopy links"))
    assert ([x.status for x in links], problems) == (["Up", "Down"], ())


@pytest.mark.parametrize(
    ("title", "role", "volumes"),
    [
        ("showrcopy   (asked", RcgRole.SECONDARY, 2),
        ("showrcopy groups   (stopped", RcgRole.PRIMARY, 1),
        ("showrcopy groups   (periodic", RcgRole.PRIMARY, 2),
        ("showrcopy -d groups", RcgRole.SECONDARY, 1),
        ("showrcopy groups   (asked on the recovery", RcgRole.PRIMARY_REV, 2),
    ],
)
def test_every_table_capture_parses(title: str, role: RcgRole, volumes: int) -> None:
    group = only(groups_table(section(capture("showrcopy_table.txt"), title), OSLO))
    assert (group.role, len(group.volumes)) == (role, volumes)


def test_a_row_with_a_bad_status_is_a_problem_and_the_others_still_show() -> None:
    found = groups_csv(GROUPS_CSV.replace("Started,Primary", "Startet,Primary"), OSLO)
    assert [g.status for g in found.groups] == [RcgStatus.UNKNOWN, RcgStatus.STOPPED]
    assert len(found.problems) == 1
    assert found.problems[0].line.startswith("crm_prd,")
    assert "Started" in found.problems[0].expected


def test_an_unknown_role_is_unknown_never_a_guess() -> None:
    found = groups_csv(GROUPS_CSV.replace("Primary-Rev", "Primary-Reverse"), OSLO)
    assert [g.role for g in found.groups] == [RcgRole.PRIMARY, RcgRole.UNKNOWN]
    assert len(found.problems) == 1


def test_a_group_row_of_another_length_is_a_problem_and_its_volumes_go_to_no_other_group() -> None:
    found = groups_csv(GROUPS_CSV.replace("pay_prd.r70021,fjord-b,", "pay_prd.r70021,"), OSLO)
    assert [g.name for g in found.groups] == ["crm_prd"]
    assert len(found.groups[0].volumes) == 2
    assert len(found.problems) == 1


def test_a_bad_volume_row_is_a_problem_and_the_other_volumes_still_show() -> None:
    found = groups_csv(GROUPS_CSV.replace("crm_log01,98,", "crm_log01,"), OSLO)
    assert [v.local for v in found.groups[0].volumes] == ["crm_data01"]
    assert found.problems[0].line.startswith(" ,crm_log01")


@pytest.mark.parametrize("word", ["Unknown", "synced", "Syncing (101%)", "Syncing(3%)", "3", "Sync"])
def test_a_sync_status_that_is_not_documented_is_unknown_and_a_problem(word: str) -> None:
    found = groups_csv(GROUPS_CSV.replace("97,Synced", f"97,{word}"), OSLO)
    assert found.groups[0].volumes[0].sync_status is SyncStatus.UNKNOWN
    assert len(found.problems) == 1


def test_a_running_copy_tells_its_percent_up_to_the_whole() -> None:
    found = groups_csv(GROUPS_CSV.replace("(37%)", "(100%)"), OSLO)
    assert found.groups[0].volumes[1].synced_percent == 100
    assert found.groups[0].volumes[1].sync_status is SyncStatus.SYNCING


def test_a_time_in_another_zone_than_the_array_s_is_a_problem_and_no_time() -> None:
    found = groups_csv(GROUPS_CSV.replace("02:10:07 CET", "02:10:07 CST"), OSLO)
    assert found.groups[1].volumes[0].last_sync is None
    assert found.problems[0].line.endswith("2026-03-14 02:10:07 CST")


def test_without_the_array_s_zone_no_time_is_converted() -> None:
    found = groups_csv(GROUPS_CSV, None)
    assert all(v.last_sync is None for g in found.groups for v in g.volumes)
    assert len(found.problems) == 3


def test_a_volume_before_any_group_is_a_problem() -> None:
    found = groups_csv(" ,a,1,b,2,Synced,NA\n", OSLO)
    assert (found.groups, len(found.problems)) == ((), 1)


@pytest.mark.parametrize("options", ["", "-", "auto_recover", '"auto_recover , over_per_alert "'])
def test_options_may_be_missing_single_or_many(options: str) -> None:
    group = only(groups_csv(f"g,t,Started,Primary,Sync,{options}\n", OSLO))
    assert all(policy in ("auto_recover", "over_per_alert") for policy in group.policies)


def test_an_option_that_is_no_option_is_a_problem_that_names_it() -> None:
    found = groups_csv('g,t,Started,Primary,Periodic,"Period 5 minutes,auto_recover,%%"\n', OSLO)
    assert found.groups[0].period_s is None
    assert "a period like 5m" in found.problems[0].expected
    assert "'%%'" in found.problems[1].expected


def test_p3c_07_a_banner_before_the_rows_is_a_problem_and_disturbs_nothing() -> None:
    banner = "Authorized use only, all activity is logged\nand monitored\n"
    found = groups_csv(banner + GROUPS_CSV, OSLO)
    assert [g.name for g in found.groups] == ["crm_prd", "pay_prd.r70021"]
    assert [p.line for p in found.problems] == banner.splitlines()


def test_a_header_without_a_needed_column_is_a_problem_and_the_rows_below_it_are_not_misread() -> None:
    found = groups_csv(GROUPS_CSV_HEADERS.replace(",Role   ", ""), OSLO)
    assert found.groups == ()
    assert len(found.problems) >= 2


def test_a_table_row_that_does_not_stand_below_its_header_is_a_problem() -> None:
    found = groups_table(GROUPS_TABLE.replace("pay_prd      fjord-b", "pay_prd_with_a_long_name fjord-b"), OSLO)
    assert len(found.groups) == 0
    assert len(found.problems) >= 1


NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,31}", fullmatch=True).filter(lambda n: n not in ("Name", "LocalVV"))


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(
        st.tuples(
            NAMES,
            st.sampled_from([s for s in RcgStatus if s is not RcgStatus.UNKNOWN]),
            st.sampled_from(list(RcgRole)),
            st.sampled_from(list(RcgMode)),
            st.lists(st.tuples(NAMES, st.integers(0, 99999), st.integers(0, 100)), max_size=4),
        ),
        max_size=5,
    )
)
def test_what_is_printed_in_csv_is_read_back(groups: list) -> None:  # type: ignore[type-arg]
    lines = []
    for name, status, role, mode, volumes in groups:
        lines.append(f"{name},far,{status},{role},{mode},auto_recover")
        lines += [
            f" ,{volume},{number},{volume},{number},Syncing ({percent}%),NA" for volume, number, percent in volumes
        ]
    found = groups_csv("\n".join(lines), OSLO)
    assert found.problems == ()
    assert [
        (g.name, g.status, g.role, g.mode, [(v.local, v.local_id, v.synced_percent) for v in g.volumes])
        for g in found.groups
    ] == groups
