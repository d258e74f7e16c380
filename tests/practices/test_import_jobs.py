import json
import zipfile
from datetime import timedelta

import pytest
from celery import current_app
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from common import background
from networks.models import RoleAssignment
from practices import tasks
from practices.imports import jobs, running
from practices.models import ImportJob, Practice
from tests.factories import make_network

DRAFT = {"external_id": "one", "network": "nordic", "source_language": "en", "title_en": "Title"}
BROKEN = "Setul care priveÈ™te distanÈ›area"


@pytest.fixture(autouse=True)
def uploads(tmp_path, settings, db):
    settings.MEDIA_ROOT = tmp_path
    make_network("nordic")
    return tmp_path


@pytest.fixture
def queue(monkeypatch):
    """The tasks that were handed to the workers; none runs by itself."""
    sent = []
    monkeypatch.setattr(background, "_send", lambda task, args: sent.append((task, *args)))
    return sent


def importer(email="importer@example.org", **fields):
    user = User.objects.create_user(email, is_staff=True, **fields)
    RoleAssignment.objects.create(person=user, role=RoleAssignment.Role.ADMINISTRATOR)
    return user


def upload(*rows, name="list.json", content=None):
    return SimpleUploadedFile(name, json.dumps(rows).encode() if content is None else content)


def started(*rows, actor=None, **options):
    return jobs.start(actor=actor or importer(), upload=upload(*rows, **options), language="en")


def checked(*rows, **options):
    job = started(*rows, **options)
    jobs.run_check(job.pk)
    job.refresh_from_db()
    return job


def page(job, name="change"):
    return reverse(f"admin:practices_importjob_{name}", args=[job.pk])


# Taking in ---------------------------------------------------------------------------------------


def test_start_stores_the_file_under_a_random_name(uploads):
    job = started(DRAFT, name="staff mailboxes.json")

    assert job.name == "staff mailboxes.json"
    assert job.state == ImportJob.State.WAITING
    assert [path.suffix for path in (uploads / "imports").iterdir()] == [".json"]
    assert "mailboxes" not in job.file.name


def test_start_hands_the_check_to_the_workers_after_commit(queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = started(DRAFT)
        assert queue == []

    assert queue == [("practices.tasks.check_import", job.pk)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("list.exe", b"a,b", "ending"),
        ("list.csv", b"%PDF-1.7", "content"),
        ("list.csv", b"PK\x03\x04", "content"),
        ("list.csv", b"", "content"),
        ("list.csv", b'{"a": 1}', "content"),
        ("list.xlsx", b"a,b\n", "content"),
        ("list.json", b'{"a": 1}', "content"),
    ],
)
def test_start_refuses_what_is_not_as_named(name, content, code):
    with pytest.raises(ValidationError) as refusal:
        started(name=name, content=content)

    assert refusal.value.code == code


def test_start_refuses_a_large_file(monkeypatch):
    monkeypatch.setattr(jobs, "MAX_SIZE", 3)

    with pytest.raises(ValidationError, match="larger than"):
        started(DRAFT)


def test_start_needs_permission_to_add_and_change():
    with pytest.raises(PermissionDenied):
        started(DRAFT, actor=User.objects.create_user("reader@example.org", is_staff=True))


# Checking and storing ----------------------------------------------------------------------------


def test_run_check_notes_what_would_come_of_it():
    job = checked(
        DRAFT, DRAFT | {"external_id": "two", "title_en": ""}, DRAFT | {"external_id": "three", "mood": "good"}
    )

    assert job.state == ImportJob.State.CHECKED
    assert (job.total, job.rows, job.added, job.changed, job.unchanged, job.failed) == (3, 3, 2, 0, 0, 1)
    assert job.report == {
        "encoding": "",
        "unknown_columns": ["mood"],
        "problems": [[2, "title_en", "A title is needed."]],
        "broken": [],
        "sample": [[1, "one", "Title"], [2, "two", ""], [3, "three", "Title"]],
    }
    assert not Practice.objects.exists()


def test_run_check_twice_is_done_once(monkeypatch):
    job = checked(DRAFT)
    monkeypatch.setattr(jobs, "import_file", lambda *args, **kwargs: pytest.fail("checked again"))
    before = job.state, job.report

    jobs.run_check(job.pk)

    job.refresh_from_db()
    assert (job.state, job.report) == before


def test_run_check_speaks_the_language_of_the_uploader():
    job = jobs.start(actor=importer(), upload=upload(DRAFT | {"status": "x"}), language="ar")

    jobs.run_check(job.pk)

    job.refresh_from_db()
    assert job.language == "ar"
    assert job.report["problems"][0][:2] == [1, "status"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"colour;taste\nred;sweet\n", "None of the columns is known. The template has their names."),
        (b'external_id,title_en\n"a,b\n', "Line 2 cannot be read: unexpected end of data"),
    ],
)
def test_run_check_of_an_unreadable_file_fails_with_the_reason(content, reason):
    job = checked(name="list.csv", content=content)

    assert (job.state, job.failure) == (ImportJob.State.FAILED, reason)


def test_run_check_of_a_lost_file_fails_with_the_reason():
    job = started(DRAFT)
    job.file.storage.delete(job.file.name)

    jobs.run_check(job.pk)

    job.refresh_from_db()
    assert (job.state, job.failure) == (ImportJob.State.FAILED, "The file is no longer there.")


def test_run_check_unexpected_error_is_noted_and_raised(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    job = started(DRAFT)
    monkeypatch.setattr(jobs, "import_file", fail)

    with pytest.raises(ZeroDivisionError):
        jobs.run_check(job.pk)

    job.refresh_from_db()
    assert job.state == ImportJob.State.FAILED


def test_store_checked_stores_the_good_rows(queue):
    job = checked(DRAFT, DRAFT | {"external_id": "two", "title_en": ""})

    jobs.store_checked(job, actor=job.uploaded_by)
    tasks.store_import(job.pk)

    job.refresh_from_db()
    practice = Practice.objects.get()
    assert (job.state, job.added, job.failed) == (ImportJob.State.DONE, 1, 1)
    assert job.practice_ids == [practice.pk]
    assert practice.created_by == job.uploaded_by


def test_run_store_twice_stores_once():
    job = checked(DRAFT)
    jobs.store_checked(job, actor=job.uploaded_by)

    jobs.run_store(job.pk)
    jobs.run_store(job.pk)

    job.refresh_from_db()
    assert (job.state, job.added) == (ImportJob.State.DONE, 1)
    assert Practice.objects.get().version == 1


def test_run_store_after_a_crash_goes_on_and_remembers_what_it_stored(monkeypatch):
    monkeypatch.setattr(running, "BATCH", 1)
    job = checked(DRAFT, DRAFT | {"external_id": "two"})
    jobs.store_checked(job, actor=job.uploaded_by)
    real = running._check
    calls = iter([real, None])

    def crash(batch, checker):
        check = next(calls)
        if check is None:
            raise KeyboardInterrupt
        return check(batch, checker)

    monkeypatch.setattr(running, "_check", crash)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_store(job.pk)
    monkeypatch.setattr(running, "_check", real)

    jobs.run_store(job.pk)

    job.refresh_from_db()
    assert (job.state, job.added, job.unchanged) == (ImportJob.State.DONE, 1, 1)
    assert sorted(job.practice_ids) == sorted(Practice.objects.values_list("pk", flat=True))


def test_run_store_without_its_person_stores_nothing():
    job = checked(DRAFT)
    jobs.store_checked(job, actor=job.uploaded_by)
    job.uploaded_by.delete()

    jobs.run_store(job.pk)

    job.refresh_from_db()
    assert (job.state, Practice.objects.count()) == (ImportJob.State.FAILED, 0)


@pytest.mark.parametrize("loss", [{"is_active": False}, {"roles": []}])
def test_run_store_of_a_person_who_may_no_longer_stores_nothing(loss):
    job = checked(DRAFT)
    jobs.store_checked(job, actor=job.uploaded_by)
    if "is_active" in loss:
        User.objects.update(is_active=False)
    else:
        job.uploaded_by.roles.all().delete()

    jobs.run_store(job.pk)

    job.refresh_from_db()
    assert (job.state, Practice.objects.count()) == (ImportJob.State.FAILED, 0)


@pytest.mark.django_db(transaction=True)
def test_run_check_is_left_to_the_worker_that_has_it():
    job = started(DRAFT)
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [jobs.LOCKS, job.pk])
        jobs.run_check(job.pk)
        job.refresh_from_db()
        assert job.state == ImportJob.State.WAITING
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [jobs.LOCKS, job.pk])
    finally:
        other.close()

    jobs.run_check(job.pk)

    job.refresh_from_db()
    assert job.state == ImportJob.State.CHECKED


@pytest.mark.parametrize(("choice", "stored"), [("repair", "Setul care privește distanțarea"), ("keep", BROKEN)])
def test_decide_encoding_has_the_file_checked_anew(choice, stored):
    job = checked(DRAFT | {"title_ro": BROKEN})
    assert (job.broken_rows, job.to_store) == (1, 0)
    assert job.report["broken"] == [
        [1, "title_ro", "priveÈ™te", "privește"],
        [1, "title_ro", "distanÈ›area", "distanțarea"],
    ]

    jobs.decide_encoding(job, choice, actor=job.uploaded_by)
    jobs.run_check(job.pk)
    job.refresh_from_db()
    assert job.to_store == 1
    jobs.store_checked(job, actor=job.uploaded_by)
    jobs.run_store(job.pk)

    assert Practice.objects.get().title_ro == stored


def test_remove_takes_the_file_along_and_leaves_the_practices(uploads):
    job = checked(DRAFT)
    jobs.store_checked(job, actor=job.uploaded_by)
    jobs.run_store(job.pk)

    jobs.remove(job, actor=job.uploaded_by)

    assert list((uploads / "imports").iterdir()) == []
    assert Practice.objects.count() == 1


def test_jobs_of_others_are_not_to_be_touched():
    job = checked(DRAFT)
    stranger = importer("stranger@example.org")

    for verb in (jobs.store_checked, jobs.start_again, jobs.remove):
        with pytest.raises(PermissionDenied):
            verb(job, actor=stranger)
    with pytest.raises(PermissionDenied):
        jobs.decide_encoding(job, "keep", actor=stranger)


# The broker is down ------------------------------------------------------------------------------


def test_start_survives_a_broker_that_is_down(monkeypatch, django_capture_on_commit_callbacks, caplog):
    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app.tasks["practices.tasks.check_import"], "apply_async", refuse)
    monkeypatch.setitem(background._pause, "until", 0.0)

    with django_capture_on_commit_callbacks(execute=True):
        job = started(DRAFT)

    assert ImportJob.objects.get(pk=job.pk).state == ImportJob.State.WAITING
    assert "could not be handed to the workers: no broker" in caplog.text


def test_enqueue_does_not_ask_a_dead_broker_for_every_task(monkeypatch):
    tries = []

    def refuse(*args, **kwargs):
        tries.append(args)
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app.tasks["practices.tasks.check_import"], "apply_async", refuse)
    monkeypatch.setitem(background._pause, "until", 0.0)

    for number in range(3):
        background._send("practices.tasks.check_import", (number,))

    assert len(tries) == 1


# Pages -------------------------------------------------------------------------------------------


def test_upload_page_leads_to_the_job(client, queue):
    client.force_login(importer())

    answer = client.post(reverse("admin:practices_importjob_add"), {"file": upload(DRAFT)})

    job = ImportJob.objects.get()
    assert (answer.status_code, answer.url) == (302, page(job))


def test_upload_page_tells_what_is_wrong_with_the_file(client):
    client.force_login(importer())

    answer = client.post(
        reverse("admin:practices_importjob_add"), {"file": upload(name="list.csv", content=b"%PDF-1.7")}
    )

    assert "The content of this file is not what its name says." in answer.content.decode()
    assert not ImportJob.objects.exists()


def test_job_page_says_that_the_check_waits(client):
    job = started(DRAFT)
    ImportJob.objects.update(progress_at=timezone.now() - timedelta(minutes=1))
    client.force_login(job.uploaded_by)

    html = client.get(page(job)).content.decode()

    assert "No worker has taken this up yet." in html
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html


def test_job_page_offers_to_begin_again_after_a_while(client, queue, django_capture_on_commit_callbacks):
    job = started(DRAFT)
    client.force_login(job.uploaded_by)
    assert page(job, "again") not in client.get(page(job)).content.decode()
    ImportJob.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    assert page(job, "again") in client.get(page(job)).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        client.post(page(job, "again"))

    assert queue == [("practices.tasks.check_import", job.pk)]


def test_job_page_shows_counts_problems_and_the_button(client):
    job = checked(DRAFT, DRAFT | {"external_id": "two", "title_en": "", "title_ro": BROKEN}, DRAFT | {"mood": "good"})
    client.force_login(job.uploaded_by)

    html = client.get(page(job)).content.decode()

    for text in (
        "Store 1 practice",
        "A title is needed.",
        "<code>mood</code>",
        "priveÈ™te",
        "privește",
        "The refused rows",
    ):
        assert text in html
    assert page(job, "problems") in html


def test_job_page_escapes_what_the_file_says(client):
    job = checked(DRAFT | {"themes": "<script>alert(1)</script>", "<b>": "x"})
    client.force_login(job.uploaded_by)

    html = client.get(page(job)).content.decode()

    assert "<script>alert" not in html
    assert "<code><b>" not in html


def test_job_page_stores_and_leads_to_the_practices(client):
    job = checked(DRAFT)
    client.force_login(User.objects.create_superuser("root@example.org", "a long password"))

    client.post(page(job, "store"))
    jobs.run_store(job.pk)
    html = client.get(page(job)).content.decode()
    found = client.get(reverse("admin:practices_practice_changelist"), {"import": job.pk})

    assert f"?import={job.pk}" in html
    assert [practice.external_id for practice in found.context["cl"].result_list] == ["one"]


def test_status_is_what_the_bar_needs(client):
    job = started(DRAFT)
    ImportJob.objects.update(state=ImportJob.State.STORING, total=10, rows=4, progress_at=timezone.now())
    client.force_login(job.uploaded_by)

    assert client.get(page(job, "status")).json() == {
        "state": "storing",
        "label": "Being stored",
        "is_under_way": True,
        "has_stalled": False,
        "rows": 4,
        "total": 10,
        "text": "4 of 10 rows",
    }


@pytest.mark.parametrize("name", ["encoding", "store", "again"])
def test_job_changes_by_post_only(client, name):
    job = checked(DRAFT)
    client.force_login(job.uploaded_by)

    assert client.get(page(job, name)).status_code == 405


PAGES = [
    ("change", "get"),
    ("status", "get"),
    ("problems", "get"),
    ("encoding", "post"),
    ("store", "post"),
    ("again", "post"),
]


@pytest.mark.parametrize(("name", "method"), PAGES)
def test_job_of_another_is_not_found(client, name, method):
    job = checked(DRAFT)
    client.force_login(importer("stranger@example.org"))

    answer = getattr(client, method)(page(job, name))

    assert answer.status_code == 404
    job.refresh_from_db()
    assert job.state == ImportJob.State.CHECKED


@pytest.mark.parametrize(("name", "method"), PAGES)
def test_job_needs_permission_and_staff(client, name, method):
    job = checked(DRAFT)
    client.force_login(User.objects.create_user("staff@example.org", is_staff=True))
    assert getattr(client, method)(page(job, name)).status_code == 403

    client.force_login(User.objects.create_user("reader@example.org"))
    assert getattr(client, method)(page(job, name)).status_code == 302


def test_job_of_another_is_seen_by_administrators(client):
    job = checked(DRAFT)
    client.force_login(User.objects.create_superuser("root@example.org", "a long password"))

    assert client.get(page(job)).status_code == 200


def test_list_of_jobs_is_ones_own(client):
    job = checked(DRAFT)
    checked(DRAFT, actor=importer("stranger@example.org"))
    client.force_login(job.uploaded_by)

    answer = client.get(reverse("admin:practices_importjob_changelist"))

    assert [found.pk for found in answer.context["cl"].result_list] == [job.pk]


def test_problems_as_csv_are_text_not_formulas(client):
    job = checked(DRAFT | {"themes": '=HYPERLINK("http://evil.example")', "=cmd": "x"})
    ImportJob.objects.filter(pk=job.pk).update(
        report={"problems": [[2, "=cmd", "@evil"], [3, "themes", "“=a” is not known."]]}
    )
    client.force_login(job.uploaded_by)

    answer = client.get(page(job, "problems"))

    assert answer["Content-Disposition"] == f'attachment; filename="problems-{job.pk}.csv"'
    assert answer.getvalue().decode("utf-8-sig").splitlines() == [
        "line,column,reason",
        "2,'=cmd,'@evil",
        "3,themes,“=a” is not known.",
    ]


def test_template_has_all_columns(client):
    client.force_login(importer())

    header = (
        client.get(reverse("admin:practices_importjob_template")).getvalue().decode("utf-8-sig").strip().split(",")
    )

    assert header[:3] == ["external_id", "network", "status"]
    assert {"title_ar", "themes", "contact_email", "published_on"} <= set(header)


def test_zip_that_is_no_workbook_fails_in_the_worker(uploads):
    with zipfile.ZipFile(uploads / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")

    job = checked(name="list.xlsx", content=(uploads / "other.zip").read_bytes())

    assert (job.state, job.failure) == (ImportJob.State.FAILED, "This is not a readable XLSX file.")
