"""SOAP as VMware speaks it: requests read and answers written with the vendor library's own type system."""

from __future__ import annotations

from io import StringIO
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from msgspec import Struct, field
from pyVmomi import SoapAdapter, VmomiSupport

from backends.lab.vsphere.records import Cluster, Managed, Manager, Refusal

NS = "urn:vim25"
VERSIONS = (
    "8.0.3.0", "8.0.2.0", "8.0.1.0", "8.0.0.2", "8.0.0.1", "8.0.0.0", "7.0.3.2", "7.0.3.1", "7.0.3.0", "7.0.2.1",
    "7.0.2.0", "7.0.1.1", "7.0.1.0", "7.0.0.2", "7.0.0.0", "6.9.1", "6.8.7", "6.7.3", "6.7.2", "6.7.1", "6.7",
    "6.5", "6.0", "5.5", "5.1", "5.0", "4.1", "4.0", "2.5u2server", "2.5u2", "2.5",
)  # fmt: skip
_NEWEST = VmomiSupport.GetVersionFromVersionUri(f"{NS}/{VERSIONS[0]}")
_OPEN = SoapAdapter.XML_HEADER + "\n" + SoapAdapter.SOAP_START
_CLOSE = SoapAdapter.SOAP_END
_BODY = SoapAdapter.XMLNS_SOAPENV + " Body"


def service_versions() -> bytes:
    """``/sdk/vimServiceVersions.xml``: the versions of the interface that clients may choose from."""
    prior = "".join(f"    <version>{version}</version>\n" for version in VERSIONS[1:])
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<namespaces version="1.0">\n <namespace>\n'
        f"  <name>{NS}</name>\n  <version>{VERSIONS[0]}</version>\n   <priorVersions>\n{prior}   </priorVersions>\n"
        " </namespace>\n</namespaces>\n"
    ).encode()


def version_of(soap_action: str) -> str:
    """The interface version that a client asks for in its SOAPAction header; the newest where it names none we know."""
    uri = soap_action.strip().strip('"')
    if uri.removeprefix(f"{NS}/") in VERSIONS:
        return str(VmomiSupport.GetVersionFromVersionUri(uri))
    return str(_NEWEST)


class Call(Struct):
    """A decoded request to the object ``moid``; ``args`` by parameter name, absent ones left out."""

    method: str
    kind: str = ""
    moid: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    info: Any = None


class NotUnderstood(Exception):  # noqa: N818
    """The request is no SOAP call of this interface; the message is what the server says of it."""


class _Reader(SoapAdapter.ExpatDeserializerNSHandlers):  # type: ignore[misc]
    """Reads an envelope: the first element of the Body is the method, its children are the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.parser: Any = ParserCreate(namespace_separator=SoapAdapter.NS_SEP)
        self.parser.buffer_text = True
        SoapAdapter.SetHandlers(self.parser, SoapAdapter.GetHandlers(self))
        self.call: Call | None = None
        self._in_body = False
        self._params: dict[str, Any] = {}
        self._reading: list[tuple[str, bool, Any]] = []

    def StartElementHandler(self, tag: str, attr: dict[str, str]) -> None:  # noqa: N802
        if tag == _BODY:
            self._in_body = True
        elif self._in_body and self.call is None:
            self._method(tag)
        elif self.call is not None:
            self._parameter(tag, attr)

    def CharacterDataHandler(self, data: str) -> None:  # noqa: N802
        return

    def EndElementHandler(self, tag: str) -> None:  # noqa: N802
        return

    def _method(self, tag: str) -> None:
        ns, _, name = tag.rpartition(" ")
        self.call = Call(name)
        if name == "Fetch":
            self._params = {"prop": str}
            return
        try:
            self.call.info = VmomiSupport.GetWsdlMethod(ns, name).info
        except KeyError:
            return
        self._params = {param.name: param.type for param in self.call.info.params}

    def _parameter(self, tag: str, attr: dict[str, str]) -> None:
        assert self.call is not None
        name = tag.rpartition(" ")[2]
        if name == "_this":
            kind: Any = VmomiSupport.ManagedObject
        elif name in self._params:
            kind = self._params[name]
        else:
            kind = object if self.call.info is None and self.call.method != "Fetch" else None
            if kind is None:
                raise NotUnderstood(f'Unexpected element tag "{name}" seen while parsing {self.call.method}')
        many = issubclass(kind, list)
        reader = SoapAdapter.SoapDeserializer()
        reader.Deserialize(self.parser, kind.Item if many else kind, False, self.nsMap)
        self._reading.append((name, many, reader))
        if self.call.info is None and self.call.method != "Fetch" and name != "_this":
            raise _Enough
        reader.StartElementHandler(tag, attr)

    def finish(self) -> Call:
        """The call, when the whole text was parsed."""
        if self.call is None:
            raise NotUnderstood("The request has no method in its Body")
        for name, many, reader in self._reading:
            value = reader.GetResult()
            if name == "_this":
                self.call.kind, self.call.moid = VmomiSupport.GetWsdlName(type(value)), value._moId
            elif many:
                self.call.args.setdefault(name, []).append(value)
            else:
                self.call.args[name] = value
        return self.call


class _Enough(Exception):  # noqa: N818
    """The method is unknown: its parameters cannot be read and need not be."""


def method_of(body: bytes) -> str:
    """The name of the method that a request calls, as far as can be told from its text; empty if it cannot."""
    place = body.find(b"Body")
    start = body.find(b"<", place) if place >= 0 else -1
    while start >= 0 and body[start + 1 : start + 2] in (b"!", b"?"):
        start = body.find(b"<", start + 1)
    if start < 0:
        return ""
    name = body[start + 1 : start + 200].split(b">")[0].split(b"/")[0].split()
    return name[0].split(b":")[-1].decode("ascii", "replace") if name else ""


def read(body: bytes) -> Call:
    """Decode a request. Raises :class:`NotUnderstood` for what is not XML, not SOAP, or not of the types."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
        return reader.finish()
    except _Enough:
        assert reader.call is not None
        return reader.call
    except ExpatError as error:
        raise NotUnderstood(f"XML parse error: {error}") from error
    except (TypeError, AttributeError, ValueError, KeyError, IndexError) as error:
        raise NotUnderstood(f"Error while parsing the request: {type(error).__name__}: {error}") from error


# ----------------------------------------------------------------------------------------------------------- answers


def value_xml(name: str, value: Any, kind: Any, version: str) -> str:
    """One element ``name`` with ``value``, as the vendor's serializer writes it under the default namespace."""
    writer = StringIO()
    serializer = SoapAdapter.SoapSerializer(writer, version, _namespaces())
    serializer.outermostAttrs = ""
    serializer.Serialize(value, VmomiSupport.Object(name=name, type=kind, version=version, flags=0))
    # The library writes the name of its own class where servers write the name of the type.
    return writer.getvalue().replace('xsi:type="ManagedObject"', 'xsi:type="ManagedObjectReference"')


def _namespaces() -> dict[str, str]:
    names = dict(SoapAdapter.SOAP_NSMAP)
    names[NS] = ""
    return names


def envelope(body: str) -> bytes:
    return bytes(f"{_OPEN}{body}{_CLOSE}".encode())


def answer(method: str, content: str) -> bytes:
    """The answer of a method, whose ``returnval`` elements are already written."""
    return envelope(f'<{method}Response xmlns="{NS}">{content}</{method}Response>')


def result(method: str, value: Any, kind: Any, version: str) -> bytes:
    """The answer of a method with its result; no ``returnval`` where there is none."""
    if value is None or (isinstance(value, list) and not value and kind is not object):
        return answer(method, "")
    return answer(method, value_xml("returnval", value, kind, version))


def fault(error: Any, version: str) -> bytes:
    """A SOAP fault that carries ``error``, a MethodFault of the vendor's types."""
    name = VmomiSupport.GetWsdlName(type(error)) + "Fault"
    writer = StringIO()
    serializer = SoapAdapter.SoapSerializer(writer, version, _namespaces())
    serializer.outermostAttrs = ""
    text = SoapAdapter.XmlEscape(error.msg or "")
    error.msg = None
    info = VmomiSupport.Object(name=name, type=object, version=version, flags=0)
    serializer.defaultNS = NS
    serializer.SerializeFaultDetail(error, info)
    detail = writer.getvalue().replace(f"<{name}", f'<{name} xmlns="{NS}"', 1)
    return envelope(
        f"<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{text}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )


def refusal_fault(refusal: Refusal) -> Any:
    """The vendor's fault that a refusal of the lab's state stands for."""
    made = fault_type(refusal.fault)()
    made.msg = refusal.text
    for name, value in refusal.fields.items():
        setattr(made, name, reference(value) if isinstance(value, Managed) else value)
    return made


def fault_type(name: str) -> Any:
    """The type of a fault by its name on the wire."""
    return VmomiSupport.GetWsdlType(NS, name)


def simple_fault(name: str, text: str) -> Any:
    made = fault_type(name)()
    made.msg = text
    return made


def type_name(record: Managed) -> str:
    """The type's name of a record on the wire."""
    if isinstance(record, Manager):
        return record.kind
    return "ClusterComputeResource" if isinstance(record, Cluster) and record.clustered else record.KIND


def reference(record: Managed | None) -> Any:
    """The managed object reference of a record."""
    return None if record is None else VmomiSupport.GetWsdlType(NS, type_name(record))(record.moid)


def references(records: list[Any]) -> Any:
    """References of many records."""
    return [reference(record) for record in records]
