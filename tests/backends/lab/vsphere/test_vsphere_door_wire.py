"""The SOAP door as text: what goes over the wire, compared letter by letter, with no vendor library in between."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import pytest

from backends.lab.faults import FaultKind
from tests.backends.lab.vsphere.vs_estate import Estate, Wire

CONTENT = '<RetrieveServiceContent xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></RetrieveServiceContent>'  # noqa: E501
TIME = '<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this></CurrentTime>'


def call(method: str, kind: str, moid: str, inner: str = "") -> str:
    return f'<{method} xmlns="urn:vim25"><_this type="{kind}">{moid}</_this>{inner}</{method}>'


def read(kind: str, moid: str, *paths: str) -> str:
    asked = "".join(f"<pathSet>{path}</pathSet>" for path in paths)
    return call(
        "RetrievePropertiesEx", "PropertyCollector", "propertyCollector",
        f'<specSet><propSet><type>{kind}</type>{asked}</propSet><objectSet><obj type="{kind}">{moid}</obj></objectSet>'
        "</specSet><options/>",
    )  # fmt: skip


def body(answer: str) -> str:
    found = re.search(r"<soapenv:Body>\n?(.*?)\n?</soapenv:Body>", answer, re.DOTALL)
    assert found, answer
    return found[1]


def task_of(answer: str) -> str:
    found = re.search(r'<returnval type="Task">(task-\d+)</returnval>', answer)
    assert found, answer
    return found[1]


def test_the_versions_that_a_client_chooses_from_are_served_and_no_wsdl(wire: Wire) -> None:
    status, text = wire.get("/sdk/vimServiceVersions.xml")
    root = ElementTree.fromstring(text)
    assert (status, root.tag, root.get("version")) == (200, "namespaces", "1.0")
    assert root.findtext("namespace/name") == "urn:vim25"
    assert root.findtext("namespace/version") == "8.0.3.0"
    assert "6.7" in {one.text for one in root.iter("version")}
    assert wire.get("/sdk/vimService.wsdl")[0] == 404


def test_service_content_is_there_without_a_login_and_names_the_managers(wire: Wire) -> None:
    text = body(wire.post(CONTENT))
    assert text.startswith('<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval>')
    assert '<rootFolder type="Folder">group-d1</rootFolder>' in text
    assert '<propertyCollector type="PropertyCollector">propertyCollector</propertyCollector>' in text
    assert "<apiType>VirtualCenter</apiType>" in text
    assert wire.status == 200


def test_a_login_gives_a_session_cookie_and_the_session(wire: Wire) -> None:
    text = body(wire.login())
    assert wire.status == 200
    assert re.fullmatch(r'vmware_soap_session="[0-9a-f]{40}"', wire.cookie)
    assert "<userName>administrator@vsphere.local</userName>" in text
    assert "Passw0rd" not in text


def test_a_wrong_password_is_the_vendor_s_fault_letter_by_letter(wire: Wire) -> None:
    text = body(wire.login(password="wrong"))
    assert wire.status == 500
    assert wire.cookie == ""
    assert text == (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>Cannot complete login due to an incorrect "
        'user name or password.</faultstring><detail><InvalidLoginFault xmlns="urn:vim25" xsi:type="InvalidLogin">'
        "</InvalidLoginFault></detail></soapenv:Fault>"
    )


def test_a_call_without_a_session_is_not_authenticated(wire: Wire) -> None:
    text = wire.post(TIME)
    assert wire.status == 500
    assert '<NotAuthenticatedFault xmlns="urn:vim25" xsi:type="NotAuthenticated">' in text
    assert "<faultstring>The session is not authenticated.</faultstring>" in text


def test_chunked_request_bodies_are_read(wire: Wire) -> None:
    wire.login()
    plain = wire.post(read("VirtualMachine", "vm-1001", "name"))
    chunked = wire.post(read("VirtualMachine", "vm-1001", "name"), chunked=True)
    assert chunked == plain
    assert wire.status == 200


def test_leaf_properties_are_written_with_their_types(wire: Wire) -> None:
    wire.login()
    text = body(
        wire.post(
            read(
                "VirtualMachine", "vm-1001", "name", "runtime.powerState", "runtime.host",
                "summary.config.memorySizeMB", "summary.storage.committed",
                "runtime.consolidationNeeded", "config.extraConfig",
            )
        )
    )  # fmt: skip
    assert text == (
        '<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="VirtualMachine">vm-1001</obj>'
        '<propSet><name>name</name><val xsi:type="xsd:string">vm0</val></propSet>'
        '<propSet><name>runtime.powerState</name><val xsi:type="VirtualMachinePowerState">poweredOn</val></propSet>'
        '<propSet><name>runtime.host</name><val xsi:type="ManagedObjectReference" type="HostSystem">host-1001</val>'
        "</propSet>"
        '<propSet><name>summary.config.memorySizeMB</name><val xsi:type="xsd:int">4096</val></propSet>'
        '<propSet><name>summary.storage.committed</name><val xsi:type="xsd:long">21474836480</val></propSet>'
        '<propSet><name>runtime.consolidationNeeded</name><val xsi:type="xsd:boolean">false</val></propSet>'
        '<propSet><name>config.extraConfig</name><val xsi:type="ArrayOfOptionValue">'
        '<OptionValue><key>svga.present</key><value xsi:type="xsd:string">TRUE</value></OptionValue>'
        '<OptionValue><key>nvram</key><value xsi:type="xsd:string">vm0.nvram</value></OptionValue></val></propSet>'
        "</objects></returnval></RetrievePropertiesExResponse>"
    )


def test_what_is_unset_is_left_out_and_never_written_empty(wire: Wire) -> None:
    wire.login()
    text = wire.post(read("VirtualMachine", "vm-1002", "name", "guest.ipAddress", "snapshot", "runtime.bootTime"))
    assert text.count("<propSet>") == 1
    assert "ipAddress" not in text


def test_a_task_names_the_machine_as_its_entity_also_when_it_makes_a_snapshot(estate: Estate, wire: Wire) -> None:
    wire.login()
    made = wire.post(
        call("CreateSnapshot_Task", "VirtualMachine", "vm-1001",
             "<name>s &amp; t</name><memory>false</memory><quiesce>true</quiesce>")
    )  # fmt: skip
    task = task_of(made)
    estate.until(lambda: getattr(estate.state.objects[task], "state", "") == "success")
    text = wire.post(read("Task", task, "info"))
    assert '<entity type="VirtualMachine">vm-1001</entity>' in text
    assert '<result xsi:type="ManagedObjectReference" type="VirtualMachineSnapshot">snapshot-1001</result>' in text
    assert "<state>success</state>" in text
    assert not re.search(r"<(\w+)[^>]*></\1>", text)


def test_a_power_verb_in_the_wrong_state_ends_its_task_in_the_fault_with_the_state_found(
    estate: Estate, wire: Wire
) -> None:
    wire.login()
    task = task_of(wire.post(call("PowerOnVM_Task", "VirtualMachine", "vm-1001")))
    text = wire.post(read("Task", task, "info.state", "info.error"))
    assert '<val xsi:type="TaskInfoState">error</val>' in text
    assert (
        '<val xsi:type="LocalizedMethodFault"><fault xsi:type="InvalidPowerState"><requestedState>poweredOff'
        "</requestedState><existingState>poweredOn</existingState></fault><localizedMessage>The attempted operation "
        "cannot be performed in the current state (Powered on).</localizedMessage></val>"
    ) in text


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (call("MakeCoffee", "ServiceInstance", "ServiceInstance", "<milk>yes</milk>"), "InvalidRequest"),
        (call("QueryPerfCounter", "PerformanceManager", "PerfMgr", "<counterId>1</counterId>"), "NotSupported"),
        (call("PowerOnVM_Task", "VirtualMachine", "vm-9"), "ManagedObjectNotFound"),
        (call("PowerOnVM_Task", "Folder", "group-d1"), "InvalidRequest"),
        (call("PowerOnVM_Task", "VirtualMachine", "vm-1001", "<sugar>2</sugar>"), "InvalidRequest"),
        (call("CreateSnapshot_Task", "VirtualMachine", "vm-1001", "<name>x</name>"), "InvalidRequest"),
        (call("RemoveAllSnapshots_Task", "VirtualMachine", "vm-1001", "<consolidate>maybe</consolidate>"),
         "InvalidRequest"),
        (read("VirtualMachine", "vm-1001", "runtime.colour"), "InvalidProperty"),
        (read("VirtualMachine", "vm-1001", "config."), "InvalidProperty"),
        (read("Kettle", "vm-1001", "name"), "InvalidRequest"),
        (call("ContinueRetrievePropertiesEx", "PropertyCollector", "propertyCollector", "<token>77</token>"),
         "InvalidArgument"),
        ("", "InvalidRequest"),
        ("<<>>", "InvalidRequest"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_a_soap_fault(
    wire: Wire, sent: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wire.login()
    text = wire.post(sent)
    assert wire.status == 500
    assert f'xsi:type="{fault}"' in text, text
    assert "Traceback" not in text + capfd.readouterr().err
    assert wire.post(TIME).count("returnval") == 2, "the session goes on"


def test_prefixed_elements_and_a_header_are_read_as_well(wire: Wire) -> None:
    wire.login()
    text = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:v="urn:vim25">'
        "<s:Header><operationID>42</operationID></s:Header>"
        '<s:Body><v:CurrentTime><v:_this type="ServiceInstance">ServiceInstance</v:_this></v:CurrentTime></s:Body>'
        "</s:Envelope>"
    )
    wire.http.request("POST", "/sdk", text.encode(), {"Cookie": wire.cookie})
    answer = wire.http.getresponse()
    assert answer.status == 200
    assert b"CurrentTimeResponse" in answer.read()


def test_an_envelope_as_go_clients_write_it_is_read(wire: Wire) -> None:
    """Default namespaces, a long prefix for the types of XML Schema, and a walk with derived selection types."""
    wire.login()
    xsi = 'xmlns:XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance"'
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Header><id>7</id></Header><Body>'
        '<RetrieveProperties xmlns="urn:vim25"><_this type="PropertyCollector">propertyCollector</_this><specSet>'
        "<propSet><type>ManagedEntity</type><pathSet>name</pathSet></propSet>"
        "<propSet><type>VirtualMachine</type><pathSet>runtime.powerState</pathSet></propSet>"
        '<objectSet><obj type="Folder">group-v1001</obj><skip>false</skip>'
        f'<selectSet {xsi} XMLSchema-instance:type="TraversalSpec"><type>Folder</type><path>childEntity</path>'
        "</selectSet></objectSet></specSet></RetrieveProperties></Body></Envelope>"
    )
    wire.http.request("POST", "/sdk", text.encode(), {"Cookie": wire.cookie, "SOAPAction": "urn:vim25/8.0.0.1"})
    answer = wire.http.getresponse().read().decode()
    assert answer.count("<returnval>") == 7
    assert answer.count("runtime.powerState") == 6
    assert '<obj type="Folder">group-v1001</obj><propSet><name>name</name>' in answer


def test_what_a_client_reads_of_the_session_is_its_own(estate: Estate, wire: Wire) -> None:
    asked = read("SessionManager", "SessionManager", "currentSession")
    assert "userName" not in wire.post(asked)
    wire.login()
    other = Wire(estate)
    other.login()
    keys = [re.search(r"<key>([^<]+)</key>", one.post(asked)) for one in (wire, other)]
    assert keys[0] and keys[1] and keys[0][1] != keys[1][1]


def test_an_older_client_is_answered_in_its_own_version(wire: Wire) -> None:
    wire.login()
    old = wire.post(read("VirtualMachine", "vm-1001", "runtime"), action="urn:vim25/5.0")
    new = wire.post(read("VirtualMachine", "vm-1001", "runtime"))
    assert "consolidationNeeded" in old
    assert len(old) <= len(new)


def test_a_session_ends_after_half_an_idle_hour(estate: Estate, wire: Wire) -> None:
    wire.login()
    estate.pass_time(1700)
    assert "CurrentTimeResponse" in wire.post(TIME)
    estate.pass_time(1900)
    assert "NotAuthenticated" in wire.post(TIME)
    assert estate.device.counters.sessions == 0


def test_with_no_session_left_a_login_is_unavailable(estate: Estate, wire: Wire) -> None:
    estate.device.max_sessions = 1
    wire.login()
    other = Wire(estate)
    other.login()
    assert other.status == 503
    wire.post(call("Logout", "SessionManager", "SessionManager"))
    other.login()
    assert other.status == 200
    assert estate.device.counters.logouts == 1


def test_a_fault_of_the_door_carries_a_proxy_s_page_or_a_system_error(estate: Estate, wire: Wire) -> None:
    wire.login()
    fault = estate.world.faults.add(estate.device.name, FaultKind.HTTP_503, "CurrentTime")
    assert "503" in wire.post(TIME)
    assert wire.status == 503
    estate.world.faults.remove(fault.id)
    estate.world.faults.add(estate.device.name, FaultKind.HTTP_500, "CurrentTime", count=1)
    assert 'xsi:type="SystemError"' in wire.post(TIME)
    assert "CurrentTimeResponse" in wire.post(TIME)


def test_the_clock_is_the_device_s_own(estate: Estate, wire: Wire) -> None:
    wire.login()
    estate.world.faults.add(estate.device.name, FaultKind.CLOCK_SKEWED, seconds=86_400)
    found = re.search(r"<returnval>(\d{4}-\d\d-\d\d)T", wire.post(TIME))
    assert found
    assert found[1] == time.strftime("%Y-%m-%d", time.gmtime(estate.world.clock.now() + 86_400))


def test_wait_for_updates_answers_nothing_after_a_quiet_wait(wire: Wire) -> None:
    wire.login()
    wire.post(
        call("CreateFilter", "PropertyCollector", "propertyCollector",
             "<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet><objectSet>"
             '<obj type="VirtualMachine">vm-1001</obj></objectSet></spec><partialUpdates>false</partialUpdates>')
    )  # fmt: skip
    wait = call("WaitForUpdatesEx", "PropertyCollector", "propertyCollector", "<version>%s</version>"
                "<options><maxWaitSeconds>%d</maxWaitSeconds></options>")  # fmt: skip
    first = wire.post(wait % ("", 0))
    assert "<version>1</version>" in first
    assert (
        '<objectSet><kind>enter</kind><obj type="VirtualMachine">vm-1001</obj><changeSet><name>name</name>'
        '<op>assign</op><val xsi:type="xsd:string">vm0</val></changeSet></objectSet>'
    ) in first
    assert body(wire.post(wait % ("1", 0))) == '<WaitForUpdatesExResponse xmlns="urn:vim25"></WaitForUpdatesExResponse>'
    assert "InvalidCollectorVersion" in wire.post(wait % ("99", 0))
