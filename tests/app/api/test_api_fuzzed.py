"""The API against its own description: whatever is asked for, it answers as it says it does, and never fails."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.app.api.served import TOKEN, Served


@pytest.fixture(scope="session")
def described(api: Served) -> object:
    return schemathesis.openapi.from_url(f"{api.url}/openapi.json")


# Of a stream without an end there is no answer to look at.
pytestmark = pytest.mark.hypothesis
EXAMPLES = 4 if settings.get_current_profile_name() == "suite" else 300

schema = schemathesis.pytest.from_fixture("described").exclude(path="/live")


@schema.parametrize()
@settings(max_examples=EXAMPLES)
def test_every_answer_is_as_described_and_none_is_a_failure(case: Case) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert answer.status_code < 500
    checks = [status_code_conformance, content_type_conformance, response_schema_conformance]
    case.validate_response(answer, checks=checks)


def test_only_reading_is_described(api: Served) -> None:
    paths = api.get("/openapi.json", token=None).json["paths"]
    assert len(paths) > 20
    assert {method for operations in paths.values() for method in operations} == {"get"}
