import pytest
from django.core.files.base import ContentFile

from networks.models import RoleAssignment
from networks.services import grant_role
from practices.models import PracticeDocument, PracticeImage
from practices.services import withdraw
from tests.factories import make_city, make_person, make_practice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(practice, **values):
    record = PracticeImage(practice=practice, alt_text_en="A square", **values)
    record.file.save("Bo Berg.webp", ContentFile(b"RIFF"), save=False)
    PracticeImage.objects.bulk_create([record])  # The bytes are no picture: the model would measure them.
    return PracticeImage.objects.get()


def document(practice, name="plan.html"):
    record = PracticeDocument(practice=practice, language="en", title_en="Plan")
    record.file.save(name, ContentFile(b"<script>"), save=False)
    record.save()
    return record


def test_picture_of_a_public_practice_is_shown_under_a_random_name(client):
    record = picture(make_practice())
    response = client.get(record.file.url)
    assert (response.status_code, response["Content-Type"], response["Cache-Control"]) == (
        200,
        "image/webp",
        "public, max-age=30",
    )
    assert "Bo" not in record.file.url


def test_document_is_handed_over_never_run(client):
    response = client.get(document(make_practice()).file.url)
    assert response["Content-Disposition"].startswith("attachment; ")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("state", ["draft", "not shown", "withdrawn"])
def test_file_that_readers_must_not_see_is_not_there(client, admin_user, state):
    practice = make_practice(published=state != "draft")
    record = picture(practice, is_live=state != "not shown")
    if state == "withdrawn":
        assert client.get(record.file.url).status_code == 200
        withdraw(practice, actor=admin_user, note="A person can be recognised.")
    assert client.get(record.file.url).status_code == 404


def test_writer_sees_the_file_of_a_draft_and_no_cache_keeps_it(client, admin_user):
    city = make_city()
    record = picture(make_practice(published=False, city=city))
    officer, other = make_person(), make_person()
    grant_role(officer, RoleAssignment.Role.CONTRIBUTOR, actor=admin_user, city=city)
    grant_role(other, RoleAssignment.Role.CONTRIBUTOR, actor=admin_user, city=make_city("Torino"))
    client.force_login(officer)
    response = client.get(record.file.url)
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
    client.force_login(other)
    assert client.get(record.file.url).status_code == 404


def test_web_server_in_front_reads_the_file_itself(client, settings):
    settings.FILES_BY_PROXY = "/protected/"
    record = picture(make_practice())
    response = client.get(record.file.url)
    assert (response["X-Accel-Redirect"], response.content) == (f"/protected/{record.file.name}", b"")


@pytest.mark.parametrize("path", ["imports/list.json", "practices/../imports/list.json", "practices/images/none.webp"])
def test_other_files_are_not_there(client, tmp_path, path):
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "list.json").write_text("{}")
    assert client.get(f"/media/{path}").status_code == 404
