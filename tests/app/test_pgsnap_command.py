"""``drdeck pgsnap``: a crontab line of the script that it replaces, and the defects that it must not repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.cli import main
from app.recovery.pg import operate
from app.recovery.step import UnseenError
from backends.lab.faults import FaultKind
from backends.lab.flasharray import door as door_module
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import Tag
from backends.lab.flasharray.state import GIB, ArrayState
from backends.lab.https import Request, Response
from backends.lab.referee import Rule
from backends.lab.timing import INSTANT
from backends.lab.volumes import Image
from store.ledger import Ledger
from store.runs import Run, RunState, StepState
from tests.faults.pg_estate import SIZES, PgEstate, pg_estate

Capture = pytest.CaptureFixture[str]
ONE = (GIB,)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_violation(estate: PgEstate) -> Iterator[None]:
    yield
    estate.world.faults.clear()
    assert estate.world.referee.violations == []


@pytest.fixture
def files(estate: PgEstate, tmp_path: Path) -> list[str]:
    return ["--config", str(estate.config), "--store", str(tmp_path / "store.sqlite")]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Request, Response]]:
    """Every request that reached an array, with its answer."""
    seen: list[tuple[Request, Response]] = []
    real = door_module.Rest._route

    def route(self: door_module.Rest, request: Request, now: float) -> Response:
        response = real(self, request, now)
        seen.append((request, response))
        return response

    monkeypatch.setattr(door_module.Rest, "_route", route)
    return seen


def pgsnap(*words: str) -> int:
    return main(["pgsnap", *words])


def last_run(files: list[str]) -> Run:
    with closing(Ledger(Path(files[3]))) as ledger:
        return ledger.runs()[0]


def port(estate: PgEstate, name: str = "fa-prd") -> int:
    return estate.world.devices[name].ports["https"]


def told(path: Path, content: Mapping[str, object], mode: int = 0o600) -> str:
    """A JSON file as the script has them."""
    path.touch(mode)
    path.write_text(json.dumps(content))
    path.chmod(mode)
    return str(path)


def ids(estate: PgEstate, group: str) -> list[str]:
    with estate.world.turn():
        return [disk.id for disk in estate.prd.groups[group].disks]


def take(estate: PgEstate, group: str, suffix: str) -> dict[str, Image]:
    """A snapshot that is there already; what it holds, by its parts."""
    with estate.world.turn():
        made = protection.take(estate.prd, estate.prd.groups[group], suffix)
        return {part.name: part.image for part in made.members}


def clones(estate: PgEstate, array: ArrayState, target: str, snapshot: str) -> dict[str, bool]:
    """By volume of the target group, whether it holds what the part of the same number in the snapshot does."""
    group = snapshot.rpartition(".")[0].rpartition(":")[2]
    return {
        name: image == estate.part(array, f"{snapshot}.{group}-{name.rpartition('-')[2]}")
        for name, image in estate.contents(array, target).items()
    }


# ---------------------------------------------------------------------------------------------------- shown, not done


def test_all_02_pgs_03_without_x_the_whole_pairing_of_a_snapshot_to_be_is_shown_and_no_write_leaves(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target, before = estate.source(), estate.target(estate.prd), estate.writes()
    assert pgsnap("-s", group, "-t", target, "-n", "new", *files) == 0
    out = capsys.readouterr().out
    for number in range(3):
        assert f"Note: {group}.new.{group}-{number} goes to {target}-{number}, by equal size." in out
    assert "overwrite 3 volumes" in out
    assert pgsnap("-s", group, "-t", target, "-n", "new", "--json", *files) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["schema_version"], content["refused"]) == (1, False)
    assert [step["kind"] for step in content["plan"]["steps"]][:3] == ["pg.snapshot", "volume.keep", "volume.overwrite"]
    assert estate.writes() == before
    assert main(["runs", "list", *files]) == 0
    assert "No run was ever proposed" in capsys.readouterr().out


def test_a_dry_run_writes_no_list(estate: PgEstate, files: list[str], tmp_path: Path) -> None:
    assert pgsnap("-s", estate.source(), "-n", "new", "-o", str(tmp_path / "list"), *files) == 0
    assert not (tmp_path / "list").exists()


def test_a_read_only_configuration_only_plans(estate: PgEstate, tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "config.toml"
    config.write_text(estate.config.read_text().replace("[console]", "[console]\nread_only = true"))
    files = ["--config", str(config), "--store", str(tmp_path / "store.sqlite")]
    group, before = estate.source(), estate.writes()
    assert pgsnap("-s", group, "-n", "new", *files) == 0
    assert pgsnap("-s", group, "-n", "new", "-x", *files) == 1
    assert "read_only" in capsys.readouterr().err
    assert estate.writes() == before


# --------------------------------------------------------------------------------------------------------------- done


def test_a_snapshot_is_taken_and_its_volumes_are_listed(estate: PgEstate, files: list[str], tmp_path: Path) -> None:
    group = estate.source()
    assert pgsnap("-s", group, "-n", "new", "-o", str(tmp_path / "list"), "-x", *files) == 0
    assert (tmp_path / "list").read_text().splitlines() == [f"{group}.new.{group}-{n}" for n in range(3)]
    assert last_run(files).plan.name == f"snapshot {group}.new"
    before = estate.writes()
    assert pgsnap("-s", group, "-n", "new", "-o", str(tmp_path / "again"), "-x", *files) == 0
    assert (tmp_path / "again").read_text() == (tmp_path / "list").read_text()
    assert estate.writes() == before  # it is there: it is used


def test_pgs_18_a_clone_holds_what_the_snapshot_holds_and_a_named_safety_snapshot_what_was_there(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    former = estate.contents(estate.prd, target)
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 0
    assert set(clones(estate, estate.prd, target, f"{group}.new").values()) == {True}
    run = last_run(files)
    saved = {name: estate.part(estate.prd, f"{name}.drdeck-{run.id}") for name in former}
    assert saved == former
    with closing(Ledger(Path(files[3]))) as ledger:
        journal = "".join(entry.body for entry in ledger.journal(run.id))
    assert all(f"{name}.drdeck-{run.id}" in journal for name in former)
    assert f"{target}-0.drdeck-{run.id}" in capsys.readouterr().out


def test_a_second_clone_goes_by_the_tags_of_the_first(estate: PgEstate, files: list[str], capsys: Capture) -> None:
    group, target = estate.source(sizes=(GIB, GIB)), estate.target(estate.prd, sizes=(GIB, GIB))
    assert pgsnap("-s", group, "-t", target, "-n", "one", "-x", *files) == 0
    before = estate.writes().get("PUT /volumes/tags/batch")
    capsys.readouterr()
    assert pgsnap("-s", group, "-t", target, "-n", "two", "-x", *files) == 0
    assert capsys.readouterr().out.count("by its tag") == 2
    assert set(clones(estate, estate.prd, target, f"{group}.two").values()) == {True}
    assert estate.writes().get("PUT /volumes/tags/batch") == before
    assert pgsnap("-s", group, "-t", target, "-n", "two", "-i", *files) == 0
    assert capsys.readouterr().out.count("by equal size") == 2


def test_pgs_08_a_stale_tag_is_shown_and_stops_the_clone_until_it_is_freed(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    with estate.world.turn():
        estate.prd.disk(f"{target}-1").tags = [Tag("snapshot_mapping", "id-of-a-volume-that-left")]
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 1
    said = capsys.readouterr()
    assert f"--free-tag {target}-1 frees it" in said.out
    assert said.err.startswith("Refused: every volume has exactly one target")
    assert pgsnap("-s", group, "-t", target, "-n", "new", "--free-tag", f"{target}-1", "-x", *files) == 0
    assert set(clones(estate, estate.prd, target, f"{group}.new").values()) == {True}


def test_pgs_10_replicate_now_is_in_the_query_the_target_has_the_transfer_and_nothing_is_short_lived(
    estate: PgEstate, files: list[str], wire: list[tuple[Request, Response]]
) -> None:
    group, target = estate.source(sizes=ONE), estate.target(estate.dr, sizes=ONE)
    assert pgsnap("-s", group, "-t", target, "-n", "now", "-r", "-x", *files) == 0
    assert pgsnap("-s", group, "-n", "later", "-r", "--queue", "-x", *files) == 0
    posts = [r for r, _ in wire if (r.method, r.path[-27:]) == ("POST", "/protection-group-snapshots")]
    assert [post.query for post in posts] == [
        {"source_names": [group], "apply_retention": ["true"], "replicate_now": ["true"]},
        {"source_names": [group], "apply_retention": ["true"], "replicate": ["true"]},
    ]
    assert not any("for_replication" in request.query for request, _ in wire)
    replica = estate.dr.groups[f"fa-prd:{group}"].snapshots["now"]
    assert replica.received is not None and replica.received.completed is not None
    assert set(clones(estate, estate.dr, target, f"fa-prd:{group}.now").values()) == {True}


def test_a_snapshot_that_was_never_sent_is_sent_waited_for_and_cloned_there(
    estate: PgEstate, files: list[str], wire: list[tuple[Request, Response]], capsys: Capture
) -> None:
    group, target = estate.source(sizes=ONE), estate.target(estate.dr, sizes=ONE)
    held = take(estate, group, "kept")
    capsys.readouterr()
    assert pgsnap("-s", group, "-t", target, "-n", "kept", "-r", "-x", *files) == 0
    posts = [r for r, _ in wire if r.method == "POST" and "protection-group-snapshots" in r.path]
    assert [(post.path.rpartition("/")[2], post.query) for post in posts] == [
        ("replica", {"names": [f"{group}.kept"], "on": ["fa-dr"]})
    ]
    assert set(estate.contents(estate.dr, target).values()) == set(held.values())
    assert pgsnap("-s", group, "-t", target, "-n", "kept", "-r", "-x", *files) == 0
    assert len([r for r, _ in wire if r.method == "POST" and r.path.endswith("/replica")]) == 1


def test_what_was_replicated_is_listed_as_the_target_calls_it(
    estate: PgEstate, files: list[str], tmp_path: Path
) -> None:
    group = estate.source()
    assert pgsnap("-s", group, "-n", "new", "-r", "-o", str(tmp_path / "list"), "-x", *files) == 0
    assert (tmp_path / "list").read_text().splitlines() == [f"fa-prd:{group}.new.{group}-{n}" for n in range(3)]


def test_pgs_11_a_transfer_of_20_minutes_is_waited_for_to_its_end(tmp_path: Path, capsys: Capture) -> None:
    with pg_estate(tmp_path) as slow:
        group, target = slow.source(sizes=ONE, history=0), slow.target(slow.dr, sizes=ONE)
        with slow.world.turn():
            slow.world.timing = replace(INSTANT, transfer_bytes_s=GIB * 0.3 / 1200)
        slow.world.clock.set_speed(400)
        files = ["--config", str(slow.config), "--store", str(tmp_path / "store.sqlite")]
        assert pgsnap("-s", group, "-t", target, "-n", "new", "-r", "-x", *files) == 0
        moved = slow.dr.groups[f"fa-prd:{group}"].snapshots["new"].received
        assert moved is not None and moved.completed is not None and moved.started is not None
        assert 1199 < moved.completed - moved.started < 1201
        assert set(clones(slow, slow.dr, target, f"fa-prd:{group}.new").values()) == {True}
        assert slow.world.referee.violations == []


@pytest.fixture
def slow(estate: PgEstate) -> Iterator[None]:
    """Transfers that begin meanwhile take an hour."""
    with estate.world.turn():
        estate.world.timing = replace(INSTANT, transfer_bytes_s=GIB * 0.3 / 3600)
    yield
    with estate.world.turn():
        estate.world.timing = INSTANT


def test_pgs_11_a_transfer_that_has_not_begun_is_not_yet_there(
    estate: PgEstate, files: list[str], slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, target = estate.source(sizes=ONE, history=0), estate.target(estate.dr, sizes=ONE)
    with estate.world.turn():
        protection.take(estate.prd, estate.prd.groups[group], "earlier", "now")
        estate.world.timing = INSTANT
    empty: list[Response] = []
    real = door_module.Rest._route

    def route(self: door_module.Rest, request: Request, now: float) -> Response:
        """The earlier one arrives once the list of the transfer behind it was empty three times."""
        response = real(self, request, now)
        asked = self.device.name == "fa-dr" and request.path.endswith("/protection-group-snapshots/transfer")
        if asked and json.loads(response.body)["items"] == []:
            empty.append(response)
            if len(empty) == 3:
                estate.world.clock.advance(3601)
        return response

    monkeypatch.setattr(door_module.Rest, "_route", route)
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-r", "--queue", "-x", *files) == 0
    assert len(empty) >= 3
    assert set(clones(estate, estate.dr, target, f"fa-prd:{group}.new").values()) == {True}


def test_all_06_pgs_11_a_wait_that_runs_out_is_unknown_overwrites_nothing_and_is_gone_on_with(
    estate: PgEstate, files: list[str], slow: None, capsys: Capture
) -> None:
    group, target = estate.source(sizes=ONE, history=0), estate.target(estate.dr, sizes=ONE)
    former = estate.contents(estate.dr, target)
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-r", "--wait", "0.01", "-x", *files) == 5
    run = last_run(files)
    assert "not seen within 0.6 s" in capsys.readouterr().out
    assert [step.state for step in run.steps[:3]] == [StepState.DONE, StepState.UNKNOWN, StepState.PENDING]
    assert estate.contents(estate.dr, target) == former
    estate.world.clock.advance(3601)
    assert main(["runs", "resume", run.id, *files]) == 0
    assert set(clones(estate, estate.dr, target, f"fa-prd:{group}.new").values()) == {True}


# ------------------------------------------------------------------------------------------------------------ refused


def test_pgs_05_one_source_without_a_target_and_nothing_is_overwritten(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd, sizes=SIZES[:2])
    former, before = estate.contents(estate.prd, target), estate.writes()
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 1
    assert f"{group}-2 ({SIZES[2]} bytes) has no target" in capsys.readouterr().err
    assert (estate.contents(estate.prd, target), estate.writes()) == (former, before)


def test_pgs_06_only_the_volumes_of_exactly_this_snapshot_are_used(
    estate: PgEstate, files: list[str], tmp_path: Path
) -> None:
    for name in ("prd", "oldprd"):
        estate.source(name)
        for suffix in ("s1", "s10"):
            take(estate, name, suffix)
    target = estate.target(estate.prd)
    assert pgsnap("-s", "prd", "-t", target, "-n", "s1", "-o", str(tmp_path / "list"), "-x", *files) == 0
    assert (tmp_path / "list").read_text().splitlines() == [f"prd.s1.prd-{number}" for number in range(3)]
    assert set(clones(estate, estate.prd, target, "prd.s1").values()) == {True}
    assert [step.kind for step in last_run(files).plan.steps].count("volume.overwrite") == 3


def test_pgs_07_a_volume_of_the_snapshot_that_is_pending_eradication_is_no_candidate(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    take(estate, group, "s1")
    before = estate.writes()
    with estate.world.turn():
        protection.set_pending(estate.prd, f"{group}.s1.{group}-1", True)
    assert pgsnap("-s", group, "-t", target, "-n", "s1", "-x", *files) == 1
    assert f"pending eradication: {group}.s1.{group}-1" in capsys.readouterr().err
    with estate.world.turn():
        protection.set_pending(estate.prd, f"{group}.s1.{group}-1", False)
        protection.set_pending(estate.prd, f"{group}.s1", True)
    assert pgsnap("-s", group, "-t", target, "-n", "s1", "-x", *files) == 1
    assert f"{group}.s1 is pending eradication" in capsys.readouterr().err
    assert estate.writes() == before


def test_pgs_12_a_group_that_is_its_own_target_or_holds_one_is_refused(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target, before = estate.source(), estate.target(estate.prd), estate.writes()
    assert pgsnap("-s", group, "-t", group, "-n", "new", "-x", *files) == 1
    assert "source and target are two groups" in capsys.readouterr().err
    with estate.world.turn():
        for number in range(3):
            protection.add_member(estate.prd.groups[group], estate.prd.disk(f"{target}-{number}"))
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 1
    assert "no target is one of the source volumes: " in capsys.readouterr().err
    assert estate.writes() == before


def test_pgs_13_a_target_of_a_running_host_is_refused_unless_that_host_is_named(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    estate.switch(estate.prd, target, on=True)
    before = estate.writes()
    words = ["-s", group, "-t", target, "-n", "new", "-x", *files]
    assert pgsnap(*words) == 1
    said = capsys.readouterr().err
    assert f"{target}-0 is connected to {target}-db, and it is logged in to the array" in said
    assert pgsnap(*words, "--overwrite-running", "another") == 1
    assert estate.writes() == before
    assert pgsnap(*words, "--overwrite-running", f"{target}-db") == 0
    estate.switch(estate.prd, target, on=False)
    seen, estate.world.referee.violations = estate.world.referee.violations, []
    assert [each.rule for each in seen].count(Rule.LIVE_OVERWRITE) == 3  # that is what it was told to do
    assert f"{target}-db may be writing to volumes that are overwritten under it." in capsys.readouterr().out


@pytest.mark.parametrize("form", ["objects", "ids", "option"])
def test_pgs_01_an_excluded_volume_is_neither_read_nor_overwritten(
    estate: PgEstate, files: list[str], tmp_path: Path, form: str, wire: list[tuple[Request, Response]]
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    former, excluded = estate.contents(estate.prd, target), ids(estate, group)[1]
    rows: dict[str, list[object]] = {"objects": [{"volume_id": excluded}], "ids": [excluded], "option": []}
    given = told(tmp_path / "pg.json", {"excluded_volumes": rows[form], "_comment": "VVol configuration"})
    more = ["--exclude", f"{group}-1"] if form == "option" else []
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-f", given, "-x", *more, *files) == 0
    held = clones(estate, estate.prd, target, f"{group}.new")
    assert held == {f"{target}-0": True, f"{target}-1": False, f"{target}-2": True}
    assert estate.contents(estate.prd, target)[f"{target}-1"] == former[f"{target}-1"]
    sent = [request for request, _ in wire if request.method != "GET"]
    assert not any(f"{group}-1" in str(each) or f"{target}-1" in str(each) for each in sent)


def test_pgs_01_an_exclusion_that_is_unknown_is_an_error(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture
) -> None:
    group, target, before = estate.source(), estate.target(estate.prd), estate.writes()
    given = told(tmp_path / "pg.json", {"excluded_volumes": [{"volume_id": "no-such-id"}]})
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-f", given, "-x", *files) == 1
    assert "not in it: no-such-id" in capsys.readouterr().err
    assert estate.writes() == before


# ------------------------------------------------------------------------------------------------- what the exit says


def test_pgs_04_a_clone_that_is_done_in_part_ends_with_3_and_says_how_to_go_on(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    former = estate.contents(estate.prd, target)
    estate.world.faults.add("fa-prd", FaultKind.HTTP_409, "POST /volumes", count=1)
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 3
    said, run = capsys.readouterr(), last_run(files)
    assert f"drdeck runs resume {run.id}" in said.out
    held = clones(estate, estate.prd, target, f"{group}.new")
    assert sorted(held.values()) == [False, True, True]
    now = estate.contents(estate.prd, target)
    assert all(now[name] == former[name] for name, done in held.items() if not done)
    assert main(["runs", "resume", run.id, *files]) == 0
    assert set(clones(estate, estate.prd, target, f"{group}.new").values()) == {True}


def test_all_04_an_overwrite_whose_answer_was_lost_is_compared_and_not_sent_again(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    before = estate.writes().get("POST /volumes", 0)
    estate.world.faults.add("fa-prd", FaultKind.DROP_AFTER, "POST /volumes", count=1)
    assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 0
    assert estate.writes()["POST /volumes"] == before + 3
    assert "no block differs" in capsys.readouterr().out
    assert set(clones(estate, estate.prd, target, f"{group}.new").values()) == {True}


def test_pgs_04_a_failure_ends_with_another_code_than_0_and_shows_no_traceback(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture
) -> None:
    group, target = estate.source(), estate.target(estate.prd)
    usual = ["-s", group, "-t", target, "-n", "new", "-x", *files]
    broken = tmp_path / "broken.json"
    broken.write_text('{"src_flash_array_host": ')
    away = {"src_flash_array_host": "127.0.0.1:1", "src_flash_array_api_token": "t"}
    wrong = {"src_flash_array_host": f"localhost:{port(estate)}", "src_flash_array_api_token": "a-wrong-token"}
    cases = {
        "not there": (2, ["-f", str(tmp_path / "nowhere.json")], "expected a readable JSON file"),
        "not JSON": (2, ["-f", str(broken)], "broken.json, line 1: expected JSON"),
        "unreachable": (1, ["-f", told(tmp_path / "away.json", away)], "An array cannot be read: unreachable"),
        "wrong token": (1, ["-f", told(tmp_path / "wrong.json", wrong), "--no-verify-ssl"], "Invalid credentials"),
        "no such group": (1, ["-s", "nosuch"], "No array of the configuration has a protection group nosuch"),
        "no such target": (1, ["-t", "nosuch"], "fa-prd has no protection group nosuch"),
        "a bad suffix": (2, ["-n", "12"], "12: expected a snapshot suffix"),
        "no such device": (1, ["--on", "nosuch"], "the configuration has no device nosuch"),
    }
    before = estate.writes()
    for name, (code, more, words) in cases.items():
        assert pgsnap(*usual, *more) == code, name
        said = capsys.readouterr()
        assert words in said.err.splitlines()[0] or words in said.err, name
        assert "Traceback" not in said.out + said.err and "defect of its own" not in said.err, name
    assert estate.writes() == before


@pytest.mark.parametrize(
    "words", [["-n", "x"], ["-s", "g", "-n", "x", "--queue"], ["-s", "g", "-n", "x", "--wait", "0"], ["-s", "g"]]
)
def test_wrong_usage_ends_with_2(files: list[str], words: list[str], capsys: Capture) -> None:
    assert pgsnap(*words, *files) == 2
    assert capsys.readouterr().err


def test_a_list_that_cannot_be_made_after_the_clone_is_not_called_a_clone_that_failed(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = estate.source(sizes=ONE)
    assert pgsnap("-s", group, "-n", "one", "-o", str(tmp_path / "no" / "list"), "-x", *files) == 3
    assert "Done, but" in capsys.readouterr().err

    def dark(*_: object) -> tuple[str, ...]:
        raise UnseenError("unreachable: refused")

    monkeypatch.setattr(operate, "volume_snapshots", dark)
    assert pgsnap("-s", group, "-n", "two", "-o", str(tmp_path / "list"), "-x", *files) == 3
    assert "Done, but what" in capsys.readouterr().err
    assert last_run(files).state is RunState.SUCCEEDED


# ---------------------------------------------------------------------------------------------------- the JSON's arrays


def test_arrays_of_the_json_file_need_no_configuration(estate: PgEstate, tmp_path: Path, capsys: Capture) -> None:
    group, target = estate.source(sizes=ONE), estate.target(estate.dr, sizes=ONE)
    content = {
        "src_flash_array_host": f"localhost:{port(estate)}",
        "src_flash_array_api_token": "prd-0000-lab-token",
        "tgt_flash_array_host": f"localhost:{port(estate, 'fa-dr')}",
        "tgt_flash_array_api_token": "prd-0000-lab-token",
        "source_protection_group": group,
        "target_protection_group": target,
        "replicate": "True",
        "oracle_sid": "ERP",
        "_comment": "nightly",
    }
    given, store = told(tmp_path / "pg.json", content, 0o644), ["--store", str(tmp_path / "store.sqlite")]
    assert pgsnap("-f", given, "-n", "new", *store) == 1
    assert "certificate verify failed" in capsys.readouterr().err  # nobody vouches for its certificate
    assert pgsnap("-f", given, "-n", "new", "-x", "--no-verify-ssl", *store) == 0
    said = capsys.readouterr()
    assert said.err.count("Warning: the certificate of localhost is not checked") == 2
    assert f"Warning: others may read {given}, which holds a token: chmod 600" in said.err
    assert f"Not used of {given}: oracle_sid" in said.err
    assert set(clones(estate, estate.dr, target, f"fa-prd:{group}.new").values()) == {True}
    assert "prd-0000-lab-token" not in said.out + said.err


def test_what_the_file_lacks_is_taken_from_the_environment_and_the_command_line_goes_first(
    estate: PgEstate, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, target = estate.source(sizes=ONE), estate.target(estate.dr, sizes=ONE)
    store = ["--store", str(tmp_path / "store.sqlite"), "--no-verify-ssl"]
    given = told(tmp_path / "pg.json", {"source_protection_group": "another", "target_protection_group": target})
    usual = ["-s", group, "-f", given, "-n", "new", "-r", "-x", *store]
    monkeypatch.setenv("FA_HOST", f"localhost:{port(estate)}")
    assert pgsnap(*usual) == 2
    assert "neither the file nor API_TOKEN has one" in capsys.readouterr().err
    monkeypatch.setenv("API_TOKEN", "prd-0000-lab-token")
    monkeypatch.setenv("FA_HOST_TGT", f"localhost:{port(estate, 'fa-dr')}")
    monkeypatch.setenv("API_TOKEN_TGT", "prd-0000-lab-token")
    assert pgsnap(*usual) == 0
    assert set(clones(estate, estate.dr, target, f"fa-prd:{group}.new").values()) == {True}


def test_an_address_of_a_configured_array_is_that_array_with_its_own_token_and_certificate(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture
) -> None:
    group = estate.source(sizes=ONE)
    content = {"src_flash_array_host": f"127.0.0.1:{port(estate)}", "src_flash_array_api_token": "out-of-date"}
    given = told(tmp_path / "pg.json", content)
    assert pgsnap("-s", group, "-n", "new", "-f", given, "-x", *files) == 0
    assert "not checked" not in capsys.readouterr().err
    assert {step.device for step in last_run(files).plan.steps} == {"fa-prd"}


def test_an_array_that_is_called_like_a_configured_one_with_another_address_is_another_one(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture
) -> None:
    """The configured one is at prd; the file means the one behind the name ``localhost``, which is at dr."""
    config = tmp_path / "config.toml"
    config.write_text(estate.config.read_text().replace('"fa-prd"', '"localhost"'))
    home = estate.source(sizes=ONE, array=estate.dr)
    content = {"src_flash_array_host": f"localhost:{port(estate, 'fa-dr')}"}
    content["src_flash_array_api_token"] = "prd-0000-lab-token"
    given = told(tmp_path / "pg.json", content)
    words = ["-s", home, "-n", "new", "-f", given, "-x", "--no-verify-ssl", "--config", str(config), *files[2:]]
    assert pgsnap(*words) == 0
    assert {step.device for step in last_run(files).plan.steps} == {f"localhost:{port(estate, 'fa-dr')}"}
    assert "new" in estate.dr.groups[home].snapshots


def test_a_run_on_arrays_that_are_not_configured_says_so_where_it_does_not_end(
    estate: PgEstate, tmp_path: Path, capsys: Capture
) -> None:
    group, target = estate.source(sizes=ONE), estate.target(estate.prd, sizes=ONE)
    here = f"localhost:{port(estate)}"
    content = {"src_flash_array_host": here, "src_flash_array_api_token": "prd-0000-lab-token"}
    store = ["--store", str(tmp_path / "store.sqlite")]
    usual = ["-s", group, "-t", target, "-n", "new", "-f", told(tmp_path / "pg.json", content), "-x"]
    estate.world.faults.add("fa-prd", FaultKind.HTTP_409, "POST /volumes", count=1)
    assert pgsnap(*usual, "--no-verify-ssl", *store) == 3
    run = last_run(["", "", *store])
    said = capsys.readouterr().err
    assert f"looks for its devices: {here}. Configure it under that name, or drdeck runs abort {run.id}" in said
    assert main(["runs", "abort", run.id, "--reason", "again", "--config", str(estate.config), *store]) == 0
    assert pgsnap(*usual, "--no-verify-ssl", *store) == 0
    assert set(clones(estate, estate.prd, target, f"{group}.new").values()) == {True}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "expected an object"),
        ({"src_flash_array_host": 7}, "src_flash_array_host: expected a text"),
        ({"excluded_volumes": {}}, "excluded_volumes: expected a list"),
        ({"excluded_volumes": ["a", {"id": "b"}]}, "excluded_volumes, entry 2: expected an id"),
        ({"excluded_volumes": [7]}, "excluded_volumes, entry 1: expected an id"),
        ({"replicate": "perhaps"}, "replicate: expected true or false"),
        ({"replicate": 1}, "replicate: expected true or false"),
        ({"src_flash_array_host": "fa:x", "src_flash_array_api_token": "t"}, "expected a host, or HOST:PORT"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_named_with_its_key(
    files: list[str], tmp_path: Path, capsys: Capture, content: object, words: str
) -> None:
    path = tmp_path / "pg.json"
    path.write_text(json.dumps(content))
    assert pgsnap("-s", "g", "-n", "x", "-f", str(path), *files) == 2
    assert words in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------------------- secrets


def test_pra_11_the_token_of_the_json_file_is_in_no_output_no_store_and_no_log(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "prd-0000-lab-token"
    group, target = estate.source(sizes=ONE), estate.target(estate.prd, sizes=ONE)
    content = {"src_flash_array_host": f"localhost:{port(estate)}", "src_flash_array_api_token": secret}
    usual = ["-s", group, "-t", target, "-f", told(tmp_path / "pg.json", content), "-x", "--no-verify-ssl", *files]
    assert pgsnap("-n", "one", *usual) == 0
    for fault, verb in (
        (FaultKind.REFUSES_LOGIN, "*"),
        (FaultKind.HTML, "POST /login"),
        (FaultKind.HTTP_409, "POST /volumes"),
    ):
        added = estate.world.faults.add("fa-prd", fault, verb)
        assert pgsnap("-n", "two", *usual, "--json") != 0
        estate.world.faults.remove(added.id)

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(operate, "plan_clone", broken)
    assert pgsnap("-n", "three", *usual) == 1
    said = capsys.readouterr()
    log = Path(said.err.split("send ")[1].split(" to those")[0])
    assert secret not in said.out + said.err + log.read_text()
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))


# ------------------------------------------------------------------------------------------------------ large estates


def test_pgs_17_of_3000_snapshots_only_the_needed_ones_are_asked_for_and_the_oldest_is_found(
    tmp_path: Path, wire: list[tuple[Request, Response]], capsys: Capture
) -> None:
    with pg_estate(tmp_path) as full:
        group = full.source(sizes=(GIB,), history=3000)
        targets = {array.name: full.target(array, sizes=(GIB,)) for array in (full.prd, full.dr)}
        files = ["--config", str(full.config), "--store", str(tmp_path / "store.sqlite")]
        assert pgsnap("-s", group, "-t", targets["fa-prd"], "-n", "1", "--on", "fa-prd", "-x", *files) == 0
        assert set(clones(full, full.prd, targets["fa-prd"], f"{group}.1").values()) == {True}
        assert pgsnap("-s", group, "-t", targets["fa-dr"], "-n", "1", "-r", "-x", *files) == 0
        assert set(clones(full, full.dr, targets["fa-dr"], f"fa-prd:{group}.1").values()) == {True}
        assert pgsnap("-s", group, "-t", targets["fa-dr"], "-n", "new", "-r", "-x", *files) == 0
        assert set(clones(full, full.dr, targets["fa-dr"], f"fa-prd:{group}.new").values()) == {True}
        rows = [
            len(json.loads(response.body)["items"])
            for request, response in wire
            if request.method == "GET" and "snapshot" in request.path and response.status == 200
        ]
        assert len(rows) > 20 and max(rows) <= 3, sorted(rows)[-5:]


def test_pgs_17_targets_behind_the_first_page_of_volumes_are_considered(tmp_path: Path) -> None:
    with pg_estate(tmp_path) as full:
        with full.world.turn():
            for number in range(1100):
                full.prd.add_volume(f"a-filler-{number}", GIB)
        group, target = full.source(sizes=ONE), full.target(full.prd, sizes=ONE)
        files = ["--config", str(full.config), "--store", str(tmp_path / "store.sqlite")]
        assert pgsnap("-s", group, "-t", target, "-n", "new", "-x", *files) == 0
        assert set(clones(full, full.prd, target, f"{group}.new").values()) == {True}
