"""The configuration of the 3PAR volume plugin for Docker: what is read, what each mistake is told, and what is left
out."""

from __future__ import annotations

import pytest

from app.config_table import SettingsError
from app.hpe_conf_keys import KNOWN
from store.estate import RcgMode
from tests.app.hpe_conf_texts import PATH, SOURCE, TARGET, imported, read, section, target


def complaints(text: str) -> list[str]:
    """The lines of the error, without the folder."""
    with pytest.raises(SettingsError) as caught:
        read(text)
    return str(caught.value).replace(f"{PATH.parent}/", "").splitlines()


def complaint(text: str) -> str:
    (line,) = complaints(text)
    return line


def notes(text: str) -> dict[str, str]:
    """What is said of each key."""
    return {note.key: note.text for note in imported(text).notes}


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


# ------------------------------------------------------------------------------------------------- what is read


def test_both_arrays_of_a_pair_arrive_with_their_command_lines() -> None:
    (backend,) = read(section() + target()).backends
    here = backend.array
    assert (here.host, here.port, here.user) == ("3par-paris.example.com", 8080, "edit3")
    assert (here.cli_host, here.cli_port, here.cli_user) == ("3par-paris.example.com", 22, "edit3")
    assert backend.replication is not None
    there = backend.replication.target
    assert (there.called, there.host, there.port, there.user) == ("INSERV-LYON", "192.0.2.7", 443, "edit4")
    assert (there.cli_host, there.cli_user) == ("192.0.2.8", "edit5")
    assert (backend.replication.mode, backend.replication.period_s) == (RcgMode.PERIODIC, 600)
    assert backend.replication.cpgs == (("SSD_r6", "SSD_r6_far"), ("FC_r5", "FC_r5_far"))
    assert backend.replication.snap_cpgs == (("SSD_r6", "SNAP_far"),)


def test_a_list_may_stand_on_one_line_begin_below_its_key_or_have_its_commas_in_front() -> None:
    expected = read(section() + target()).backends[0].replication
    assert expected is not None
    for text in (
        target().replace(",\n", ","),
        target().replace("= ", "=\n  "),
        target().replace(",\n", "\n  ,"),
        target().replace(" = ", ": "),
    ):
        found = read(section() + text).backends[0].replication
        assert found is not None
        assert (found.cpgs, found.target.host, found.period_s) == (expected.cpgs, expected.target.host, 600)


def test_several_sections_arrive_and_take_nothing_from_default_but_all_from_backend_defaults() -> None:
    text = "[backend_defaults]\nhpe3par_username = shared\nsan_ssh_port = 2022\n"
    text += section() + section("gold", {"hpe3par_username": None, "hpe3par_api_url": "https://gold.example/"})
    first, second = read(text).backends
    assert (first.array.user, first.array.called) == ("edit3", "")
    assert (second.array.user, second.array.called, second.array.cli_port) == ("shared", "gold", 2022)
    text = section() + section("gold", {"hpe3par_username": None})
    assert complaint(text).startswith(f"hpe.conf:{line_of(text, '[gold]')}: [gold] hpe3par_username: expected a user")


def test_what_a_target_lacks_it_takes_from_its_backend_as_in_the_plugin() -> None:
    text = section(changes={"san_ssh_port": "2022", "ssh_conn_timeout": "45"})
    text += target({"hpe3par_username": None, "san_login": None})
    replication = read(text).backends[0].replication
    assert replication is not None
    assert (replication.target.user, replication.target.cli_port) == ("edit3", 2022)
    assert replication.target.connect_timeout_s == 45.0


def test_the_names_that_keys_had_before_the_vendors_split_are_known() -> None:
    text = section().replace("hpe3par_username", "hp3par_username").replace("hpe3par_api_url", "hp3par_api_url")
    assert read(text).backends[0].array.user == "edit3"


def test_quotes_crlf_comments_and_a_byte_order_mark_are_read_as_the_plugin_reads_them() -> None:
    text = section(changes={"hpe3par_username": '"edit7"'}).replace("san_ip", "; a comment\n# another\nsan_ip")
    text = "\ufeff" + (text + target()).replace("\n", "\r\n")
    assert read(text).backends[0].array.user == "edit7"


@pytest.mark.parametrize(
    ("mode", "expected", "period"),
    [
        ("synchronous", RcgMode.SYNC, None),
        ("ASYNCHRONOUS", RcgMode.PERIODIC, 900),
        ("streaming", RcgMode.ASYNC, 900),
    ],
)
def test_each_mode_has_the_plugins_default_period(mode: str, expected: RcgMode, period: int | None) -> None:
    text = section() + target({"replication_mode": mode, "sync_period": None})
    replication = read(text).backends[0].replication
    assert replication is not None
    assert (replication.mode, replication.period_s) == (expected, period)
    said = notes(text).get("[DEFAULT] replication_device.sync_period")
    assert said == (None if period is None else "assumed, for it is not there: 900 seconds")


# ---------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("abc", "a number of seconds from 300 to 31622400"),
        ("299", "from 300 to 31622400 seconds"),
        ("31622401", "from 300 to 31622400 seconds"),
        ("-5", "a number of seconds from 300 to 31622400"),
        ("600 # ten minutes", "a number of seconds from 300 to 31622400"),
    ],
)
def test_rcg_08_a_period_that_is_none_names_line_key_value_and_range(value: str, expected: str) -> None:
    text = section() + target({"sync_period": value})
    line = line_of(text, "sync_period")
    said = f'hpe.conf:{line}: [DEFAULT] replication_device.sync_period: expected {expected}, found "{value}"'
    assert complaint(text) == said


@pytest.mark.parametrize("value", ["300", "31622400"])
def test_rcg_08_both_ends_of_the_range_are_periods(value: str) -> None:
    replication = read(section() + target({"sync_period": value})).backends[0].replication
    assert replication is not None
    assert replication.period_s == int(value)


def test_rcg_09_of_a_sample_with_a_stray_line_and_missing_commas_each_faulty_line_is_named() -> None:
    text = section(changes={"hpe3par_iscsi_ips": "192.0.2.40,192.0.2.41"})
    text += "replication_device=backend_id:INSERV-PARIS,\n" + target() + "    hpe3par_iscsi_ips=192.0.2.50;192.0.2.51\n"
    text = text.replace("SNAP_far,", "SNAP_far")
    assert complaints(text) == [
        f"hpe.conf:{line_of(text, 'replication_device=')}: [DEFAULT] replication_device: expected one value: "
        f"line {line_of(text, 'replication_device = ')} has another, and the plugin reads only that one",
        f"hpe.conf:{line_of(text, 'snap_cpg_map')}: [DEFAULT] replication_device: expected a comma at the end of this "
        "line: the list goes on below it, found none",
        f"hpe.conf:{line_of(text, 'san_password:')}: [DEFAULT] replication_device: expected a comma at the end of this "
        "line: the list goes on below it, found none",
        f"hpe.conf:{line_of(text, 'hpe3par_iscsi_ips=')}: [DEFAULT] replication_device.hpe3par_iscsi_ips: expected "
        "hpe3par_iscsi_ips:VALUE, with a colon, found a text that is not shown",
    ]


def test_rcg_09_a_stray_line_of_text_is_named_and_what_hangs_below_it_is_not_blamed() -> None:
    text = section() + "and a stray line\n    with more below\n" + target()
    line = line_of(text, "and a stray")
    assert complaint(text).startswith(f"hpe.conf:{line}: [DEFAULT]: expected KEY = VALUE, a [SECTION] or a # comment")


def test_rcg_09_a_list_that_ends_with_a_comma_names_its_last_line() -> None:
    text = section() + target().rstrip("\n") + ",\n"
    line = line_of(text, "san_password:")
    assert complaint(text).startswith(f"hpe.conf:{line}: [DEFAULT] replication_device: expected the next pair")


@pytest.mark.parametrize("between", ["", "# a comment"])
def test_rcg_09_a_line_that_parts_a_list_names_the_line_behind_it(between: str) -> None:
    text = section() + target().replace("    cpg_map", f"\n{between}\n    cpg_map", 1)
    said = f"hpe.conf:{line_of(text, 'cpg_map')}: [DEFAULT]: expected an indented line only below the value"
    assert any(line.startswith(said) for line in complaints(text))


def test_rcg_09_a_comment_inside_a_list_is_named_for_the_plugin_would_read_it_as_a_value() -> None:
    text = section() + target().replace("    cpg_map", "    # two pools\n    cpg_map", 1)
    line = line_of(text, "# two pools")
    said = "expected a comment in the first column: behind blanks it is part of the value above it"
    assert complaint(text) == f"hpe.conf:{line}: [DEFAULT]: {said}"


def test_rcg_09_addresses_with_commas_inside_the_list_are_named() -> None:
    text = section() + target({"hpe3par_iscsi_ips": "192.0.2.50,192.0.2.51"})
    line = line_of(text, "hpe3par_iscsi_ips:")
    assert complaint(text).startswith(
        f"hpe.conf:{line}: [DEFAULT] replication_device: expected KEY:VALUE, with a comma"
    )


@pytest.mark.parametrize("name", ["SSD r6", "SSD;reboot", "a" * 32, "$(id)", ""])
def test_p3c_08_a_cpg_name_that_the_array_would_refuse_is_refused_first(name: str) -> None:
    text = section() + target({"cpg_map": f"SSD_r6:{name}"})
    (line,) = complaints(text)
    assert line.startswith(
        f"hpe.conf:{line_of(text, 'cpg_map')}: [DEFAULT] replication_device.cpg_map: expected SRC:DST"
    )
    assert "1 to 31 letters, digits, points, hyphens and underscores" in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"san_ssh_port": "70000"}, '[DEFAULT] san_ssh_port: expected a port from 1 to 65535, found "70000"'),
        ({"san_ssh_port": "ssh"}, '[DEFAULT] san_ssh_port: expected a port from 1 to 65535, found "ssh"'),
        (
            {"ssh_conn_timeout": "0"},
            '[DEFAULT] ssh_conn_timeout: expected a whole number of seconds from 1 to 999999999, found "0"',
        ),
        (
            {"san_ip": "192.0.2.8:22"},
            "[DEFAULT] san_ip: expected a host name or IP address, without a port (that is san_ssh_port), "
            'found "192.0.2.8:22"',
        ),
        (
            {"hpe3par_username": "$san_login"},
            "[DEFAULT] hpe3par_username: expected a user name of 1 to 128 characters without blanks and without "
            '$ : , =, found "$san_login"',
        ),
        ({"san_password": "Zq\n  Zq"}, "[DEFAULT] san_password: expected a password on one line, found a text that is"),
        (
            {"san_ip": "192.0.2.8 san_password = Zq"},
            "[DEFAULT] san_ip: expected a comma or the end of the line before san_password, found a text that is not",
        ),
    ],
)
def test_each_wrong_value_is_told_with_its_line_and_what_was_expected(
    changes: dict[str, str | None], said: str
) -> None:
    text = section(changes=changes)
    (key,) = changes
    assert complaint(text).startswith(f"hpe.conf:{line_of(text, key)}: {said}")
    assert "Zq" not in complaint(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example:8080/api/v1",
        "https://a.example:0/api/v1",
        "https://a.example:99999/api/v1",
        "https://a.example:8080/api/v2",
        "https://a b/api/v1",
        "https://[::1/api/v1",
        "https:///api/v1",
        "a.example",
        "<the address>",
    ],
)
def test_an_address_that_is_none_is_told_with_its_line(url: str) -> None:
    (line,) = complaints(section(changes={"hpe3par_api_url": url}))
    assert line.startswith("hpe.conf:2: [DEFAULT] hpe3par_api_url: expected https://HOST:PORT/api/v1")
    assert line.endswith(f'found "{url}"')


def test_an_address_with_a_login_in_it_is_not_repeated() -> None:
    assert "Zq" not in complaint(section(changes={"hpe3par_api_url": "https://edit3:Zq@a.example:8080/api/v1"}))


@pytest.mark.parametrize("key", ["backend_id", "replication_mode", "cpg_map", "hpe3par_api_url"])
def test_what_a_target_must_have_is_missed_by_name(key: str) -> None:
    text = section() + target({key: None})
    line = line_of(text, "replication_device")
    assert complaint(text).startswith(f"hpe.conf:{line}: [DEFAULT] replication_device.{key}: expected ")
    assert complaint(text).endswith(", found nothing")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replication_mode": "sometimes"}, 'expected synchronous or asynchronous or streaming, found "sometimes"'),
        ({"replication_mode": "synchronous"}, "expected no period with replication_mode:synchronous, found 600"),
        ({"quorum_witness_ip": "192.0.2.9"}, "a quorum witness means Peer Persistence, found asynchronous"),
        ({"cpg_map": "A:B A:C"}, 'expected one target for each CPG: A has two, found "A:B A:C"'),
        ({"hpe3par_api_url": SOURCE["hpe3par_api_url"]}, "expected another array than that of the section, found the"),
        ({"sync_period": "600, sync_period:700"}, "expected each key once"),
    ],
)
def test_what_does_not_go_together_in_a_target_is_told(changes: dict[str, str | None], said: str) -> None:
    assert said in complaint(section() + target(changes))


def test_a_key_twice_is_an_error_only_where_the_two_differ() -> None:
    assert read(section() + "san_password = Zq-ssh-here\n").backends
    text = section() + "san_password = Zq-another\n"
    said = "[DEFAULT] san_password: expected one value: line 9 has another, and the plugin reads only that one"
    assert complaint(text) == f"hpe.conf:7: {said}"


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "[DEFAULT]\nlogging = DEBUG\n", "[lefthand]\nurl = x\n"])
def test_a_file_without_an_array_is_told(text: str) -> None:
    assert complaint(text) == "hpe.conf: expected a [SECTION] with hpe3par_api_url, found none"


def test_all_errors_of_a_file_are_told_at_once() -> None:
    text = (
        section(changes={"san_ssh_port": "0"})
        + target({"sync_period": "1"})
        + "[open\n"
        + section("two", {"san_ip": "/"})
    )
    assert [line.split(":")[1] for line in complaints(text)] == sorted(
        (line.split(":")[1] for line in complaints(text)), key=int
    )
    assert len(complaints(text)) == 4


# --------------------------------------------------------------------------------------- what is not imported


def test_all_05_every_key_of_the_plugin_arrives_or_is_listed_with_the_reason() -> None:
    here = dict.fromkeys(KNOWN - SOURCE.keys() - TARGET.keys() - {"replication_device"}, "1")
    text = section(changes={**here, "san_private_key": "/keys/id_rsa", "quorum_witness_ip": None})
    text += target({**here, "hpe3par_cpg": "x", "san_private_key": "/keys/id_rsa", "quorum_witness_ip": None})
    listed = notes(text)
    arrives = {"hpe3par_api_url", "hpe3par_username", "san_ip", "san_login", "san_ssh_port", "ssh_conn_timeout"}
    for where, only in (("", set(TARGET)), ("replication_device.", set())):
        for key in KNOWN - {"replication_device", "backend_id", "quorum_witness_ip"} - arrives - (only - SOURCE.keys()):
            assert listed[f"[DEFAULT] {where}{key}"].startswith("not imported: "), key


def test_all_05_an_unknown_key_is_listed_and_so_is_one_that_counts_only_inside_a_list() -> None:
    text = section(changes={"mystery": "Zq", "sync_period": "300"})
    assert notes(text)["[DEFAULT] mystery"] == "not imported: no key of the 3PAR plugin that drdeck knows"
    assert notes(text)["[DEFAULT] sync_period"] == "not imported: it counts only inside replication_device"


def test_all_05_a_timeout_that_drdeck_cannot_have_is_listed_with_the_range() -> None:
    said = notes(section(changes={"ssh_conn_timeout": "600"}))["[DEFAULT] ssh_conn_timeout"]
    assert said.startswith("not imported: 600 s; drdeck takes seconds")
    assert said.endswith("from 1s to 2m")


@pytest.mark.parametrize("password", ["+CB1E8Je1j8=", "q83vEjRWeJA=", "Ab3dEf6hIj9l"])
def test_all_05_encrypted_passwords_are_said_to_look_so_for_the_whole_backend(password: str) -> None:
    said = notes(section(changes={"san_password": password}))
    for key in ("hpe3par_password", "san_password"):
        assert "passwords of this backend look encrypted" in said[f"[DEFAULT] {key}"]
    assert password not in str(said)


@pytest.mark.parametrize("password", ["3pardata", "password", "not base64!", "abcd1234efgh", "a=bc", "x"])
def test_plain_passwords_are_not_called_encrypted(password: str) -> None:
    assert "encrypted" not in str(notes(section(changes={"san_password": password, "hpe3par_password": password})))
