"""The session with an array: trust before credentials, one request for a verb, every failure typed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backends.endpoint import Limits, Secret, TlsAccess
from backends.flasharray import verbs
from backends.flasharray.client import FlashArrayClient
from backends.flasharray.driver import FlashArrayDriver
from backends.lab.faults import FaultKind
from backends.lab.flasharray import door as door_module
from backends.lab.flasharray import protection
from backends.outcome import DeviceError, Failure, Sent
from tests.backends.flasharray.fa_estate import TOKEN, USER, Estate

SHORT = Limits(connect_s=1, call_s=0.5)


def failure_of(act: object, *arguments: object) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        act(*arguments)  # type: ignore[operator]
    assert TOKEN not in str(caught.value) and TOKEN not in repr(caught.value)
    return caught.value


# ---------------------------------------------------------------------------------------------------------------- traps


def test_trap_5_a_gateway_timeout_after_the_work_is_unknown_and_never_sent_again(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_504_AFTER, "POST /protection-group-snapshots")
    with arrays.driver() as driver:
        error = failure_of(verbs.snapshot_group, driver.client, "pg-erp", "night-1")
    assert (error.failure, error.sent, error.code) == (Failure.TIMEOUT, Sent.UNKNOWN, "HTTP 504")
    assert arrays.requests("POST /protection-group-snapshots") == 1
    assert "night-1" in arrays.group.snapshots


@pytest.mark.parametrize("kind", [FaultKind.HTTP_503, FaultKind.HTTP_429, FaultKind.HTTP_500])
def test_trap_5_an_overloaded_array_is_asked_once(arrays: Estate, kind: FaultKind) -> None:
    arrays.world.faults.add("fa-prd", kind, "POST /volume-snapshots")
    with arrays.driver() as driver:
        failure_of(verbs.snapshot_volumes, driver.client, ["erp-0"], "safety-1")
    assert arrays.requests("POST /volume-snapshots") == 1


def test_trap_6_a_put_or_delete_without_an_answer_goes_out_once(arrays: Estate) -> None:
    for verb in ("PUT /volumes/tags/batch", "DELETE /connections"):
        arrays.world.faults.add("fa-prd", FaultKind.HANG, verb)
    with arrays.driver(limits=SHORT) as driver:
        driver.client.connect()
        assert driver.client._client._timeout is not None, "it would wait for ever"
        error = failure_of(verbs.tag_volumes, driver.client, ["erp-0"], [verbs.Tag("k", "v")])
        assert (error.failure, error.sent) == (Failure.TIMEOUT, Sent.UNKNOWN)
        failure_of(verbs.disconnect, driver.client, "erp_db1", "erp-0")
    arrays.world.faults.clear()
    assert arrays.requests("PUT /volumes/tags/batch") == 1
    assert arrays.requests("DELETE /connections") == 1


def test_trap_6_a_refused_connection_is_not_sent_and_tried_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = FlashArrayClient("fa", TlsAccess("127.0.0.1", port, secret=Secret(TOKEN), verify=False), SHORT)
    error = failure_of(client.connect)
    assert (error.failure, error.sent) == (Failure.UNREACHABLE, Sent.NO)


def test_trap_7_an_expired_certificate_is_refused_before_the_token_is_sent(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.EXPIRED_CERT)
    with arrays.driver() as driver:
        error = failure_of(driver.read)
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert "expired" in error.text
    assert arrays.requests("POST /login") == 0


def test_trap_7_a_certificate_of_another_authority_is_refused(arrays: Estate) -> None:
    with arrays.driver(ca_file=None) as driver:
        assert failure_of(driver.read).failure is Failure.UNTRUSTED
    assert arrays.requests("GET /api/api_version") == 0


def test_trap_7_the_library_itself_verifies_and_waits_no_longer_than_the_limit(arrays: Estate) -> None:
    with arrays.driver(limits=SHORT) as driver:
        driver.client.connect()
        assert driver.client._client._api_client.configuration.verify_ssl is True
        assert driver.client._client._timeout == (SHORT.connect_s, SHORT.call_s)
        arrays.world.faults.add("fa-prd", FaultKind.HANG, "GET /volumes")
        error = failure_of(driver.client.rows, "volumes")
    assert error.failure is Failure.TIMEOUT
    assert arrays.requests("GET /volumes") == 1


def test_trap_8_no_token_is_written_to_a_file(arrays: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "cwd"
    here.mkdir()
    monkeypatch.chdir(here)
    with arrays.driver() as driver:
        driver.read()
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "failure"),
    [(FaultKind.DROP_BEFORE, Failure.LOST), (FaultKind.TRUNCATED, Failure.LOST), (FaultKind.HTML, Failure.BAD_ANSWER)],
)
def test_trap_9_what_happens_on_the_wire_is_a_device_error(arrays: Estate, kind: FaultKind, failure: Failure) -> None:
    arrays.world.faults.add("fa-prd", kind, "POST /protection-group-snapshots")
    arrays.world.faults.add("fa-prd", kind, "GET /volumes")
    with arrays.driver() as driver:
        reading = failure_of(driver.client.rows, "volumes")
        verb = failure_of(verbs.snapshot_group, driver.client, "pg-erp", "night-2")
    assert (reading.failure, verb.failure, verb.sent) == (failure, failure, Sent.UNKNOWN)


@pytest.mark.parametrize("kind", [FaultKind.HTTP_403, FaultKind.HTTP_429])
def test_trap_10_a_refusal_always_says_its_status_and_the_words_of_its_body(arrays: Estate, kind: FaultKind) -> None:
    arrays.world.faults.add("fa-prd", kind, "PATCH /hosts")
    with arrays.driver() as driver:
        error = failure_of(verbs.add_wwns, driver.client, "erp_db1", ["c0507601a1b20044"])
    assert error.sent is Sent.REFUSED
    assert error.code == f"HTTP {kind.value}" and kind.value in error.text
    assert "None" not in error.text
    assert ("Operation not permitted." in error.text) or ("rate limit" in error.text)


def test_trap_11_the_switch_that_the_library_keeps_once_for_all_is_off(arrays: Estate) -> None:
    from pypureclient.flasharray import FA_2_26

    FA_2_26._attribute_error_on_none = True
    with arrays.driver() as driver:
        driver.client.connect()
        assert FA_2_26._attribute_error_on_none is False


def test_a_login_that_meets_an_overload_is_not_repeated_by_the_library(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_429, "POST /login")
    with arrays.driver() as driver:
        error = failure_of(driver.read)
    assert error.failure is Failure.BUSY
    assert arrays.requests("POST /login") == 1


# ---------------------------------------------------------------------------------------------------------------- trust


def test_a_pinned_certificate_connects(arrays: Estate) -> None:
    pin = arrays.lab.identities.of("fa-prd").fingerprint
    with arrays.driver(fingerprint=pin) as driver:
        assert driver.read().problems == ()


@pytest.mark.parametrize("verify", [True, False])
def test_a_changed_certificate_is_refused_with_both_fingerprints_before_the_token_is_sent(
    arrays: Estate, verify: bool
) -> None:
    pin = arrays.lab.identities.of("fa-prd").fingerprint
    arrays.world.faults.add("fa-prd", FaultKind.CHANGED_KEY)
    with arrays.driver(fingerprint=pin, verify=verify) as driver:
        error = failure_of(driver.read)
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    prints = [word for word in error.text.replace('"', " ").split() if len(word) == 64]
    assert pin in prints and len(set(prints)) == 2
    assert arrays.requests("POST /login") == 0


def test_a_certificate_that_changes_within_a_session_is_refused_too(arrays: Estate) -> None:
    pin = arrays.lab.identities.of("fa-prd").fingerprint
    with arrays.driver(fingerprint=pin) as driver:
        driver.client.connect()
        arrays.world.faults.add("fa-prd", FaultKind.CHANGED_KEY)
        arrays.lab.door("fa-prd", "https").stop()
        arrays.lab.door("fa-prd", "https").start()
        error = failure_of(driver.client.rows, "volumes")
    assert error.failure is Failure.UNTRUSTED
    assert arrays.requests("GET /volumes") == 0


def test_verification_turned_off_is_explicit_and_connects(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.EXPIRED_CERT)
    with arrays.driver(verify=False, ca_file=None) as driver:
        assert driver.read().objects


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_pin_leaves_other_clients_of_the_library_alone(arrays: Estate) -> None:
    from pypureclient import flasharray

    with arrays.driver(fingerprint=arrays.lab.identities.of("fa-prd").fingerprint) as driver:
        driver.client.connect()
        other = flasharray.Client(driver.client.address, api_token=TOKEN, verify_ssl=False)
        assert other.get_arrays().status_code == 200


# ---------------------------------------------------------------------------------------------------- login and session


def test_pra_05_a_user_and_password_become_a_token_and_a_token_works_as_it_is(arrays: Estate) -> None:
    with arrays.driver() as driver:
        driver.client.connect()
    assert not [verb for verb in arrays.world.devices["fa-prd"].counters.requests if "apitoken" in verb]
    with arrays.driver(user=USER) as driver:
        driver.client.connect()
    assert arrays.requests("POST /auth/apitoken") == 1


def test_pra_05_an_array_without_rest_1_says_that_a_token_is_needed(
    arrays: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "VERSIONS_1", ())
    with arrays.driver(user=USER) as driver:
        error = failure_of(driver.read)
    assert (error.failure, error.sent) == (Failure.LOGIN_REFUSED, Sent.NO)
    assert "API token" in error.text


@pytest.mark.parametrize("user", [None, USER])
def test_pgs_04_a_wrong_secret_is_a_refused_login_that_does_not_show_it(arrays: Estate, user: str | None) -> None:
    with arrays.driver(user=user, secret=Secret("wrong-0815")) as driver:
        error = failure_of(driver.read)
    assert error.failure is Failure.LOGIN_REFUSED
    assert "wrong-0815" not in str(error) and "wrong-0815" not in repr(driver.client)


def test_no_secret_at_all_is_said_before_anything_is_sent(arrays: Estate) -> None:
    with arrays.driver(secret=None) as driver:
        assert failure_of(driver.read).sent is Sent.NO


def test_the_session_limit_has_its_own_word(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.SESSION_LIMIT)
    with arrays.driver() as driver:
        assert failure_of(driver.read).failure is Failure.SESSION_LIMIT


def test_an_array_below_rest_2_26_is_refused_with_what_it_offers(
    arrays: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "VERSIONS_2", ("2.0", "2.1", "2.4"))
    with arrays.driver() as driver:
        error = failure_of(driver.read)
    assert error.failure is Failure.BAD_ANSWER
    assert "2.26" in error.text and "2.4" in error.text
    assert arrays.requests("POST /login") == 0


def test_an_expired_session_is_renewed_for_a_read(arrays: Estate) -> None:
    with arrays.driver() as driver:
        before = driver.read()
        arrays.pass_time(3600 * 2)
        assert [o.key for o in driver.read().objects] == [o.key for o in before.objects]
    counters = arrays.world.devices["fa-prd"].counters
    assert counters.logins == 2


def test_a_read_that_is_refused_twice_gives_up(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_401, "GET /volumes")
    with arrays.driver() as driver:
        assert failure_of(driver.client.rows, "volumes").failure is Failure.LOGIN_REFUSED
    assert arrays.requests("GET /volumes") == 2


def test_a_verb_that_meets_an_expired_session_is_refused_and_not_sent_again(arrays: Estate) -> None:
    with arrays.driver() as driver:
        driver.client.connect()
        arrays.pass_time(3600 * 2)
        error = failure_of(verbs.snapshot_group, driver.client, "pg-erp", "night-3")
        assert (error.failure, error.sent) == (Failure.LOGIN_REFUSED, Sent.REFUSED)
        assert arrays.requests("POST /protection-group-snapshots") == 1
        assert "night-3" not in arrays.group.snapshots
        assert verbs.snapshot_group(driver.client, "pg-erp", "night-3").name == "pg-erp.night-3"


def test_closing_logs_out_once_and_leaves_no_session(arrays: Estate) -> None:
    with arrays.driver() as driver:
        driver.read()
    driver.close()
    counters = arrays.world.devices["fa-prd"].counters
    assert (counters.logins, counters.logouts, counters.sessions) == (1, 1, 0)


def test_a_closed_session_is_not_opened_again_by_a_call_still_under_way(arrays: Estate) -> None:
    with arrays.driver() as driver:
        driver.read()
    error = failure_of(driver.client.rows, "volumes")
    assert (error.failure, error.sent) == (Failure.LOST, Sent.NO)
    assert arrays.world.devices["fa-prd"].counters.logins == 1


def test_closing_towards_an_array_that_never_answers_returns(arrays: Estate) -> None:
    driver = FlashArrayDriver("fa-prd", arrays.access("fa-prd"), SHORT)
    driver.client.connect()
    arrays.world.faults.add("fa-prd", FaultKind.HANG, "POST /logout")
    closing = threading.Thread(target=driver.close)
    closing.start()
    closing.join(20)
    assert not closing.is_alive()
    arrays.world.faults.clear()
    deadline = time.monotonic() + 10
    while arrays.requests("POST /logout") == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert arrays.requests("POST /logout") == 1


# --------------------------------------------------------------------------------------------------------------- paging


def test_pages_that_end_without_saying_so_are_not_taken_for_the_whole(arrays: Estate) -> None:
    client = FlashArrayClient("fa", arrays.access("fa-prd"), SHORT)
    short = client._read_page("GET /x", {"items": [1, 2]})
    assert (short.items, short.more) == ([1, 2], False)
    full = failure_of(client._read_page, "GET /x", {"items": list(range(1000))})
    assert "more items" in full.text


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        "x",
        {"items": {}},
        {"items": [], "more_items_remaining": "no"},
        {"items": [], "continuation_token": 7},
    ],
)
def test_an_answer_that_is_no_list_is_not_understood(arrays: Estate, body: object) -> None:
    client = FlashArrayClient("fa", arrays.access("fa-prd"), SHORT)
    assert failure_of(client._read_page, "GET /x", body).failure is Failure.BAD_ANSWER


def test_a_failing_later_page_fails_the_list(arrays: Estate) -> None:
    with arrays.world.turn():
        for number in range(1500):
            arrays.prod.add_volume(f"many-{number}", 512)
    with arrays.driver() as driver:
        assert len(driver.client.rows("volumes")) == 1504
        arrays.world.faults.add("fa-prd", FaultKind.HTTP_503, "GET /volumes")
        assert failure_of(driver.client.rows, "volumes").failure is Failure.BUSY


def test_pgs_17_lists_longer_than_a_page_are_read_whole_by_token_and_by_offset(arrays: Estate) -> None:
    with arrays.world.turn():
        for number in range(2300):
            arrays.prod.snapshot_volume(arrays.prod.disk("erp-0"), f"s{number}")
    with arrays.driver() as driver:
        names = [row["name"] for row in driver.client.rows("volume-snapshots")]  # type: ignore[index]
        assert len(names) == len(set(names)) == 2309
        assert arrays.requests("GET /volume-snapshots") == 3
        moved = driver.client.rows("volume-snapshots/transfer")
        assert len(moved) == 9


# ---------------------------------------------------------------------------------------------------------------- clock


def test_the_skew_of_the_arrays_clock_is_told_in_seconds(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.group.replication.enabled = False
        protection.arm(arrays.prod, arrays.group)
    arrays.world.clock.advance(time.time() - arrays.world.clock.now())
    with arrays.driver() as driver:
        skew = driver.read().clock_skew_s
        assert skew is not None and abs(skew) < 60
        arrays.world.faults.add("fa-prd", FaultKind.CLOCK_SKEWED, seconds=600)
        skew = driver.read().clock_skew_s
    assert skew is not None and 500 < skew < 660


# --------------------------------------------------------------------------------------------------------------- import


def test_importing_the_driver_imports_no_vendor_library() -> None:
    code = (
        "import sys, backends.flasharray.driver, backends.flasharray.verbs\n"
        "print([m for m in ('pypureclient', 'urllib3', 'textual', 'rich', 'backends.lab') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
