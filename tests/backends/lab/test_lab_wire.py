"""The wire of the lab: TLS, HTTP, SSH and the faults on them, seen by plain clients."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator

import paramiko
import pytest

from backends.lab import ssh as ssh_door
from backends.lab.faults import FaultKind
from backends.lab.https import HttpsDoor, HttpsProtocol, Request, Response
from backends.lab.ssh import Answer, SshDoor, SshProtocol, Terminal
from backends.lab.tls import Identities
from backends.lab.world import Device, World
from store.estate import DeviceKind, SiteRole


def echo(request: Request) -> Response:
    return Response(200, f"{request.method} {request.path} {request.raw_query} ".encode() + request.body, "text/plain")


def echo_shell(user: str, terminal: Terminal) -> None:
    while (line := terminal.readline(f"{user}> ")) not in (None, "exit"):
        terminal.write(f"you said {line}\n")


HTTPS = HttpsProtocol(echo, lambda r: f"{r.method} {r.path}", lambda status: Response(status, b"{}"))
SSH = SshProtocol(lambda user, command: Answer(f"{user}: {command}\n", 3, "oops"), lambda c: c.split()[0], echo_shell)


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities(tmp_path_factory.mktemp("identities"))


@pytest.fixture
def world() -> World:
    world = World()
    world.add_site("paris", SiteRole.PROD)
    world.add_device(Device("arr1", DeviceKind.FLASHARRAY, "paris", None, users={"admin": "s3cret"}))
    return world


@pytest.fixture
def https(world: World, identities: Identities) -> Iterator[HttpsDoor]:
    door = HttpsDoor(world, world.devices["arr1"], identities.of("arr1"), HTTPS)
    door.start()
    yield door
    door.close()


@pytest.fixture
def ssh(world: World, identities: Identities) -> Iterator[SshDoor]:
    door = SshDoor(world, world.devices["arr1"], identities.of("arr1"), SSH)
    door.start()
    yield door
    door.close()


def strict(identities: Identities) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(identities.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def ask(door: HttpsDoor, identities: Identities, path: str = "/x?a=1", **more: object) -> http.client.HTTPResponse:
    connection = http.client.HTTPSConnection("127.0.0.1", door.port, context=strict(identities), timeout=5)
    connection.request("POST", path, **more)  # type: ignore[arg-type]
    return connection.getresponse()


def test_a_strict_client_accepts_the_certificate_and_gets_its_answer(https: HttpsDoor, identities: Identities) -> None:
    assert ask(https, identities, body=b"hello").read() == b"POST /x a=1 hello"


def test_a_chunked_body_arrives_whole_and_the_connection_stays_open(https: HttpsDoor, identities: Identities) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", https.port, context=strict(identities), timeout=5)
    for _ in range(2):
        connection.request("POST", "/x", body=iter([b"one ", b"two"]), encode_chunked=True)
        assert connection.getresponse().read() == b"POST /x  one two"


@pytest.mark.parametrize(
    "sent",
    [b"Content-Length: 5\r\n\r\nhel", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", b"Content-Length: 5\r\n\r\n"],
)
def test_a_request_of_which_only_a_part_comes_is_none(
    https: HttpsDoor, world: World, identities: Identities, sent: bytes
) -> None:
    """A client that is killed while it sends has asked for nothing."""
    plain = socket.create_connection(("127.0.0.1", https.port), timeout=5)
    with strict(identities).wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        tls.sendall(b"POST /x HTTP/1.1\r\nHost: arr1\r\n" + sent)
    assert ask(https, identities, body=b"hello").read() == b"POST /x a=1 hello"
    assert world.devices["arr1"].counters.requests.total() == 1


def test_an_expired_certificate_and_a_client_without_the_ca_are_refused(
    https: HttpsDoor, world: World, identities: Identities
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", https.port, context=ssl.create_default_context()).request("GET", "/")
    world.faults.add("arr1", FaultKind.EXPIRED_CERT)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        ask(https, identities)


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_dropped_connection_is_seen_by_the_client_and_counted_once(
    https: HttpsDoor, world: World, identities: Identities, kind: FaultKind
) -> None:
    world.faults.add("arr1", kind, verb="POST /x", count=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(https, identities)
    assert ask(https, identities).status == 200
    assert world.devices["arr1"].counters.requests["POST /x"] == 2


def test_a_truncated_answer_is_shorter_than_it_promised(https: HttpsDoor, world: World, identities: Identities) -> None:
    world.faults.add("arr1", FaultKind.TRUNCATED)
    with pytest.raises(http.client.IncompleteRead):
        ask(https, identities, body=b"hello").read()


def test_a_refusal_and_a_proxy_page_come_in_place_of_the_answer(
    https: HttpsDoor, world: World, identities: Identities
) -> None:
    world.faults.add("*", FaultKind.HTTP_503, count=1)
    assert ask(https, identities).status == 503
    world.faults.add("arr*", FaultKind.HTML, count=1)
    assert ask(https, identities).getheader("content-type") == "text/html"


def test_a_port_that_stopped_is_given_to_nobody_else(https: HttpsDoor) -> None:
    https.stop()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", https.port))
    https.close()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", https.port))


def test_a_port_that_stopped_refuses_and_comes_back_on_the_same_number(
    https: HttpsDoor, identities: Identities
) -> None:
    port = https.port
    https.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    https.start()
    assert https.port == port
    assert ask(https, identities).status == 200


def connect(door: SshDoor, password: str = "s3cret") -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", door.port, "admin", password, look_for_keys=False, allow_agent=False, banner_timeout=20)
    return client


def test_commands_over_one_connection_answer_with_output_and_exit_status(ssh: SshDoor) -> None:
    with connect(ssh) as client:
        for _ in range(3):
            _, out, err = client.exec_command("show it", timeout=5)
            assert (out.read(), err.read(), out.channel.recv_exit_status()) == (b"admin: show it\n", b"oops", 3)


def test_an_answer_never_overtakes_the_word_that_its_command_was_accepted(
    ssh: SshDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = ssh_door._Server.check_channel_exec_request

    def accept_late(server: ssh_door._Server, channel: paramiko.Channel, command: bytes) -> bool:
        accepted = accept(server, channel, command)
        time.sleep(0.2)
        return accepted

    monkeypatch.setattr(ssh_door._Server, "check_channel_exec_request", accept_late)
    with connect(ssh) as client:
        assert client.exec_command("x", timeout=5)[1].read() == b"admin: x\n"


def test_a_wrong_password_is_refused_and_so_is_a_right_one_while_the_fault_is_on(ssh: SshDoor, world: World) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        connect(ssh, "wrong")
    world.faults.add("arr1", FaultKind.REFUSES_LOGIN)
    with pytest.raises(paramiko.AuthenticationException):
        connect(ssh)


def test_a_key_logs_in(ssh: SshDoor, world: World) -> None:
    key = paramiko.ECDSAKey.generate()
    world.devices["arr1"].public_keys["admin"] = [f"{key.get_name()} {key.get_base64()}"]
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", ssh.port, "admin", pkey=key, look_for_keys=False, allow_agent=False)
        assert client.exec_command("x")[1].read() == b"admin: x\n"


def test_a_changed_host_key_is_another_key(ssh: SshDoor, world: World, identities: Identities) -> None:
    with connect(ssh) as client:
        transport = client.get_transport()
        assert transport is not None
        assert transport.get_remote_server_key() == identities.of("arr1").ssh
    world.faults.add("arr1", FaultKind.CHANGED_KEY)
    with connect(ssh) as client:
        transport = client.get_transport()
        assert transport is not None
        assert transport.get_remote_server_key() == identities.of("arr1").ssh_changed


def test_beyond_the_session_limit_a_channel_is_refused_and_a_closed_one_makes_room(ssh: SshDoor, world: World) -> None:
    world.devices["arr1"].max_sessions = 1
    with connect(ssh) as client:
        channel = client.get_transport().open_session()  # type: ignore[union-attr]
        with pytest.raises(paramiko.ChannelException):
            client.exec_command("x")
        channel.close()
    with connect(ssh) as client:
        for _ in range(50):
            try:
                assert client.exec_command("x")[1].read() == b"admin: x\n"
                break
            except paramiko.ChannelException:
                continue


def test_a_shell_echoes_and_answers_line_by_line(ssh: SshDoor) -> None:
    with connect(ssh) as client:
        shell = client.invoke_shell()
        shell.settimeout(5)
        shell.sendall(b"hello\nexit\n")
        said = b""
        while chunk := shell.recv(4096):
            said += chunk
        assert b"you said hello\r\n" in said
        assert said.count(b"hello") == 2
