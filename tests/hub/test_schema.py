import re

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from hub.wsgi import application
from tests.events.factories import make_event, make_session
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db

SCHEMA = "/api/v1/schema/"


@pytest.fixture
def described(client):
    return yaml.safe_load(client.get(SCHEMA).content)


def test_schema_is_valid_and_without_a_warning(tmp_path, capsys):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    assert capsys.readouterr().err == ""


def test_schema_has_these_operations_each_with_its_errors(described):
    operations = {path: list(methods) for path, methods in described["paths"].items()}
    assert operations == {
        f"/api/v1/{path}": ["get"]
        for path in (
            "cities/",
            "cities/{slug}/",
            "events/",
            "events/{id}/",
            "networks/",
            "networks/{slug}/",
            "practices/",
            "practices/{id}/",
            "vocabularies/",
            "vocabularies/{scheme}/",
        )
    }
    for methods in described["paths"].values():
        assert sorted(methods["get"]["responses"]) == ["200", "400", "404"]
        assert "language" in [parameter["name"] for parameter in methods["get"]["parameters"]]


def test_schema_names_no_field_of_people_or_of_the_making(described):
    assert re.findall(r"contact|created_by|visibility|status|review|focal|email", str(described["components"])) == []


@pytest.fixture
def api_schema(db):
    city = make_city(slug="malmo")
    network = make_network("nordic", cities=[city])
    make_term(Scheme.THEME, "youth", definition_en="Young people.")
    make_practice(city=city, networks=[network], external_id="x", themes=[make_term(Scheme.THEME, "youth")])
    make_session(make_event(city=city, networks=[network]))
    # Real requests close the connection that the test's transaction needs; Django's own test client does the same.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi(f"{SCHEMA}?format=json", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schemathesis.pytest.from_fixture("api_schema").parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_request_is_answered_as_the_schema_says(case):
    case.call_and_validate(
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            unsupported_method,
        ]
    )


def test_documentation_needs_no_inline_script_and_no_foreign_host(client):
    response = client.get("/api/v1/docs/")
    page = response.content.decode()
    addresses = re.findall(r'(?:src|href|data-schema)="([^"]*)"', page)
    assert response.status_code == 200
    assert [address for address in addresses if not address.startswith("/")] == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page) == []
    assert "unsafe" not in response["Content-Security-Policy"]
    assert SCHEMA in addresses
