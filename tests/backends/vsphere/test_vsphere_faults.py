"""What a driver makes of trouble: who is trusted, what was sent, and that the next sweep works again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backends.endpoint import Limits, TlsAccess
from backends.lab.faults import FaultKind
from backends.lab.tls import Identities
from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import verbs
from backends.vsphere.driver import VSphereDriver
from backends.vsphere.session import Session
from store.estate import VirtualMachine
from tests.backends.lab.vsphere.vs_estate import NAME, Estate, limits

SHORT = Limits(connect_s=1.0, call_s=1.0)


def failure_of(work: Callable[[], object]) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        work()
    return caught.value


def count(driver: VSphereDriver) -> int:
    return len([one for one in driver.read().objects if isinstance(one, VirtualMachine)])


# -------------------------------------------------------------------------------------------------------------- trust


def test_trap_12_a_server_on_loopback_is_verified_like_any_other(estate: Estate, tmp_path: Path) -> None:
    other = Identities(tmp_path).ca_file
    for access in (estate.access(ca_file=None), estate.access(ca_file=other)):
        seen = failure_of(VSphereDriver(NAME, access, limits()).read)
        assert (seen.failure, seen.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert not estate.requests, "nothing may be sent to a server that is not trusted"


def test_a_certificate_for_another_name_is_refused(estate: Estate) -> None:
    seen = failure_of(VSphereDriver(NAME, estate.access(host="127.0.0.2"), SHORT).read)
    assert seen.sent is Sent.NO
    assert not estate.requests


def test_an_expired_certificate_is_refused(estate: Estate) -> None:
    fault = estate.world.faults.add(NAME, FaultKind.EXPIRED_CERT)
    driver = VSphereDriver(NAME, estate.access(), limits())
    seen = failure_of(driver.read)
    assert (seen.failure, seen.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert "expired" in seen.text
    estate.world.faults.remove(fault.id)
    assert count(driver) == 6
    driver.close()


def test_a_pinned_certificate_is_demanded_besides_the_ca_and_a_change_is_refused_with_both(estate: Estate) -> None:
    pinned = estate.lab.identities.of(NAME).fingerprint
    driver = VSphereDriver(NAME, estate.access(fingerprint=pinned), limits())
    assert count(driver) == 6
    driver.close()
    before = dict(estate.requests)
    estate.world.faults.add(NAME, FaultKind.CHANGED_KEY)
    seen = failure_of(VSphereDriver(NAME, estate.access(fingerprint=pinned), limits()).read)
    assert (seen.failure, seen.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert pinned in seen.text
    assert seen.text.count("SHA-256") == 1
    assert estate.requests == before, "no credentials may reach a changed server"


def test_the_pin_holds_on_every_new_connection_also_in_the_middle_of_a_session(estate: Estate) -> None:
    pinned = estate.lab.identities.of(NAME).fingerprint
    driver = VSphereDriver(NAME, estate.access(fingerprint=pinned), limits())
    assert count(driver) == 6
    estate.world.faults.add(NAME, FaultKind.CHANGED_KEY)
    estate.world.faults.add(NAME, FaultKind.DROP_BEFORE, "CurrentTime", count=1)
    seen = failure_of(driver.read)
    assert seen.failure is Failure.UNTRUSTED
    driver.close()


@pytest.mark.parametrize(("right", "read"), [(True, True), (False, False)])
def test_without_verification_a_pin_is_still_demanded(estate: Estate, right: bool, read: bool) -> None:
    pin = estate.lab.identities.of(NAME).fingerprint if right else "0" * 64
    driver = VSphereDriver(NAME, estate.access(ca_file=None, verify=False, fingerprint=pin), limits())
    if read:
        assert count(driver) == 6
        driver.close()
    else:
        assert failure_of(driver.read).failure is Failure.UNTRUSTED


def test_verification_off_and_no_pin_takes_any_certificate(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(ca_file=None, verify=False), limits())
    assert count(driver) == 6
    driver.close()


def test_a_ca_file_that_cannot_be_read_is_named(estate: Estate, tmp_path: Path) -> None:
    seen = failure_of(VSphereDriver(NAME, estate.access(ca_file=tmp_path / "none.pem"), limits()).read)
    assert (seen.failure, seen.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert "none.pem" in seen.text


# -------------------------------------------------------------------------------------------------------- reachability


def test_a_refused_connection_was_not_sent(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(), limits())
    fault = estate.world.faults.add(NAME, FaultKind.UNREACHABLE)
    seen = failure_of(driver.read)
    assert (seen.failure, seen.sent) == (Failure.UNREACHABLE, Sent.NO)
    estate.world.faults.remove(fault.id)
    assert count(driver) == 6
    driver.close()


def test_an_unknown_name_is_unreachable() -> None:
    seen = failure_of(VSphereDriver(NAME, TlsAccess("no-such-host.invalid", 443), SHORT).read)
    assert (seen.failure, seen.sent) == (Failure.UNREACHABLE, Sent.NO)


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A port that accepts and then says ``answer`` and closes, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                held.append(peer)
                if answer is not None:
                    peer.sendall(answer)
                    peer.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for peer in held:
            peer.close()


def test_a_port_that_accepts_and_never_speaks_ends_in_time_and_nothing_was_sent() -> None:
    with listening(None) as port:
        seen = failure_of(VSphereDriver(NAME, TlsAccess("127.0.0.1", port), SHORT).read)
    assert (seen.failure, seen.sent) == (Failure.TIMEOUT, Sent.NO)


def test_a_port_that_does_not_speak_tls_is_unreachable() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        seen = failure_of(VSphereDriver(NAME, TlsAccess("127.0.0.1", port), SHORT).read)
    assert seen.sent is Sent.NO


@pytest.mark.parametrize(
    ("kind", "verb", "failure", "sent"),
    [
        (FaultKind.HANG, "*", Failure.TIMEOUT, Sent.UNKNOWN),
        (FaultKind.HANG, "WaitForUpdatesEx", Failure.TIMEOUT, Sent.UNKNOWN),
        (FaultKind.DROP_BEFORE, "Login", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.DROP_BEFORE, "WaitForUpdatesEx", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.DROP_AFTER, "WaitForUpdatesEx", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.TRUNCATED, "GET /sdk/vimServiceVersions.xml", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.TRUNCATED, "RetrieveServiceContent", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.TRUNCATED, "WaitForUpdatesEx", Failure.LOST, Sent.UNKNOWN),
        (FaultKind.HTML, "*", Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTML, "Login", Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTML, "WaitForUpdatesEx", Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTML, "CurrentTime", Failure.BAD_ANSWER, Sent.UNKNOWN),
        (FaultKind.HTTP_401, "WaitForUpdatesEx", Failure.LOGIN_REFUSED, Sent.REFUSED),
        (FaultKind.HTTP_403, "Login", Failure.REFUSED, Sent.REFUSED),
        (FaultKind.HTTP_409, "CreateFilter", Failure.REFUSED, Sent.REFUSED),
        (FaultKind.HTTP_429, "WaitForUpdatesEx", Failure.BUSY, Sent.REFUSED),
        (FaultKind.HTTP_500, "WaitForUpdatesEx", Failure.REFUSED, Sent.REFUSED),
        (FaultKind.HTTP_503, "*", Failure.BUSY, Sent.UNKNOWN),
        (FaultKind.HTTP_503, "WaitForUpdatesEx", Failure.BUSY, Sent.UNKNOWN),
        (FaultKind.HTTP_504_AFTER, "WaitForUpdatesEx", Failure.TIMEOUT, Sent.UNKNOWN),
        (FaultKind.REFUSES_LOGIN, "*", Failure.LOGIN_REFUSED, Sent.REFUSED),
        (FaultKind.SESSION_LIMIT, "*", Failure.SESSION_LIMIT, Sent.UNKNOWN),
    ],
)
def test_each_fault_is_told_as_what_it_is_and_the_sweep_after_it_works(
    estate: Estate, kind: FaultKind, verb: str, failure: Failure, sent: Sent
) -> None:
    driver = VSphereDriver(NAME, estate.access(), SHORT)
    fault = estate.world.faults.add(NAME, kind, verb)
    for _ in range(2):
        seen = failure_of(driver.read)
        assert (seen.failure, seen.sent) == (failure, sent), seen
        assert seen.text
    estate.world.faults.remove(fault.id)
    assert count(driver) == 6
    with estate.world.turn():
        estate.state.rename("vm0", "after")
    assert "after" in {one.name for one in driver.read().objects if isinstance(one, VirtualMachine)}
    driver.close()
    lost_logins = 2 if verb == "Login" and kind is FaultKind.HTML else 0  # whose cookie never arrived
    assert estate.device.counters.sessions == lost_logins


def test_a_failed_sweep_after_good_ones_starts_over_and_sees_everything(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(), SHORT)
    driver.read()
    for kind in (FaultKind.DROP_AFTER, FaultKind.TRUNCATED, FaultKind.HTTP_500, FaultKind.HTML):
        with estate.world.turn():
            estate.state.add_vm(f"new-{kind}", estate.datastore)
        fault = estate.world.faults.add(NAME, kind, "WaitForUpdatesEx")
        failure_of(driver.read)
        estate.world.faults.remove(fault.id)
        names = {one.name for one in driver.read().objects if isinstance(one, VirtualMachine)}
        assert f"new-{kind}" in names
        assert len(names) == len(estate.state.vms)
    assert estate.device.counters.logins == 1
    driver.close()


def test_a_connection_that_the_server_closed_while_idle_costs_no_sweep(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(), limits())
    driver.read()
    estate.world.faults.add(NAME, FaultKind.DROP_BEFORE, "CurrentTime", count=1)
    assert count(driver) == 6
    driver.close()


def test_closing_a_server_that_never_answers_comes_back(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(), SHORT)
    driver.read()
    fault = estate.world.faults.add(NAME, FaultKind.HANG, "Logout")
    driver.close()  # bounded by the limit of a call, and by a few seconds where that is longer
    estate.world.faults.remove(fault.id)
    driver.close()


# -------------------------------------------------------------------------------------------------------------- verbs


@pytest.mark.parametrize(
    ("kind", "failure", "sent", "done"),
    [
        (FaultKind.DROP_BEFORE, Failure.LOST, Sent.UNKNOWN, False),
        (FaultKind.DROP_AFTER, Failure.LOST, Sent.UNKNOWN, True),
        (FaultKind.HTTP_504_AFTER, Failure.TIMEOUT, Sent.UNKNOWN, True),
        (FaultKind.TRUNCATED, Failure.LOST, Sent.UNKNOWN, True),
        (FaultKind.HTML, Failure.BAD_ANSWER, Sent.UNKNOWN, True),
        (FaultKind.HANG, Failure.TIMEOUT, Sent.UNKNOWN, False),
        (FaultKind.HTTP_403, Failure.REFUSED, Sent.REFUSED, False),
        (FaultKind.HTTP_500, Failure.REFUSED, Sent.REFUSED, False),
        (FaultKind.HTTP_503, Failure.BUSY, Sent.UNKNOWN, False),
    ],
)
def test_a_verb_is_sent_exactly_once_whatever_happens_to_it(
    estate: Estate, kind: FaultKind, failure: Failure, sent: Sent, done: bool
) -> None:
    session = Session(NAME, estate.access(), SHORT)
    fault = estate.world.faults.add(NAME, kind, "PowerOnVM_Task")
    seen = failure_of(lambda: verbs.power_on(session, estate.vms[1].moid))
    assert (seen.failure, seen.sent, estate.requests["PowerOnVM_Task"]) == (failure, sent, 1), seen
    estate.world.faults.remove(fault.id)
    assert bool(estate.state.tasks) is done
    session.close()


def test_a_proxy_s_page_in_place_of_an_empty_answer_is_not_success(estate: Estate) -> None:
    session = Session(NAME, estate.access(), SHORT)
    estate.world.faults.add(NAME, FaultKind.HTML, "ShutdownGuest")
    seen = failure_of(lambda: verbs.shutdown_guest(session, estate.vms[0].moid))
    assert (seen.failure, seen.sent) == (Failure.BAD_ANSWER, Sent.UNKNOWN)
    session.close()


def test_a_verb_after_the_session_expired_goes_to_a_new_one_and_once(estate: Estate) -> None:
    session = Session(NAME, estate.access(), limits())
    session.current_time()
    estate.pass_time(2000)
    verbs.power_on(session, estate.vms[1].moid)
    assert estate.requests["PowerOnVM_Task"] == 1
    assert estate.device.counters.logins == 2
    session.close()


def test_a_verb_to_a_dark_site_was_not_sent(estate: Estate) -> None:
    session = Session(NAME, estate.access(), SHORT)
    session.current_time()
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    seen = failure_of(lambda: verbs.power_on(session, estate.vms[1].moid))
    assert (seen.failure, seen.sent) == (Failure.UNREACHABLE, Sent.NO)
    session.close()
