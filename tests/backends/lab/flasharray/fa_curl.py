"""Plain HTTPS requests to a simulated array, as curl would send them."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

from tests.backends.flasharray.fa_estate import TOKEN, Estate


@dataclass
class Curl:
    """A connection with a session (unless told otherwise)."""

    arrays: Estate
    name: str = "fa-prd"
    version: str = "2.26"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.arrays.lab.identities.ca_file))
        port = self.arrays.world.devices[self.name].ports["https"]
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)

    def raw(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPResponse, bytes]:
        text = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        self.connection.request(method, path, text, self.headers | (headers or {}))
        response = self.connection.getresponse()
        return response.status, response, response.read()

    def login(self) -> Curl:
        status, response, _ = self.raw("POST", f"/api/{self.version}/login", headers={"api-token": TOKEN})
        assert status == 200
        self.headers["x-auth-token"] = response.headers["x-auth-token"]
        return self

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, _, text = self.raw(method, f"/api/{self.version}/{path}", body)
        return status, json.loads(text) if text else None

    def items(self, path: str) -> list[dict[str, Any]]:
        status, body = self.call("GET", path)
        assert status == 200, body
        found: list[dict[str, Any]] = body["items"]
        return found

    def error(self, method: str, path: str, body: Any = None) -> str:
        status, answer = self.call(method, path, body)
        assert status == 400, (status, answer)
        message: str = answer["errors"][0]["message"]
        return message
