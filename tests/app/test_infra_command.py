"""``drdeck infra`` and ``drdeck blast`` from the shell: a preview first, who may store it, what falls in the demo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import infra_command
from app.cli import main
from backends.lab.estates import demo_infra
from store import journal
from store.infra import blast, book
from store.ledger import Ledger
from tests.app.infra.netbox_server import TOKEN, serving
from tests.app.lab_estate import LabEstate, lab_estate

FILE = demo_infra.NAME


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("demo")) as estate:
        assert main(["inventory", "--config", str(estate.config)]) == 0
        yield estate


class Shell:
    """The commands on a store of its own that knows what the demo's devices said."""

    def __init__(self, demo: LabEstate, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.file, self.config = folder, demo.directory / FILE, demo.config
        self.store = folder / "store.sqlite"
        self.store.write_bytes((demo.directory / "console.sqlite").read_bytes())
        self._capsys = capsys

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        self._capsys.readouterr()
        found = main([*words, "--config", str(self.config), "--store", str(self.store)])
        out, err = self._capsys.readouterr()
        assert found == code, (out, err)
        return out, err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code)[0])

    def entries(self) -> list[tuple[str, Any]]:
        ledger = Ledger(self.store)
        try:
            return [(entry.kind, json.loads(entry.body)) for entry in ledger.journal()]
        finally:
            ledger.close()


@pytest.fixture
def shell(demo: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(demo, tmp_path, capsys)


def test_an_import_is_shown_first_and_stored_only_when_told_to(shell: Shell) -> None:
    out, err = shell.run("infra", "import", str(shell.file))
    assert out.startswith(f"file:{FILE}: 34 added\n") and "+ rack paris/A7: row A, units 42, feeds A B" in out
    assert "Nothing is stored. With --execute it is." in err and "note: feed paris/A: if the other feeds fail" in err
    assert shell.json("infra", "list")["sources"] == [] and shell.entries() == []
    shell.run("infra", "import", str(shell.file), "--execute")
    (source,) = shell.json("infra", "list")["sources"]
    assert (source["name"], source["items"]) == (f"file:{FILE}", 34)
    assert shell.entries()[0][1]["by"] == source["by"] and journal.verify(shell.store).broken is None


def test_a_second_import_tells_field_by_field_what_changed(shell: Shell) -> None:
    shell.run("infra", "import", str(shell.file), "--execute")
    told = json.loads(shell.file.read_text())
    told["systems"] = [each for each in told["systems"] if each["name"] != "fa-lyon"]
    next(each for each in told["systems"] if each["name"] == "fa-paris")["watts"] = 1800
    changed = shell.folder / FILE
    changed.write_text(json.dumps(told))
    out, _ = shell.run("infra", "import", str(changed))
    assert out.splitlines() == [
        f"file:{FILE}: 1 changed, 1 gone", "- system fa-lyon", "~ system fa-paris: watts 1700 → 1800"
    ]  # fmt: skip
    shell.run("infra", "import", str(changed), "--execute")
    assert ["changed", "system", "fa-paris", [["watts", "1700", "1800"]]] in shell.entries()[-1][1]["changes"]


def test_a_wrong_file_is_refused_with_its_line_and_nothing_is_stored(shell: Shell) -> None:
    path = shell.folder / "wrong.csv"
    path.write_text("kind,name,site\nrack,A1,paris\nrack,A1,paris\n")
    _, err = shell.run("infra", "import", str(path), "--execute", code=2)
    assert err.startswith(f"{path}:3: rack: expected a name of its own: line 2 has it too")
    assert book.read(shell.store).items == {}


def test_what_another_source_gave_is_refused_until_that_is_forgotten(shell: Shell) -> None:
    shell.run("infra", "import", str(shell.file), "--execute")
    path = shell.folder / "more.csv"
    path.write_text("kind,name,site\nrack,A7,paris\n")
    _, err = shell.run("infra", "import", str(path), "--execute", code=1)
    assert f"rack paris/A7 was imported from file:{FILE} already: first drdeck infra forget" in err
    shell.run("infra", "forget", f"file:{FILE}")
    assert len(book.read(shell.store).items) == 34
    shell.run("infra", "forget", f"file:{FILE}", "--execute")
    shell.run("infra", "import", str(path), "--execute")
    assert [key for _, key in book.read(shell.store).items] == ["paris/A7"]
    _, err = shell.run("infra", "forget", "file:x", code=1)
    assert "There are: file:more.csv" in err


def test_a_role_that_is_another_than_that_of_the_configuration_is_said(shell: Shell) -> None:
    path = shell.folder / "roles.csv"
    path.write_text("kind,name,role\nsite,lyon,prod\nsite,paris,prod\n")
    shell.run("infra", "import", str(path), "--execute")
    out, err = shell.run("infra", "list", code=3)
    assert out and err == "note: site lyon: its role is prod here, dr in the configuration, which counts\n"


def test_what_a_device_reports_otherwise_is_said(shell: Shell) -> None:
    path = shell.folder / "wrong.csv"
    path.write_text("kind,name,site,type,serial\nsystem,P10-PAR-01,lyon,server,78A1B11\nsystem,fa-lyon,lyon,array,\n")
    shell.run("infra", "import", str(path), "--execute")
    _, err = shell.run("infra", "list", code=3)
    assert err == "note: system P10-PAR-01: it stands at lyon, and hmc-paris is at paris\n"


def test_rows_of_a_plain_table_are_kept_beside(shell: Shell) -> None:
    path = shell.folder / demo_infra.WARRANTY
    path.write_text(demo_infra.TABLES[demo_infra.WARRANTY][1])
    shell.run("infra", "import", str(path), "--table", "warranty", "--execute")
    rows = shell.json("infra", "show")["items"]["rows"]
    assert rows[0]["key"] == "warranty/3par-paris" and rows[0]["vendor"] == "HPE"
    _, err = shell.run("infra", "import", str(path), "--table", "rooms", code=2)
    assert "There are: containers, cooling, power, certificates, warranty, zones" in err


def test_whoever_has_no_role_for_it_may_look_and_not_store(shell: Shell) -> None:
    config = shell.folder / "config.toml"
    config.write_text(f'{shell.config.read_text()}\n[[roles]]\nrole = "admin"\nusers = ["nobody-here"]\n')
    shell.config = config
    shell.run("infra", "import", str(shell.file))
    _, err = shell.run("infra", "import", str(shell.file), "--execute", code=1)
    assert err.startswith("Refused: ") and "to import or forget infrastructure: ask nobody-here" in err
    assert not book.read(shell.store).items


def test_a_netbox_is_read_with_a_token_that_nothing_shows(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    with serving() as netbox:
        words = ("infra", "import", "--netbox", netbox.url, "--token", "env:NETBOX_TOKEN")
        out, err = shell.run(*words, "--execute", code=3)
        assert "+ rack oslo/A7" in out and "note: dcim/devices 55 (device 55): it has no name" in err
        again = shell.json(*words, code=3)
        assert again["differences"] == [] and len(again["left_out"]) == 2
        netbox.status["dcim/racks"] = 503
        _, err = shell.run(*words, "--execute", code=1)
        assert "could not be read, and nothing is stored. dcim/racks: HTTP 503" in err
    assert TOKEN not in out + err + json.dumps(shell.entries())
    assert len(book.read(shell.store).items) == 12


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Name a file, or --netbox URL with --token REF"),
        (("x.csv", "--netbox", "https://nb"), "one of them"),
        (("--netbox", "https://nb"), "Say where the token is"),
        (("--netbox", "http://nb.example.com", "--token", "env:T"), "expected https://nb.example.com"),
        (
            ("--netbox", "https://nb", "--token", "0123456789"),
            "--token: expected a reference and never the secret itself",
        ),
    ],
)
def test_what_cannot_be_an_import_is_said(shell: Shell, words: tuple[str, ...], told: str) -> None:
    assert told in shell.run("infra", "import", *words, code=2)[1]


def test_what_falls_if_rack_a7_goes(shell: Shell) -> None:
    shell.run("infra", "import", str(shell.file), "--execute")
    found = shell.json("blast", "rack", "A7")["radius"]
    falls = {hit["name"] for hit in found["hits"] if hit["effect"] == "falls"}
    assert {"erp_db1", "erp_app1", "crm_db1", "bill_app1", "mq1", "nim1", "rcg_sales", "rcg_orders"} <= falls
    assert not {"erp_app2", "hr_db1", "rcg_web"} & falls
    assert found["summary"].startswith("rack A7 fails → 6 LPARs, 7 RCGs, 1 RCG loses its copy, plan demo; bound ")
    (plan,) = found["plans"]
    assert {each["name"] for each in plan["applications"]} == {"erp", "messaging", "sales", "orders"}
    erp = next(hit for hit in found["hits"] if hit["name"] == "erp_db1")
    assert (erp["plan"], erp["application"], erp["because"]) == ("demo", "erp", "managed system P10-PAR-01, rack A7")
    assert erp["bound"]["kind"] == "known" and erp["bound"]["seconds"] > 0
    assert any("28 VMs" in note for note in found["notes"]) and found["unplanned"] == "3 LPARs, 5 RCGs"
    out, _ = shell.run("blast", "rack", "paris/A7")
    assert out.startswith("rack A7 fails → 6 LPARs") and "managed system P10-PAR-01, rack A7" in out


def test_one_of_two_links_and_one_of_two_feeds_take_nothing(shell: Shell) -> None:
    shell.run("infra", "import", str(shell.file), "--execute")
    for words in (("link", "paris-lyon-1"), ("feed", "paris/A")):
        out, _ = shell.run("blast", *words)
        assert "nothing that runs falls" in out
    out, _ = shell.run("blast", "feed", "paris/B")
    assert "12 LPARs" in out and "may fall" in out and "beyond its 17000 W" in out


def test_what_there_is_not_is_said(shell: Shell) -> None:
    assert "No rack is called A7. There are: none." in shell.run("blast", "rack", "A7", code=1)[1]
    assert shell.json("blast", "site", "paris")["radius"]["plans"], "a site needs no import: its devices tell it"


def test_the_command_line_knows_the_kinds_that_can_be_struck() -> None:
    assert infra_command.STRIKES == blast.STRIKES
