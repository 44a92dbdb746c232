"""The SSH session against a door: trust, login, and what became of a command."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from backends.endpoint import Limits, Secret, SshAccess
from backends.hmc.ssh import HmcSession
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from backends.ssh import fingerprint
from tests.backends.hmc.hmc_estate import PASSWORD, USER, Estate, eventually

LIST = "lssyscfg -r sys -F name"
LIMITS = Limits(connect_s=3, call_s=10)


@contextmanager
def session(hmc: Estate, limits: Limits = LIMITS, **changes: object) -> Iterator[HmcSession]:
    made = HmcSession("hmc-a", hmc.access(**changes), limits)
    try:
        yield made
    finally:
        made.close()


def failed(hmc: Estate, command: str = LIST, limits: Limits = LIMITS, **changes: object) -> DeviceError:
    with session(hmc, limits, **changes) as made, pytest.raises(DeviceError) as caught:
        made.ask(command)
    return caught.value


def test_a_command_is_answered_over_a_pinned_and_verified_connection(hmc: Estate) -> None:
    with session(hmc) as made:
        assert made.ask(LIST) == "p10-a\np10-b\n"


def test_pra_15_many_commands_share_one_connection_and_the_session_bound(hmc: Estate) -> None:
    before = {thread.ident for thread in threading.enumerate() if "conn" in thread.name}
    most = 0
    with session(hmc, Limits(3, 10, sessions=2)) as made, ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(made.ask, LIST) for _ in range(40)]
        while not all(answer.done() for answer in answers):
            most = max(most, hmc.device.counters.sessions)
            wait(answers, timeout=0.001)
        assert {answer.result() for answer in answers} == {"p10-a\np10-b\n"}
        connections = {t.ident for t in threading.enumerate() if "conn" in t.name} - before
        assert len(connections) == 1
    assert most <= 2
    assert eventually(lambda: hmc.device.counters.sessions == 0)


def test_trap_15_the_socket_sends_at_once(hmc: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    connect = socket.create_connection

    def remember(*args: object, **options: object) -> socket.socket:
        made.append(connect(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", remember)
    with session(hmc) as one:
        one.ask(LIST)
        (sock,) = made
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_trap_14_pra_09_an_error_on_stdout_with_exit_1_is_a_refusal_with_its_code_and_text(hmc: Estate) -> None:
    error = failed(hmc, "lssyscfg -r lpar -m p10-a --filter lpar_names=nobody -F name")
    assert (error.failure, error.sent, error.code) == (Failure.REFUSED, Sent.REFUSED, "HSCL8012")
    assert error.text.startswith("HSCL8012 The partition named nobody was not found.")


def test_trap_14_the_exit_status_decides_and_never_the_wording(hmc: Estate) -> None:
    hmc.device.language = "fr"
    error = failed(hmc, "lssyscfg -r lpar -F name")
    assert (error.failure, error.code) == (Failure.REFUSED, None)
    assert "-m" in error.text
    assert error.text.startswith("Il manque")


def test_a_command_that_the_restricted_shell_does_not_know_is_refused_with_what_it_wrote_to_stderr(hmc: Estate) -> None:
    error = failed(hmc, "lsyscfg -r sys")
    assert (error.failure, error.sent) == (Failure.REFUSED, Sent.REFUSED)
    assert "command not found" in error.text


# ---------------------------------------------------------------------------------------------------------------- trust


def test_pra_12_a_changed_host_key_is_refused_with_both_fingerprints(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.CHANGED_KEY)
    error = failed(hmc)
    identity = hmc.lab.identities.of("hmc-a")
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert fingerprint(identity.ssh.asbytes()) in error.text
    assert fingerprint(identity.ssh_changed.asbytes()) in error.text
    assert hmc.device.counters.logins == 0


def test_pra_12_without_a_pinned_key_the_connection_is_refused_with_the_fingerprint_shown(hmc: Estate) -> None:
    error = failed(hmc, host_keys=())
    assert error.failure is Failure.UNTRUSTED
    assert fingerprint(hmc.lab.identities.of("hmc-a").ssh.asbytes()) in error.text


def test_with_verification_off_any_key_is_taken(hmc: Estate) -> None:
    with session(hmc, host_keys=(), verify=False) as made:
        assert made.ask(LIST)


def test_one_of_several_pinned_keys_is_enough(hmc: Estate) -> None:
    identity = hmc.lab.identities.of("hmc-a")
    other = f"{identity.ssh_changed.get_name()} {identity.ssh_changed.get_base64()}"
    with session(hmc, host_keys=(other, identity.ssh_public)) as made:
        assert made.ask(LIST)


# ---------------------------------------------------------------------------------------------------------------- login


def test_pra_11_a_wrong_password_is_a_refused_login_and_shows_nowhere(
    hmc: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = failed(hmc, password=Secret("not-the-password"))
    assert (error.failure, error.sent) == (Failure.LOGIN_REFUSED, Sent.NO)
    assert USER in error.text
    assert "not-the-password" not in f"{error} {error!r} {caplog.text}"


def test_a_key_with_a_passphrase_logs_in_and_its_passphrase_is_never_offered_as_a_password(
    hmc: Estate, tmp_path: Path
) -> None:
    path = tmp_path / "id_rsa"
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(path), password="open sesame")
    hmc.device.public_keys[USER] = [f"{key.get_name()} {key.get_base64()}"]
    with session(hmc, key_file=path, password=Secret("open sesame")) as made:
        assert made.ask(LIST)
    hmc.device.public_keys.clear()
    hmc.device.users[USER] = "open sesame"
    assert failed(hmc, key_file=path, password=Secret("open sesame")).failure is Failure.LOGIN_REFUSED


@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file"), ("id_rsa", "passphrase")])
def test_a_key_file_that_cannot_be_used_says_why(hmc: Estate, tmp_path: Path, name: str, reason: str) -> None:
    paramiko.RSAKey.generate(2048).write_private_key_file(str(tmp_path / "id_rsa"), password="right")
    error = failed(hmc, key_file=tmp_path / name, password=Secret("wrong"))
    assert error.failure is Failure.LOGIN_REFUSED
    assert reason in error.text
    assert "wrong passphrase" in error.text or "wrong" not in error.text


# --------------------------------------------------------------------------------------------------------- was it sent?


def test_an_hmc_that_is_away_is_unreachable_and_nothing_was_sent(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.UNREACHABLE)
    error = failed(hmc)
    assert (error.failure, error.sent) == (Failure.UNREACHABLE, Sent.NO)


def test_a_command_that_never_ends_is_unknown_after_its_time(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.HANG, "lssyscfg*")
    error = failed(hmc, limits=Limits(3, 0.3))
    assert (error.failure, error.sent) == (Failure.TIMEOUT, Sent.UNKNOWN)
    hmc.world.faults.clear()


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.TRUNCATED])
def test_a_connection_lost_before_the_exit_status_is_unknown(hmc: Estate, kind: FaultKind) -> None:
    hmc.world.faults.add("hmc-a", kind, "lssyscfg*")
    error = failed(hmc)
    assert (error.failure, error.sent) == (Failure.LOST, Sent.UNKNOWN)


def test_a_lost_connection_is_made_again_for_the_next_command(hmc: Estate) -> None:
    with session(hmc) as made:
        hmc.world.faults.add("hmc-a", FaultKind.DROP_AFTER, "lssyscfg*", count=1)
        with pytest.raises(DeviceError):
            made.ask(LIST)
        assert made.ask(LIST)


def test_a_full_hmc_is_a_session_limit_and_nothing_was_sent(hmc: Estate) -> None:
    hmc.device.max_sessions = 0
    error = failed(hmc)
    assert (error.failure, error.sent) == (Failure.SESSION_LIMIT, Sent.NO)


def test_a_port_that_speaks_no_ssh_is_a_lost_connection_and_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as sock:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        access = SshAccess("127.0.0.1", listening.getsockname()[1], USER, Secret(PASSWORD), host_keys=("ssh-rsa AAAA",))
        made = HmcSession("hmc-a", access, LIMITS)
        with pytest.raises(DeviceError) as caught:
            made.ask(LIST)
        made.close()
    assert (caught.value.failure, caught.value.sent) == (Failure.LOST, Sent.NO)


class Odd(paramiko.ServerInterface):
    """A server that never replies to an exec request, or hangs up right after the login."""

    def __init__(self, transport: paramiko.Transport, hangs_up: bool) -> None:
        self.transport, self.hangs_up, self.done = transport, hangs_up, threading.Event()

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.hangs_up:
            self.transport.close()
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.done.wait(10)
        return True


@pytest.mark.parametrize(
    ("hangs_up", "failure", "sent"),
    [(False, Failure.TIMEOUT, Sent.UNKNOWN), (True, Failure.SESSION_LIMIT, Sent.NO)],
)
def test_a_server_that_accepts_and_then_does_nothing_or_hangs_up_is_told_apart(
    hangs_up: bool, failure: Failure, sent: Sent
) -> None:
    key = paramiko.RSAKey.generate(2048)
    servers: list[Odd] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                transport = paramiko.Transport(listening.accept()[0])
                transport.add_server_key(key)
                servers.append(Odd(transport, hangs_up))
                transport.start_server(server=servers[-1])

        threading.Thread(target=serve, daemon=True).start()
        pinned = (f"{key.get_name()} {key.get_base64()}",)
        access = SshAccess("127.0.0.1", listening.getsockname()[1], USER, Secret(PASSWORD), host_keys=pinned)
        made = HmcSession("hmc-a", access, Limits(connect_s=15, call_s=15 if hangs_up else 0.5))
        with pytest.raises(DeviceError) as caught:
            made.ask(LIST)
        made.close()
    for server in servers:
        server.done.set()
        server.transport.close()
    assert (caught.value.failure, caught.value.sent) == (failure, sent)


def test_closing_never_raises_may_be_repeated_and_is_final(hmc: Estate) -> None:
    made = HmcSession("hmc-a", hmc.access(), LIMITS)
    made.ask(LIST)
    made.close()
    made.close()
    with pytest.raises(DeviceError) as closed:
        made.ask(LIST)
    assert closed.value.failure is Failure.LOST and closed.value.sent is Sent.NO
