"""The server conforms to its OpenAPI document, whatever it receives."""

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from amadeus.client import Client  # noqa: E402
from amadeus.server.app import create_app  # noqa: E402
from amadeus.server.limits import Limits  # noqa: E402
from serving import running  # noqa: E402

schemathesis.serializer("audio/midi")(lambda ctx, value: value)
LIMITS = Limits(bars=1, notes=8, running=2, waiting=4, job_seconds=10)


@pytest.fixture(scope="module")
def description(composer, fixtures, tmp_path_factory):
    """The schema of a server with a piece and a job."""
    app = create_app(composer, data=tmp_path_factory.mktemp("server"), limits=LIMITS)
    with running(app, LIMITS) as (url, _), Client(url) as client:
        client.upload((fixtures / "funk_drums.mid").read_bytes())
        client.compose(bars=1, notes=4, seed=1)
        yield schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")


@pytest.mark.slow
def test_no_request_causes_a_server_error(description):
    for operation in description.get_all_operations():
        _check(operation.ok())


def _check(operation):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=10, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(case):
        response = case.call(timeout=120)
        assert response.status_code < 500 or response.status_code == 503, response.text
        case.validate_response(
            response,
            checks=[status_code_conformance, content_type_conformance, response_schema_conformance],
        )

    check()
