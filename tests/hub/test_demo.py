"""The demonstration content seeds, and real documents of the networks can be imported and found beside it."""

import email
import email.policy
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from common.languages import site_languages
from common.spreadsheets import download
from hub.demo.drawings import DRAWINGS
from hub.demo.people import PEOPLE
from hub.demo.seeding import seed
from hub.local.smtp import MailServer
from networks.models import City, Membership, Network
from newsletters import tasks
from newsletters.models import Campaign, Delivery
from practices.exports import practice_table
from practices.imports.running import import_file
from practices.models import Practice, PracticeImage, Revision, Translation
from practices.search.library import library_page
from practices.search.request import LibraryRequest

pytestmark = pytest.mark.django_db
SEEDS = Path(__file__).parents[1] / "practices" / "data" / "seeds.csv"


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """Seeded once for the module, and taken out again."""
    from hub.demo.seeding import remove
    from vocabularies.models import Term

    media = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), media:
        seed(lambda text: None)
        yield
        remove()
        Term.objects.all().delete()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_demo_exported_comes_back_unchanged(demo, admin_user, tmp_path, kind):
    ids = list(Practice.objects.values_list("pk", flat=True))
    answer = download(practice_table(ids, actor=admin_user), kind, "practices")
    path = tmp_path / f"practices.{kind}"
    path.write_bytes(answer.getvalue())

    report = import_file(path, dry_run=True)

    assert (report.unchanged, report.problems, report.unknown_columns) == (len(ids), [], [])


def found(text, reader):
    page = library_page(LibraryRequest(text=text, sort="relevance"), reader)
    by_id = Practice.objects.in_bulk([hit.practice_id for hit in page.hits])
    return [by_id[hit.practice_id].external_id for hit in page.hits]


def test_seed_is_large_and_in_every_language(demo):
    public = Practice.objects.public()
    assert Practice.objects.count() >= 60
    assert {practice.source_language for practice in public} == set(site_languages())
    assert Network.objects.count() == 5
    assert not City.objects.filter(latitude=None).exists()


def stored():
    return sorted(Practice.objects.values_list("pk", "version", "updated_at")), Membership.objects.count()


def test_seed_again_changes_nothing(demo, settings, tmp_path):
    settings.DEMO_LOGINS = tmp_path / "logins.txt"
    call_command("demo_seed", stdout=StringIO())
    before, logins = stored(), settings.DEMO_LOGINS.read_text().splitlines()
    assert len(logins) == len(PEOPLE) + 1
    call_command("demo_seed", stdout=StringIO())
    assert stored() == before
    assert settings.DEMO_LOGINS.read_text().splitlines() == logins


def test_every_desk_of_the_demonstration_has_something_waiting(demo, settings, tmp_path, client):
    settings.DEMO_LOGINS = tmp_path / "logins.txt"
    call_command("demo_seed", stdout=StringIO())
    waits = set()
    for person in PEOPLE:
        client.force_login(get_user_model().objects.get(email=person.email))
        if client.get("/en/workspace/").context["waiting"]:
            waits.add(person.email)
    assert waits == {person.email for person in PEOPLE} - {"coordinator.dialogue@example.org"}
    stages = set(Revision.objects.open().values_list("stage", flat=True))
    assert stages == {"draft", "submitted", "in-review", "changes-requested"}
    assert Translation.objects.filter(state="outdated").exists()


def test_a_dozen_practices_have_a_picture_told_in_each_of_their_languages(demo):
    pictures = PracticeImage.objects.select_related("practice")
    assert len(pictures) == 12
    for picture in pictures:
        told = tuple(code for code in site_languages() if getattr(picture, f"alt_text_{code}"))
        assert set(told) == set(picture.practice.languages)
        assert (picture.width, picture.height, picture.file.size < 50_000) == (1200, 600, True)


def test_picture_is_shown_with_its_words_in_the_readers_language(demo, client):
    practice = Practice.objects.get(external_id="demo-anna-lindh-01")
    html = client.get(practice.get_absolute_url().replace("/en/", "/ar/", 1), follow=True).content.decode()
    assert 'alt="فقاعات كلام' in html
    assert "رسم توضيحي" in html


def test_drawings_are_the_same_every_time():
    assert DRAWINGS["port"]().as_webp() == DRAWINGS["port"]().as_webp()


def test_swedish_reader_finds_kommunernas_and_narrows_to_italy(demo, client):
    html = client.get("/sv/practices/?q=kommunernas").content.decode()
    assert "<mark>kommun" in html
    narrowed = client.get("/sv/practices/?country=IT&theme=anti-rumours-narratives").content.decode()
    assert "note" in narrowed


def test_import_of_broken_encoding_waits_for_a_decision(demo):
    report = import_file(SEEDS)
    assert (report.added, report.failed) == (4, 1)
    assert {(line, column.rsplit("_", 1)[1]) for line, column, _ in report.problems} == {(report.broken[0][0], "ro")}
    assert any("privește" in reason for _, _, reason in report.problems)


def test_real_documents_are_found_in_their_own_language_and_from_another(demo):
    report = import_file(SEEDS, repair_encoding=True)
    assert (report.added, report.failed) == (5, 0)
    assert found("stadsnätverket främmandegöring", "sv")[0] == "seed-malmo-2016"
    assert found("distanțarea reintegrarea dezangajare", "ro")[0] == "seed-icommit"
    assert "seed-ran-stockholm" in found("city-level resilience dynamics of Kumanovo", "en")
    assert "seed-coordination-2020" in found("anti-rumours strategy Reggio", "en")
    assert "seed-alf-concept" in found("plateformes dialogue interculturel Alexandrie", "fr")
    assert "seed-malmo-2016" in found("città Malmö radicalizzazione", "it")
    assert import_file(SEEDS, repair_encoding=True).unchanged == 5


def test_reset_is_refused_where_content_may_be_real(settings):
    settings.DEMO_CONTENT = False
    with pytest.raises(CommandError):
        call_command("demo_reset")


def test_newsletter_and_digests_leave_for_readers_in_every_language(demo, settings, tmp_path, time_machine):
    settings.DEMO_LOGINS = tmp_path / "logins.txt"
    call_command("demo_seed", stdout=StringIO())
    midweek = timezone.now() + timedelta(days=(2 - timezone.now().weekday()) % 7)
    time_machine.move_to(midweek.replace(hour=12))
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        tasks.prepare_bulk()
        # What is due is asked of the database, whose clock did not travel.
        Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(days=8))
        tasks.send_bulk()
    mails = [email.message_from_bytes(mail[2], policy=email.policy.default) for mail in server.mails]
    letters = {mail["Content-Language"] for mail in mails if "newsletter" in mail["List-Id"]}
    digests = {mail["Content-Language"] for mail in mails if "digest" in mail["List-Id"]}
    assert (letters, digests) == (set(site_languages()), set(site_languages()))
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.audience) == ("completed", len(site_languages()))
    assert max(len(mail[2]) for mail in server.mails) < 100_000
