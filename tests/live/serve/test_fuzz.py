"""A fuzzer over the OpenAPI document: whatever is sent, the server does not fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Site = Any
Make = Callable[..., Site]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def statuses(operation: Any, mode: GenerationMode) -> set[int]:
    """Ask one operation some dozen times, each answer checked against the document."""
    seen: set[int] = set()

    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call()
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    return seen


# Some dozen requests, right and wrong ones, for each of about twenty operations.
@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_makes_the_server_fail(
    site: Make, bundle: Path, values: Path, careful: Path, mode: GenerationMode
) -> None:
    three = site(shop=bundle, house=values, careful=careful)
    schema = schemathesis.openapi.from_asgi("/openapi.json", three.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:  # what takes nothing cannot be asked wrongly
        operations = [o for o in operations if o.body or o.path_parameters or o.query]
    asked = {operation.label: statuses(operation, mode) for operation in operations}
    # A version that is made up is not there: those paths answer 404 as well.
    predictions = [seen for label, seen in asked.items() if re.fullmatch(r"POST /models/\w+/predict", label)]
    assert len(predictions) == 3
    wanted = {200} if mode is GenerationMode.POSITIVE else {400, 404, 422}
    assert all(wanted & seen for seen in predictions), asked
    assert max(max(seen) for seen in asked.values()) < 500
