"""Coordinators import what they keep; a file reaches nothing of other networks, and tells nothing of it."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile

from networks.services import grant_role
from practices.imports import jobs
from practices.imports.running import import_file
from practices.models import Practice
from practices.services import PracticeRecord, store
from tests.factories import make_city, make_network, make_person, make_practice

pytestmark = pytest.mark.django_db
DRAFT = {"external_id": "one", "network": "nordic", "source_language": "en", "title_en": "Title"}


@pytest.fixture
def world(admin_user, tmp_path):
    class World:
        malmo, torino = make_city("Malmö", slug="malmo"), make_city("Torino", "IT", slug="torino")
        nordic, foreign = make_network("nordic", cities=[malmo]), make_network("foreign", cities=[torino])
        coordinator = make_person("karin@example.org")
        administrator = admin_user
        path = tmp_path / "list.json"

    grant_role(World.coordinator, "coordinator", actor=admin_user, network=World.nordic)
    return World


def imported(world, *rows, actor=None, **options):
    world.path.write_text(json.dumps(rows), encoding="utf-8")
    return import_file(world.path, actor=actor or world.coordinator, **options)


def test_import_of_own_network_and_city_is_stored(world):
    report = imported(world, DRAFT | {"city": "Malmö", "country": "SE"})
    practice = Practice.objects.get()
    assert (report.added, report.problems) == (1, [])
    assert (practice.city, list(practice.networks.all())) == (world.malmo, [world.nordic])


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"network": "foreign"}, "network"),
        ({"network": "nordic|foreign"}, "network"),
        ({"network": ""}, "network"),
        ({"city": "Torino", "country": "IT"}, "city"),
        ({"city": "Oslo", "country": "NO"}, "city"),
    ],
)
def test_import_beyond_the_own_networks_is_refused_row_by_row(world, changes, column):
    report = imported(world, DRAFT | changes, DRAFT | {"external_id": "two"})
    assert {problem[1] for problem in report.problems} == {column}
    assert [practice.external_id for practice in Practice.objects.all()] == ["two"]
    # The same file in the hands of somebody who keeps all networks.
    assert imported(world, DRAFT | changes, actor=world.administrator).problems == []


def test_import_does_not_reach_practices_of_others_by_their_number(world):
    theirs = make_practice(networks=[world.foreign], city=world.torino, texts={"title_en": "Theirs"})
    told = imported(world, {"hub_id": str(theirs.pk), "title_en": "Mine"}).problems
    unknown = imported(world, {"hub_id": "999999", "title_en": "Mine"}).problems
    assert [problem[2] for problem in told] == [problem[2] for problem in unknown]
    theirs.refresh_from_db()
    assert theirs.title_en == "Theirs"


def test_import_does_not_reach_practices_of_others_by_their_external_id(world):
    theirs = make_practice(networks=[world.foreign], city=world.torino, texts={"title_en": "Theirs"})
    Practice.objects.filter(pk=theirs.pk).update(external_source="nordic", external_id="one")
    report = imported(world, DRAFT)
    assert [problem[1] for problem in report.problems] == ["external_id"]
    theirs.refresh_from_db()
    assert theirs.title_en == "Theirs"


def test_import_leaves_the_networks_of_others_with_a_shared_practice(world):
    shared = make_practice(networks=[world.nordic, world.foreign], city=world.malmo)
    imported(world, {"hub_id": str(shared.pk), "network": "nordic", "title_en": "New title"})
    shared.refresh_from_db()
    assert shared.title_en == "New title"
    assert set(shared.networks.all()) == {world.nordic, world.foreign}


def test_store_itself_refuses_what_is_not_kept(world):
    theirs = make_practice(networks=[world.foreign], city=world.torino)
    with pytest.raises(PermissionDenied):
        store([PracticeRecord(theirs, network_ids=[world.nordic.pk], is_new=False)], actor=world.coordinator)
    with pytest.raises(PermissionDenied):
        store(
            [PracticeRecord(Practice(source_language="en"), network_ids=[world.foreign.pk])], actor=world.coordinator
        )


def test_imports_of_others_are_not_to_be_seen(client, world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    upload = SimpleUploadedFile("secret-list.json", json.dumps([DRAFT]).encode())
    job = jobs.start(actor=world.administrator, upload=upload, language="en")
    client.force_login(world.coordinator)
    assert "secret-list" not in client.get("/admin/practices/importjob/").content.decode()
    assert client.get(f"/admin/practices/importjob/{job.pk}/change/").status_code == 404
