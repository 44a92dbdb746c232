"""The traps of the vendor's client: each test fails without its guard. Requests are counted where they arrive."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backends.endpoint import Limits, Secret, TlsAccess
from backends.lab.faults import FaultKind
from backends.lab.tls import Identities
from backends.outcome import DeviceError, Failure, Sent
from backends.threepar.driver import ThreeParDriver
from backends.threepar.verbs import ChangeRole, RoleVerb, StopGroup, SyncGroup
from backends.threepar.wsapi import WsapiSession
from tests.backends.threepar.rcopy_pair import LIMITS, OSLO_ID, PASSWORD, USER, Pair, rcopy_pair

PEER = f"erp_prd.r{OSLO_ID}"
FAILOVER = ChangeRole(RoleVerb.FAILOVER, PEER)


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def pair(identities: Path) -> Iterator[Pair]:
    with rcopy_pair(identities) as pair:
        yield pair


def driver(pair: Pair, name: str = "bergen", **changes: object) -> ThreeParDriver:
    return ThreeParDriver(name, pair.tls(name, **changes), pair.ssh(name), LIMITS)


class Responder:
    """A raw HTTPS server: answers what it is told and keeps what it received."""

    def __init__(self, identities: Identities) -> None:
        self.received: list[str] = []
        self.answer: Callable[[str], tuple[int, bytes] | None] = lambda _line: (200, b"{}")
        responder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                line = f"{self.command} {self.path}"
                responder.received.append(line)
                answer = responder.answer(line)
                if answer is None:  # cut the connection without an answer
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = identities.of("responder").tls.wrap_socket(self.server.socket, server_side=True)
        self.access = TlsAccess("127.0.0.1", self.server.server_address[1], USER, Secret(PASSWORD), identities.ca_file)


@contextmanager
def responder(directory: Path) -> Iterator[Responder]:
    made = Responder(Identities(directory))
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()


def logging_in(other: tuple[int, bytes] | None) -> Callable[[str], tuple[int, bytes] | None]:
    """An answer that lets everybody in and gives ``other`` to everything else."""

    def answer(line: str) -> tuple[int, bytes] | None:
        if line == "POST /api/v1/credentials":
            return 201, b'{"key": "0-key"}'
        return (200, b"") if line.startswith("DELETE /api/v1/credentials/") else other

    return answer


# ------------------------------------------------------------------------------------- 1: the budget of tries runs out


def test_p3c_04_after_an_outage_the_next_sweep_works(pair: Pair) -> None:
    one = driver(pair)
    fault = pair.world.faults.add("bergen", FaultKind.HTTP_503, "GET *")
    for _ in range(4):
        assert any("busy" in p.line for p in one.read().problems)
    pair.world.faults.remove(fault.id)
    assert one.read().problems == ()


def test_a_session_survives_more_lost_connections_than_the_client_has_tries(identities: Path) -> None:
    with responder(identities) as raw:
        raw.answer = logging_in(None)
        with WsapiSession("array", raw.access, LIMITS) as session:
            for _ in range(4):
                with pytest.raises(DeviceError) as lost:
                    session.get("/system")
                assert (lost.value.failure, lost.value.sent) == (Failure.LOST, Sent.UNKNOWN)
            raw.answer = logging_in((200, b'{"id": 7}'))
            assert session.get("/system") == {"id": 7}
        assert raw.received.count("GET /api/v1/system") == 3 * 4 + 1


def test_a_call_that_comes_back_without_an_answer_is_a_failure(identities: Path) -> None:
    with responder(identities) as raw:
        raw.answer = logging_in((200, b"{}"))
        with WsapiSession("array", raw.access, LIMITS) as session:
            session._http.put = lambda *_args, **_more: (None, None)
            with pytest.raises(DeviceError) as failed:
                session.send("PUT", "/remotecopygroups/g", {"action": 4})
    assert failed.value.sent is Sent.UNKNOWN


# ------------------------------------------------------------------------------------------- 2: a verb is sent again


@pytest.mark.parametrize("status", [None, 503, 502, 504, 500])
def test_a_verb_is_sent_once_whatever_becomes_of_the_answer(identities: Path, status: int | None) -> None:
    with responder(identities) as raw:
        raw.answer = logging_in(None if status is None else (status, b'{"code": 7, "desc": "later"}'))
        with WsapiSession("array", raw.access, LIMITS) as session, pytest.raises(DeviceError) as failed:
            session.send("POST", "/remotecopygroups/g", {"action": 7})
    assert failed.value.sent is Sent.UNKNOWN
    assert raw.received.count("POST /api/v1/remotecopygroups/g") == 1


def test_a_verb_whose_answer_was_lost_was_done_once_and_says_unknown(pair: Pair) -> None:
    pair.world.faults.add("oslo", FaultKind.DROP_AFTER, "PUT /remotecopygroups", count=1)
    with pytest.raises(DeviceError) as lost:
        driver(pair, "oslo").perform(StopGroup("erp_prd"))
    assert lost.value.sent is Sent.UNKNOWN
    assert pair.requests("PUT /remotecopygroups") == 1
    assert str(pair.groups["erp"].sides[0].status) == "Stopped"


# -------------------------------------------------------------------------------- 3: 403 is an answer, not a lost login


def test_p3c_03_a_role_conflict_reaches_the_array_once_and_no_login_remains(pair: Pair) -> None:
    with pytest.raises(DeviceError) as refused:
        driver(pair).perform(FAILOVER)
    assert (refused.value.failure, refused.value.sent) == (Failure.REFUSED, Sent.REFUSED)
    assert refused.value.code == "403/284"
    assert "RCOPY_GROUP_NOT_STOPPED" in refused.value.text
    assert pair.requests("POST /remotecopygroups", "bergen") == 1
    counters = pair.bergen.device.counters
    assert (counters.logins, counters.logouts, counters.sessions) == (1, 1, 0)


def test_a_verb_refused_with_401_is_not_sent_again_either(pair: Pair) -> None:
    pair.world.faults.add("bergen", FaultKind.HTTP_401, "POST /remotecopygroups")
    with pytest.raises(DeviceError) as refused:
        driver(pair).perform(FAILOVER)
    assert refused.value.sent is Sent.REFUSED
    assert pair.requests("POST /remotecopygroups", "bergen") == 1


def test_a_read_after_the_session_ended_logs_in_again_once(pair: Pair) -> None:
    with WsapiSession("oslo", pair.tls("oslo"), LIMITS) as session:
        assert pair.oslo.sessions is not None
        pair.oslo.sessions.expire_all()
        assert session.get("/remotecopy")
    counters = pair.oslo.device.counters
    assert (counters.logins, counters.sessions) == (2, 0)


def test_a_read_refused_for_ever_is_not_asked_for_ever(pair: Pair) -> None:
    pair.world.faults.add("oslo", FaultKind.HTTP_401, "GET *")
    with WsapiSession("oslo", pair.tls("oslo"), LIMITS) as session, pytest.raises(DeviceError) as refused:
        session.get("/remotecopy")
    assert refused.value.failure is Failure.LOGIN_REFUSED
    assert pair.requests("GET /remotecopy") == 2
    assert pair.oslo.device.counters.sessions <= 1


def test_p3c_10_after_200_operations_with_failures_the_array_has_no_login_more(pair: Pair) -> None:
    one = driver(pair)
    for number in range(200):
        if number % 10 == 0:
            kind = (FaultKind.HTTP_503, FaultKind.DROP_AFTER, FaultKind.HTML)[number // 10 % 3]
            pair.world.faults.add("bergen", kind, "POST /remotecopygroups", count=1)
        with pytest.raises(DeviceError):
            one.perform(FAILOVER)
    counters = pair.bergen.device.counters
    assert counters.sessions == 0
    assert counters.logins == counters.logouts == 200


# ------------------------------------------------------------------------------- 4: exceptions that cannot be printed


def test_exceptions_of_the_client_that_have_no_text_become_failures_with_one(identities: Path) -> None:
    from hpe3parclient import exceptions

    with responder(identities) as raw:
        raw.answer = logging_in((200, b"{}"))
        with WsapiSession("array", raw.access, LIMITS) as session:
            for kind in (exceptions.Timeout, exceptions.HTTPError, exceptions.RequestException, exceptions.URLRequired):

                def fail(*_args: object, kind: type[Exception] = kind, **_more: object) -> None:
                    raise kind("hidden")

                session._http.get = fail
                with pytest.raises(DeviceError) as failed:
                    session.get("/system")
                assert str(failed.value)
                assert failed.value.sent is Sent.UNKNOWN


def test_a_logout_that_fails_hides_nothing_and_raises_nothing(pair: Pair) -> None:
    pair.world.faults.add("oslo", FaultKind.DROP_BEFORE, "DELETE /credentials")
    assert ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), LIMITS).read().problems == ()


# ------------------------------------------------------------------------------------------------- time, trust, secrets


def test_p3c_05_a_hung_array_costs_its_time_limit_and_says_what_is_unknown(pair: Pair) -> None:
    pair.world.faults.add("bergen", FaultKind.HANG, "POST /remotecopygroups")
    limits = Limits(connect_s=1, call_s=0.5)
    one = ThreeParDriver("bergen", pair.tls("bergen"), pair.ssh("bergen"), limits)
    with pytest.raises(DeviceError) as late:
        one.perform(FAILOVER)
    assert (late.value.failure, late.value.sent) == (Failure.TIMEOUT, Sent.UNKNOWN)
    pair.world.faults.clear()


def test_p3c_06_an_unknown_certificate_is_refused_before_the_password_leaves(pair: Pair) -> None:
    with pytest.raises(DeviceError) as refused:
        driver(pair, ca_file=None).perform(FAILOVER)
    assert (refused.value.failure, refused.value.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert pair.requests("POST /credentials", "bergen") == 0


@pytest.mark.parametrize("fault", [FaultKind.EXPIRED_CERT, FaultKind.CHANGED_KEY])
def test_another_certificate_than_the_pinned_one_is_refused_before_the_password_leaves(
    pair: Pair, fault: FaultKind
) -> None:
    pin = pair.lab.identities.of("bergen").fingerprint
    pinned = driver(pair, fingerprint=pin, verify=False, ca_file=None)
    with pytest.raises(DeviceError) as passed:
        pinned.perform(FAILOVER)
    assert passed.value.failure is Failure.REFUSED
    before = pair.requests("POST /credentials", "bergen")
    pair.world.faults.add("bergen", fault)
    with pytest.raises(DeviceError) as refused:
        pinned.perform(FAILOVER)
    assert (refused.value.failure, refused.value.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert pair.requests("POST /credentials", "bergen") == before


def test_verification_is_off_only_when_told(pair: Pair) -> None:
    with pytest.raises(DeviceError) as passed:
        driver(pair, verify=False, ca_file=None).perform(FAILOVER)
    assert passed.value.failure is Failure.REFUSED


def test_p3c_06_a_host_key_that_is_not_pinned_is_refused_with_both_fingerprints(pair: Pair) -> None:
    pair.world.faults.add("bergen", FaultKind.CHANGED_KEY)
    reading = driver(pair, verify=False).read()
    problem = next(p for p in reading.problems if p.where == "CLI")
    assert problem.line.count("SHA256:") == 2
    none = ThreeParDriver("bergen", pair.tls("bergen", verify=False), pair.ssh("bergen", host_keys=()), LIMITS).read()
    assert any("no host key is pinned" in p.line for p in none.problems)


def test_p3c_15_no_password_and_no_session_key_is_in_any_log_or_error(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("hpe3parclient", "urllib3", "paramiko", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    keys = []
    with WsapiSession("oslo", pair.tls("oslo"), LIMITS) as session:
        keys.append(session._http.session_key)
        session.get("/system")
    driver(pair).read()
    with pytest.raises(DeviceError) as refused:
        driver(pair, secret=Secret("wrong-but-secret")).perform(FAILOVER)
    said = caplog.text + repr(refused.value) + str(vars(refused.value))
    for secret in (PASSWORD, "wrong-but-secret"):
        assert secret not in said
    assert f"Session Key in authenticate: {keys[0]}" not in said
    assert refused.value.failure is Failure.LOGIN_REFUSED
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_proxy_of_the_environment_is_not_used(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert driver(pair).read().problems == ()


# ------------------------------------------------------------------------------------------------ answers and failures


@pytest.mark.parametrize(
    ("fault", "failure", "sent"),
    [
        (FaultKind.HTTP_409, Failure.REFUSED, Sent.REFUSED),
        (FaultKind.HTTP_429, Failure.BUSY, Sent.REFUSED),
        (FaultKind.HTTP_500, Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTTP_503, Failure.BUSY, Sent.UNKNOWN),
        (FaultKind.HTTP_504_AFTER, Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTML, Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.DROP_BEFORE, Failure.LOST, Sent.UNKNOWN),
    ],
)
def test_what_becomes_of_a_verb_is_told_by_what_was_seen(
    pair: Pair, fault: FaultKind, failure: Failure, sent: Sent
) -> None:
    pair.world.faults.add("oslo", fault, "PUT /remotecopygroups", count=1)
    with pytest.raises(DeviceError) as failed:
        driver(pair, "oslo").perform(SyncGroup("bill_prd"))
    assert (failed.value.failure, failed.value.sent) == (failure, sent)


def test_p3c_14_answers_are_shown_by_code_and_in_the_array_s_words(pair: Pair) -> None:
    for verb, code in (
        (ChangeRole(RoleVerb.FAILOVER, "nosuch"), "404/187"),
        (ChangeRole(RoleVerb.RESTORE, PEER), "400/29"),
        (FAILOVER, "403/284"),
    ):
        with pytest.raises(DeviceError) as refused:
            driver(pair).perform(verb)
        assert (refused.value.code, refused.value.sent) == (code, Sent.REFUSED)
        assert refused.value.text


def test_a_group_in_the_middle_of_a_role_change_is_busy_not_refused(pair: Pair) -> None:
    driver(pair, "oslo").perform(StopGroup("erp_prd"))
    driver(pair).perform(FAILOVER)
    with pytest.raises(DeviceError) as busy:
        driver(pair).perform(FAILOVER)
    assert (busy.value.failure, busy.value.sent) == (Failure.BUSY, Sent.REFUSED)


def test_a_full_array_says_that_no_session_is_free(pair: Pair) -> None:
    pair.world.faults.add("bergen", FaultKind.SESSION_LIMIT)
    with pytest.raises(DeviceError) as full:
        driver(pair).perform(FAILOVER)
    assert full.value.failure is Failure.SESSION_LIMIT
    with pytest.raises(DeviceError) as dead:
        driver(pair).read()
    assert dead.value.failure is Failure.SESSION_LIMIT


@pytest.mark.parametrize(
    "body", [b"<html>no</html>", b"[1", b'"text"', b"\xff\xfe", json.dumps({"members": {}}).encode(), b"[]", b"7"]
)
def test_an_answer_that_is_not_what_it_should_be_is_a_problem(identities: Path, body: bytes) -> None:
    with responder(identities) as raw:
        raw.answer = logging_in((200, body))
        with WsapiSession("array", raw.access, LIMITS) as session, pytest.raises((DeviceError, ValueError)):
            from backends.threepar import answers

            answers.members("GET /volumes", session.get("/volumes"), answers.volume)


def test_p3c_01_nothing_is_patched_by_the_import() -> None:
    import socket

    import hpe3parclient.client  # noqa: F401

    assert socket.socket.__module__ == "socket"
    assert threading.Thread.__module__ == "threading"
    assert ssl.SSLSocket.__module__ == "ssl"
