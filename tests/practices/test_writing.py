import io
import zipfile

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from openpyxl import Workbook, load_workbook
from PIL import Image

from common.uploads import MAX_IMAGE_PIXELS
from networks.models import Organisation, RoleAssignment
from networks.services import grant_role
from practices import services
from practices.content import digest
from practices.forms import STEPS
from practices.models import Practice, PracticeDocument, PracticeImage, Revision
from tests.factories import make_city, make_network, make_person, make_practice, make_term
from tests.practices.test_editorial import complete, harmless
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role
DESK = "/sv/workspace/"
START = "/sv/workspace/start/"


@pytest.fixture(autouse=True)
def surroundings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    yield
    # A page leaves its language behind in the thread.
    translation.deactivate()


@pytest.fixture
def people(admin_user):
    """Malmö with its officer and a network with its coordinator; Torino, of another network, with its own officer."""

    class People:
        admin = admin_user
        malmo = make_city("Malmö")
        torino = make_city("Torino", "IT")
        network = make_network("nordic", cities=[malmo])
        foreign = make_network("foreign", cities=[torino])
        officer = make_person("officer@example.org", language="sv", name="Olle")
        coordinator = make_person("coordinator@example.org", name="Karin")
        stranger = make_person("stranger@example.org")
        nobody = make_person("nobody@example.org")

    grant_role(People.officer, Role.CONTRIBUTOR, actor=admin_user, city=People.malmo)
    grant_role(People.coordinator, Role.COORDINATOR, actor=admin_user, network=People.network)
    grant_role(People.stranger, Role.CONTRIBUTOR, actor=admin_user, city=People.torino)
    return People


@pytest.fixture
def revision(people):
    return services.start_practice(
        actor=people.officer, city=people.malmo, source_language="sv", network_ids=[people.network.pk]
    )


@pytest.fixture
def officer(client, people):
    client.force_login(people.officer)
    return client


def address(revision, step):
    return f"{DESK}practices/{revision.practice_id}/{step}/"


def typed(client, revision, step, /, **changes):
    """What a browser would send of a step, with some inputs changed."""
    context = client.get(address(revision, step)).context
    data = {"seen": str(context["revision"].counter), "window": context["window"]}
    for row in context["rows"]:
        name = row["name"]
        data[f"was-{name}"] = row["was"]
        for key, value in context["form"].inputs(name, context["form"].initial[name]):
            data.setdefault(key, []).append(value)
    return data | changes


def content(revision):
    return Revision.objects.get(pk=revision.pk).content


# The desk


@pytest.mark.parametrize(
    ("who", "status"), [(None, 302), ("nobody", 200), ("officer", 200), ("coordinator", 200), ("stranger", 200)]
)
def test_desk_is_for_everybody_who_signs_in(client, people, who, status):
    if who:
        client.force_login(getattr(people, who))
    assert client.get(DESK).status_code == status


def test_desk_shows_stage_holder_and_completeness_of_own_practices_only(officer, people, revision):
    services.save_revision(revision, {"title_sv": "Samtal på torget"}, actor=people.officer, seen=0)
    make_practice(city=people.torino, texts={"title_en": "Somebody else's"})
    [row] = officer.get(DESK).context["rows"]
    assert (str(row.practice), row.stage, row.holder, row.days) == ("Samtal på torget", "Utkast", "Du", 0)
    assert 0 < row.percent < 100


def test_desk_changes_asked_for_wait_for_the_author(officer, people, revision):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    services.submit(revision, actor=people.officer)
    assert officer.get(DESK).context["waiting"] == []
    services.request_changes(revision, actor=people.coordinator, note="Mer om kostnader.")
    [waiting] = officer.get(DESK).context["waiting"]
    assert (waiting.title, waiting.url) == ("Samtal på torget", f"{DESK}practices/{revision.practice_id}/")


def test_desk_takes_the_same_queries_for_one_and_three_practices(officer, people, revision, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    officer.get(DESK)
    with CaptureQueriesContext(connection) as first:
        officer.get(DESK)
    count = len(first)
    for _number in range(2):
        services.start_practice(
            actor=people.officer, city=people.malmo, source_language="sv", network_ids=[people.network.pk]
        )
    make_practice(city=people.malmo)
    officer.get(DESK)
    with django_assert_num_queries(count):
        officer.get(DESK)


def test_desk_lists_what_waits_in_every_role(client, people, revision):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    services.submit(revision, actor=people.officer)
    client.force_login(people.coordinator)
    [waiting] = client.get(DESK).context["waiting"]
    assert (waiting.title, waiting.url) == (str(people.network), f"{DESK}review/?network={people.network.slug}")
    reviewer = make_person("reviewer@example.org")
    grant_role(reviewer, Role.REVIEWER, actor=people.admin, network=people.network)
    services.assign_reviewer(revision, reviewer, actor=people.coordinator)
    client.force_login(reviewer)
    [waiting] = client.get(DESK).context["waiting"]
    assert (waiting.title, waiting.url) == ("Samtal på torget", f"{DESK}review/{revision.pk}/")


def test_desk_asks_translators_and_origin_cities(client, people, officer):
    practice = make_practice(language="sv", city=people.malmo, networks=[people.network])
    services.record_edit(practice, actor=people.admin)
    translator = make_person("translator@example.org")
    grant_role(translator, Role.TRANSLATOR, actor=people.admin, network=people.network, language="it")
    torino = make_person("torino@example.org")
    grant_role(torino, Role.CONTRIBUTOR, actor=people.admin, city=people.torino)
    adaptation = services.claim_adaptation(
        practice, actor=torino, city=people.torino, source_language="it", kept="Il cerchio", changed="Il luogo"
    )
    [waiting] = officer.get(DESK).context["waiting"]
    assert waiting.url == f"{DESK}adaptations/{adaptation.pk}/"
    client.force_login(translator)
    [waiting] = client.get(DESK).context["waiting"]
    assert (waiting.title, waiting.url) == ("italienska", f"{DESK}translations/work/it/")


def test_desk_asks_whether_an_old_practice_still_holds(officer, people):
    practice = make_practice(city=people.malmo)
    Practice.objects.filter(pk=practice.pk).update(review_due_on=timezone.localdate())
    [waiting] = officer.get(DESK).context["waiting"]
    assert waiting.url == f"{DESK}practices/{practice.pk}/confirm/"


# Beginning


def test_start_one_city_is_no_question_and_the_pasted_text_is_kept(officer, people):
    form = officer.get(START).context["form"]
    assert "city" not in form.fields
    text = "Vi träffas på torget varje vecka och pratar med varandra."
    answer = officer.post(START, {"sample": text, "source_language": "sv", "networks": [people.network.pk]})
    practice = Practice.objects.get()
    assert answer["Location"] == f"{DESK}practices/{practice.pk}/start/"
    assert (practice.city, practice.source_language, practice.description_sv) == (people.malmo, "sv", f"<p>{text}</p>")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Vi träffas på torget varje vecka och pratar med varandra.", "sv"),
        ("Ci incontriamo in piazza ogni settimana e parliamo tra noi.", "it"),
        ("نلتقي كل أسبوع في الساحة ونتحدث مع الجيران", "ar"),
        ("Ne întâlnim în fiecare săptămână în piață și vorbim.", "ro"),
        ("ok", ""),
    ],
)
def test_start_guesses_the_language_and_the_author_decides(officer, text, language):
    answer = officer.post(START, {"sample": text, "source_language": "en", "guess": "1"})
    assert (answer.status_code, answer.context["guessed"]) == (200, language)
    assert answer.context["form"]["sample"].value() == text
    assert answer.context["form"]["source_language"].value() == (language or "en")
    assert not Practice.objects.exists()


def test_start_by_a_coordinator_who_works_for_no_city(people):
    revision = services.start_practice(
        actor=people.coordinator, city=people.malmo, source_language="sv", network_ids=[people.network.pk]
    )
    assert (revision.practice.city, list(revision.practice.networks.all())) == (people.malmo, [people.network])


def test_start_for_a_foreign_city_is_refused(client, people):
    grant_role(people.coordinator, Role.CONTRIBUTOR, actor=make_person(is_superuser=True), city=make_city("Lund"))
    client.force_login(people.coordinator)
    answer = client.post(START, {"source_language": "sv", "city": people.torino.pk})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["city"])


# The steps


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_step_pages_answer_in_every_language(officer, revision, language):
    for step in STEPS:
        page = officer.get(f"/{language}/workspace/practices/{revision.practice_id}/{step}/")
        assert page.status_code == 200
    assert officer.get(f"/{language}/workspace/").status_code == 200
    assert officer.get(f"/{language}/workspace/start/").status_code == 200


@pytest.mark.parametrize(
    ("who", "status"), [("nobody", 404), ("stranger", 404), ("officer", 200), ("coordinator", 200)]
)
def test_step_is_for_those_who_may_write_it(client, people, revision, who, status):
    client.force_login(getattr(people, who))
    assert client.get(address(revision, "story")).status_code == status
    assert client.get(f"{address(revision, 'save')}").status_code == status


def test_step_saves_and_goes_on(officer, revision):
    answer = officer.post(address(revision, "story"), typed(officer, revision, "story", title="  Samtal   på torget "))
    assert answer["Location"] == address(revision, "subject")
    assert content(revision)["title_sv"] == "Samtal på torget"


def test_step_sent_untouched_changes_nothing(officer, people, revision):
    organisation = Organisation.objects.create(name_en="Malmö stad")
    values = complete(
        starts_on="2024-03-01",
        budget_amount="1000.50",
        partners=[organisation.pk],
        links=[{"url": "https://example.org/", "title_sv": "Sida", "title_it": "Pagina"}],
    )
    services.save_revision(revision, values, actor=people.officer, seen=0)
    before = content(revision)
    for step in list(STEPS)[:-1]:
        assert officer.post(address(revision, step), typed(officer, revision, step)).status_code == 302
    after = Revision.objects.get(pk=revision.pk)
    assert after.content == before
    assert after.counter == 1


def test_step_refused_field_keeps_what_was_typed_and_saves_the_others(officer, revision):
    data = typed(officer, revision, "story", title="å" * 121, summary="Grannar talar.")
    answer = officer.post(address(revision, "story"), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["title"]
    assert "å" * 121 in html
    assert 'aria-invalid="true"' in html
    assert (content(revision)["title_sv"], content(revision)["summary_sv"]) == ("", "Grannar talar.")


def test_step_end_before_beginning_is_told_at_the_field(officer, revision):
    data = typed(officer, revision, "means", starts_on="2024-03", ends_on="2023-01")
    answer = officer.post(address(revision, "means"), data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["ends_on"])
    assert (content(revision)["starts_on"], content(revision)["ends_on"]) == ("2024-03-01", "")


def test_step_themes_are_ranked_and_each_once(officer, revision):
    first, second = make_term(Scheme.THEME, "youth"), make_term(Scheme.THEME, "sport")
    data = typed(officer, revision, "subject", themes=[second.pk, "", first.pk])
    officer.post(address(revision, "subject"), data)
    assert content(revision)["themes"] == [second.pk, first.pk]
    data = typed(officer, revision, "subject", themes=[second.pk, second.pk, ""])
    assert officer.post(address(revision, "subject"), data).status_code == 422


def test_step_new_organisation_is_added_by_the_name_typed(officer, revision):
    known = Organisation.objects.create(name_en="Malmö stad")
    data = typed(officer, revision, "start", lead_organisation="Malmö Stad", partners="Ny förening\r\n\r\nMalmö stad")
    officer.post(address(revision, "start"), data)
    new = Organisation.objects.get(name_sv="Ny förening")
    assert (content(revision)["lead_organisation"], content(revision)["partners"]) == (known.pk, [known.pk, new.pk])


def test_step_other_source_language_takes_the_texts_along(officer, people, revision):
    services.save_revision(revision, {"title_sv": "Conversations"}, actor=people.officer, seen=0)
    officer.post(address(revision, "start"), typed(officer, revision, "start", source_language="en"))
    assert (content(revision)["title_en"], content(revision)["title_sv"]) == ("Conversations", "")


def test_step_pasted_word_text_comes_clean(officer, revision):
    word = (
        '<p class=MsoNormal style="mso-x:1"><b><span lang=SV>Vi</span></b> möts<o:p></o:p></p>'
        "<!--[if gte mso 9]><xml><w:View>Normal</w:View></xml><![endif]-->"
        "<p class=MsoListParagraph><![if !supportLists]><span>·<span>&nbsp;&nbsp; </span></span><![endif]>Lyssna</p>"
        "<script>alert(1)</script>"
    )
    officer.post(address(revision, "story"), typed(officer, revision, "story", description=word))
    assert content(revision)["description_sv"] == "<p><strong>Vi</strong> möts</p><ul><li>Lyssna</li></ul>"


def test_step_of_a_practice_under_review_keeps_what_was_sent(officer, people, revision):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    data = typed(officer, revision, "story", title="Nytt")
    services.submit(revision, actor=people.officer)
    answer = officer.post(address(revision, "story"), data)
    assert answer.status_code == 403
    assert ("title", "Nytt") in answer.context["typed"]
    assert officer.get(address(revision, "story")).status_code == 302


# Two people


def test_step_changed_by_two_people_shows_both_texts(officer, people, revision):
    data = typed(officer, revision, "story", title="Mitt", summary="Min sammanfattning.")
    services.save_revision(revision, {"title_sv": "Hennes"}, actor=people.coordinator, seen=0)
    answer = officer.post(address(revision, "story"), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert content(revision)["title_sv"] == "Hennes"
    assert content(revision)["summary_sv"] == "Min sammanfattning."
    assert 'value="Mitt"' in html
    assert "Hennes" in html
    again = data | {"was-title": answer.context["rows"][0]["was"], "seen-title": answer.context["revision"].counter}
    take = officer.post(address(revision, "story"), again | {"take": "title"})
    assert (take.status_code, content(revision)["title_sv"]) == (302, "Hennes")
    keep = officer.post(address(revision, "story"), again)
    assert (keep.status_code, content(revision)["title_sv"]) == (302, "Mitt")


def test_step_field_of_another_that_was_not_touched_keeps_theirs(officer, people, revision):
    data = typed(officer, revision, "story", summary="Min.")
    services.save_revision(revision, {"title_sv": "Hennes"}, actor=people.coordinator, seen=0)
    assert officer.post(address(revision, "story"), data).status_code == 302
    assert (content(revision)["title_sv"], content(revision)["summary_sv"]) == ("Hennes", "Min.")


def test_step_open_in_two_windows_shows_both_texts(officer, revision):
    first = typed(officer, revision, "story", title="On the telephone")
    second = typed(officer, revision, "story", title="At the desk")
    assert first["window"] != second["window"]
    assert officer.post(address(revision, "story"), first).status_code == 302
    answer = officer.post(address(revision, "story"), second)
    assert (answer.status_code, content(revision)["title_sv"]) == (422, "On the telephone")
    assert 'value="At the desk"' in answer.content.decode()
    kept = second | {"seen-title": answer.context["revision"].counter}
    assert officer.post(address(revision, "story"), kept).status_code == 302
    assert content(revision)["title_sv"] == "At the desk"


def test_answer_that_was_lost_on_its_way_makes_no_conflict_with_oneself(officer, revision):
    data = typed(officer, revision, "story", step="story", title="Samtal")
    officer.post(address(revision, "save"), data)
    answer = officer.post(address(revision, "save"), data | {"title": "Samtal på torget"}).json()
    assert (answer["conflicts"], content(revision)["title_sv"]) == ({}, "Samtal på torget")


# Autosave


def save(client, revision, step="story", /, **changes):
    data = typed(client, revision, step, step=step, **changes)
    return client.post(address(revision, "save"), data)


def test_save_answers_what_was_stored(officer, revision):
    answer = save(officer, revision, title=" Samtal ", summary="x" * 301).json()
    assert (answer["counter"], list(answer["saved"]), list(answer["errors"])) == (1, ["title"], ["summary"])
    assert answer["saved"]["title"] == digest("Samtal")
    assert content(revision)["title_sv"] == "Samtal"


def test_save_tells_conflicts_and_what_others_changed(officer, people, revision):
    data = typed(officer, revision, "story", step="story", title="Mitt")
    theirs = {"title_sv": "Hennes", "results_sv": "<p>Färre bråk.</p>"}
    services.save_revision(revision, theirs, actor=people.coordinator, seen=0)
    answer = officer.post(address(revision, "save"), data).json()
    assert answer["conflicts"]["title"] == {
        "by": "Karin",
        "text": "Hennes",
        "inputs": [["title", "Hennes"]],
        "counter": 1,
        "was": digest("Hennes"),
    }
    assert (answer["saved"], answer["others"]["results"]["text"]) == ({}, "Färre bråk.")
    kept = officer.post(address(revision, "save"), data | {"was-title": digest("Hennes"), "seen-title": "1"})
    assert list(kept.json()["saved"]) == ["title"]


def test_save_does_not_add_organisations_while_they_are_typed(officer, revision):
    answer = save(officer, revision, "start", lead_organisation="Mal").json()
    assert (answer["pending"], Organisation.objects.count()) == (["lead_organisation"], 0)


def test_save_refuses_terms_of_another_vocabulary(officer, revision):
    stray = make_term(Scheme.SCOPE, "municipality")
    answer = save(officer, revision, "subject", themes=[stray.pk]).json()
    assert (answer["saved"], list(answer["errors"])) == ({}, ["themes"])


@pytest.mark.parametrize(
    ("who", "status", "problem"), [(None, 401, "signed-out"), ("stranger", 404, None), ("nobody", 404, None)]
)
def test_save_is_for_those_who_may_write_it(client, people, revision, who, status, problem):
    if who:
        client.force_login(getattr(people, who))
    answer = client.post(address(revision, "save"), {"step": "story", "seen": "0", "was-title": "", "title": "X"})
    assert answer.status_code == status
    assert problem is None or answer.json() == {"problem": problem}
    assert content(revision)["title_sv"] == ""


def test_save_in_the_wrong_stage_too_large_and_of_no_step(officer, people, revision):
    data = typed(officer, revision, "story", step="story", title="X")
    assert officer.post(address(revision, "save"), data | {"step": "nope"}).status_code == 400
    assert officer.post(address(revision, "save"), data | {"title": "x" * 600_000}).status_code == 413
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    services.submit(revision, actor=people.officer)
    answer = officer.post(address(revision, "save"), data)
    assert (answer.status_code, answer.json()) == (403, {"problem": "stage"})


def test_save_too_often_is_told_with_the_time_to_wait(officer, revision, settings):
    settings.ACCOUNT_RATE_LIMITS = {"writing_save": "2/m/user"}
    data = typed(officer, revision, "story", step="story", title="X")
    answers = [officer.post(address(revision, "save"), data) for _number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"problem": "too-often", "wait": int(answers[2]["Retry-After"])}
    assert 50 <= int(answers[2]["Retry-After"]) <= 60


def test_save_goes_on_where_tries_cannot_be_counted(officer, revision, settings):
    settings.CACHES = settings.CACHES | {"limits": settings.CACHES["limits"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    answer = officer.post(address(revision, "save"), typed(officer, revision, "story", step="story", title="X"))
    assert (answer.status_code, content(revision)["title_sv"]) == (200, "X")


def test_step_sent_too_often_is_handed_back(officer, revision, settings):
    settings.ACCOUNT_RATE_LIMITS = {"writing_save": "1/m/user"}
    first, second = (
        officer.post(address(revision, "story"), typed(officer, revision, "story", title=t)) for t in "AB"
    )
    assert (first.status_code, second.status_code) == (302, 429)
    assert ("title", "B") in second.context["typed"]
    assert "vänta 1\xa0minut" in second.content.decode()
    assert content(revision)["title_sv"] == "A"


def test_choices_and_beginnings_have_a_limit(officer, settings):
    settings.ACCOUNT_RATE_LIMITS = {"writing_lookup": "1/m/user", "writing_start": "1/m/user"}
    lookups = [officer.get("/sv/workspace/choices/organisations/?q=ab").status_code for _number in range(2)]
    starts = [officer.post(START, {"source_language": "sv"}).status_code for _number in range(2)]
    assert (lookups, starts, Practice.objects.count()) == ([200, 429], [302, 429], 1)


def test_files_too_many_are_told_at_the_field(officer, revision, settings):
    settings.ACCOUNT_RATE_LIMITS = {"writing_upload": "1/m/user"}
    for _number in range(2):
        upload = SimpleUploadedFile("a.jpg", picture())
        kept = {"images-id": list(PracticeImage.objects.values_list("pk", flat=True))}
        sent = typed(officer, revision, "files") | kept | new_picture(upload)
        answer = officer.post(address(revision, "files"), sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["images"])
    assert PracticeImage.objects.count() == 1


def test_save_with_an_old_token_is_told_and_a_fresh_one_given(people, revision):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.officer)
    data = {"step": "story", "seen": "0", "was-title": "", "title": "Samtal"}
    refused = browser.post(address(revision, "save"), data)
    assert (refused.status_code, refused.json()) == (403, {"problem": "token"})
    fresh = browser.get(address(revision, "save")).json()
    assert fresh["user"] == people.officer.pk
    assert browser.post(address(revision, "save"), data | {"csrfmiddlewaretoken": fresh["token"]}).status_code == 200
    assert content(revision)["title_sv"] == "Samtal"


def test_step_sent_signed_out_is_handed_back_and_can_be_saved(people, revision, officer):
    data = typed(officer, revision, "story", title="Samtal")
    officer.logout()
    answer = officer.post(address(revision, "story"), data)
    assert (answer.status_code, ("title", "Samtal") in answer.context["typed"]) == (401, True)
    officer.force_login(people.officer)
    again = {}
    for name, value in answer.context["typed"]:
        again.setdefault(name, []).append(value)
    assert officer.post(address(revision, "story"), again).status_code == 302
    assert content(revision)["title_sv"] == "Samtal"


@pytest.mark.parametrize(("origin", "is_kept"), [("http://testserver", True), ("https://evil.example", False)])
def test_step_sent_with_an_old_token_is_handed_back_to_this_site_only(people, revision, origin, is_kept):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.officer)
    data = {"seen": "0", "was-title": "", "title": "Samtal"}
    answer = browser.post(address(revision, "story"), data, headers={"Origin": origin})
    assert answer.status_code == 403
    assert (b"Samtal" in answer.content) == is_kept
    assert content(revision)["title_sv"] == ""


# Files


def picture(kind="JPEG", size=(60, 40), **options):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


def test_files_picture_is_drawn_anew_without_metadata(officer, revision):
    exif = Image.Exif()
    exif[0x010F] = "Camera of Olle"
    upload = SimpleUploadedFile("Olle hemma.jpg", picture(exif=exif.tobytes()), "image/jpeg")
    data = typed(officer, revision, "files") | {"images-new-file": upload, "images-new-alt_text": "Ett torg"}
    data |= {"images-new-licence": "CC-BY-4.0", "another": "1"}
    answer = officer.post(address(revision, "files"), data)
    assert (answer.status_code, answer["Location"]) == (302, address(revision, "files"))
    image = PracticeImage.objects.get()
    assert (
        content(revision)["images"][0] | {"id": image.pk, "alt_text_sv": "Ett torg"} == content(revision)["images"][0]
    )
    assert b"Olle" not in image.file.read()
    assert "Olle" not in image.file.name
    assert dict(Image.open(image.file).getexif()) == {}


def archive(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            # With a fixed date, so that every process of the tests makes the same bytes and names of tests.
            part = zipfile.ZipInfo(name.replace("__", "/").replace("_", "."))
            packed.writestr(part, data, compress_type=zipfile.ZIP_DEFLATED)
    return file.getvalue()


def bomb():
    """A small PNG whose header names far more pixels than are there."""
    data = bytearray(picture("PNG"))
    data[16:24] = (MAX_IMAGE_PIXELS).to_bytes(4, "big") + (2).to_bytes(4, "big")
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def damaged():
    """An archive whose directory can be read, but whose data cannot be unpacked."""
    data = bytearray(archive(mimetype="application/vnd.oasis.opendocument.text" * 3))
    start = data.index(b"mimetype") + len("mimetype")
    data[start : start + 8] = b"\xff" * 8
    return bytes(data)


@pytest.mark.parametrize(
    ("field", "name", "data"),
    [
        ("images", "a.jpg", b"<svg onload=alert(1)>"),
        ("images", "a.gif", picture("GIF")),
        ("images", "bomb.png", bomb()),
        ("images", "cut.png", picture("PNG")[:60]),
        ("documents", "a.pdf", b"<html><script>alert(1)</script>"),
        ("documents", "a.exe", b"MZ"),
        ("documents", "a.docx", archive(xl__workbook_xml="x")),
        ("documents", "a.docx", archive(word__document_xml="x", word__vbaProject_bin="x")),
        ("documents", "a.docx", archive(word__document_xml="0" * 5_000_000)),
        ("documents", "a.odt", damaged()),
        ("documents", "a.txt", b"\x00\x01"),
        ("documents", "a.csv", b"<html>"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused_at_the_field(officer, revision, field, name, data):
    sent = typed(officer, revision, "files") | {f"{field}-new-file": SimpleUploadedFile(name, data)}
    sent |= {"images-new-licence": "CC-BY-4.0", "documents-new-language": "sv"}
    answer = officer.post(address(revision, "files"), sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert content(revision)[field] == []


def test_files_document_is_taken(officer, revision):
    upload = SimpleUploadedFile("plan.docx", archive(word__document_xml="<w/>"))
    sent = typed(officer, revision, "files") | {"documents-new-file": upload, "documents-new-title": "Plan"}
    officer.post(address(revision, "files"), sent | {"documents-new-language": "sv"})
    [row] = content(revision)["documents"]
    assert (row["title_sv"], row["language"]) == ("Plan", "sv")


def test_files_document_is_stored_without_the_name_of_its_author(officer, revision):
    book, file = Workbook(), io.BytesIO()
    book.properties.creator = book.properties.lastModifiedBy = "Olle of Malmö"
    book.active["A1"] = "Plan"
    book.save(file)
    with zipfile.ZipFile(file) as packed:
        assert b"Olle" in packed.read("docProps/core.xml")
    upload = SimpleUploadedFile("Olle.xlsx", file.getvalue())
    sent = typed(officer, revision, "files") | {"documents-new-file": upload, "documents-new-title": "Plan"}
    officer.post(address(revision, "files"), sent | {"documents-new-language": "sv"})
    stored = PracticeDocument.objects.get().file
    assert ("Olle" in stored.name, stored.name[-5:]) == (False, ".xlsx")
    with zipfile.ZipFile(stored) as packed:
        assert not any(b"Olle" in packed.read(name) for name in packed.namelist())
    assert load_workbook(stored).active["A1"].value == "Plan"


def files_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_files_taken_out_before_anybody_else_saw_them_leave_the_disk(
    officer, revision, settings, django_capture_on_commit_callbacks
):
    image = services.attach(revision, "images", SimpleUploadedFile("a.jpg", picture()), {}, actor=revision.author)
    assert len(files_in(settings.MEDIA_ROOT)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        officer.post(
            address(revision, "files"),
            typed(officer, revision, "files") | {"images-id": image["id"], f"images-{image['id']}-remove": "on"},
        )
    assert (PracticeImage.objects.count(), files_in(settings.MEDIA_ROOT)) == (0, [])


def test_files_of_an_edit_that_is_given_up_leave_the_disk(people, settings, django_capture_on_commit_callbacks):
    practice = make_practice(city=people.malmo)
    revision = services.open_revision(practice, actor=people.officer)
    services.attach(revision, "images", SimpleUploadedFile("a.jpg", picture()), {}, actor=revision.author)
    with django_capture_on_commit_callbacks(execute=True):
        services.discard(revision, actor=revision.author)
    assert files_in(settings.MEDIA_ROOT) == []


def test_files_that_the_history_shows_stay(people, revision, settings, django_capture_on_commit_callbacks):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    values = {"alt_text_sv": "Ett torg", "has_consent": True}
    services.attach(revision, "images", SimpleUploadedFile("a.jpg", picture()), values, actor=people.officer)
    services.submit(revision, actor=people.officer)
    services.request_changes(revision, actor=people.coordinator, note="Utan bild.")
    revision.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        services.save_revision(revision, {"images": []}, actor=people.officer, seen=revision.counter)
    assert (PracticeImage.objects.count(), len(files_in(settings.MEDIA_ROOT))) == (1, 1)


def test_files_go_with_their_practice(revision, settings, django_capture_on_commit_callbacks):
    services.attach(revision, "images", SimpleUploadedFile("a.jpg", picture()), {}, actor=revision.author)
    with django_capture_on_commit_callbacks(execute=True):
        revision.practice.delete()
    assert files_in(settings.MEDIA_ROOT) == []


def test_check_picture_without_the_tick_about_the_people_shown_cannot_be_submitted(officer, people, revision):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    upload = SimpleUploadedFile("a.jpg", picture())
    row = services.attach(revision, "images", upload, {"alt_text_sv": "Ett torg"}, actor=people.officer)
    refused = officer.post(address(revision, "check"))
    [missing] = refused.context["missing"]
    assert (refused.status_code, missing["kind"]) == (422, "images-consent")
    assert missing["url"] == f"{address(revision, 'files')}#field-images"
    revision.refresh_from_db()
    agreed = [row | {"has_consent": True}]
    services.save_revision(revision, {"images": agreed}, actor=people.officer, seen=revision.counter)
    assert officer.post(address(revision, "check")).status_code == 302


@pytest.mark.parametrize("language", ["klingon-and-much-too-long", "xx", ""])
def test_files_document_of_no_language_is_refused_and_leaves_no_file(officer, revision, settings, language):
    upload = SimpleUploadedFile("plan.docx", archive(word__document_xml="<w/>"))
    sent = typed(officer, revision, "files") | {"documents-new-file": upload, "documents-new-title": "Plan"}
    answer = officer.post(address(revision, "files"), sent | {"documents-new-language": language})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["documents"])
    assert files_in(settings.MEDIA_ROOT) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_files_large_picture_is_made_smaller_and_stays_upright(officer, revision, kind):
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # The camera was held on its side.
    Image.new("RGB", (5000, 3000), "teal").save(file, kind, exif=exif.tobytes())
    upload = SimpleUploadedFile("large", file.getvalue())
    officer.post(address(revision, "files"), typed(officer, revision, "files") | new_picture(upload))
    with Image.open(PracticeImage.objects.get().file) as drawn:
        assert (drawn.format, drawn.size) == (kind, (1440, 2400))


def test_files_picture_with_a_palette_stays_transparent(officer, revision):
    file = io.BytesIO()
    Image.new("P", (60, 40), 0).save(file, "PNG", transparency=0)
    upload = SimpleUploadedFile("logo.png", file.getvalue())
    officer.post(address(revision, "files"), typed(officer, revision, "files") | new_picture(upload))
    with Image.open(PracticeImage.objects.get().file) as drawn:
        assert drawn.getpixel((0, 0))[3] == 0


def new_picture(upload):
    return {"images-new-file": upload, "images-new-alt_text": "Ett torg", "images-new-licence": "CC-BY-4.0"}


def test_files_of_another_practice_cannot_be_named(people, revision):
    file = SimpleUploadedFile("x.jpg", picture())
    other = PracticeImage.objects.create(practice=make_practice(city=people.torino), file=file, alt_text_en="x")
    with pytest.raises(Exception, match="images"):
        services.save_revision(revision, {"images": [{"id": other.pk}]}, actor=people.officer, seen=0)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "not an address", "ftp://example.org/"])
def test_files_hostile_link_is_refused(officer, revision, url):
    sent = typed(officer, revision, "files") | {"links-url": [url], "links-title": ["x"]}
    answer = officer.post(address(revision, "files"), sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["links"])


def test_files_link_without_scheme_becomes_https(officer, revision):
    officer.post(
        address(revision, "files"),
        typed(officer, revision, "files") | {"links-url": ["malmo.se/dialog", ""], "links-title": ["Sida", ""]},
    )
    assert content(revision)["links"][0]["url"] == "https://malmo.se/dialog"


# Choices


def test_choices_cities_are_those_one_may_write_for(client, people):
    client.force_login(people.coordinator)
    assert client.get("/sv/workspace/choices/cities/?q=o").json() == {"names": []}
    assert client.get("/sv/workspace/choices/cities/?q=mal").json() == {"names": ["Malmö (SE)"]}
    assert client.get("/sv/workspace/choices/cities/?q=tor").json() == {"names": []}


def test_choices_city_of_others_cannot_be_typed(officer, people, revision):
    answer = officer.post(address(revision, "start"), typed(officer, revision, "start", city="Torino (IT)"))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["city"])
    assert content(revision)["city"] == people.malmo.pk


def test_choices_organisations_need_a_role(client, people):
    make_practice(city=people.torino, lead_organisation=Organisation.objects.create(name_en="Malmö stad"))
    address = "/sv/workspace/choices/organisations/?q=mal"
    assert client.get(address).status_code == 302
    client.force_login(people.nobody)
    assert client.get(address).status_code == 404
    client.force_login(people.officer)
    assert client.get(address).json() == {"names": ["Malmö stad"]}


# Submitting


def test_check_names_what_is_missing_with_a_way_there(officer, revision):
    answer = officer.get(address(revision, "check"))
    urls = [entry["url"] for entry in answer.context["missing"]]
    assert f"{address(revision, 'story')}#field-title" in urls
    assert f"{address(revision, 'care')}#harm-stigma" in urls
    assert officer.post(address(revision, "check")).status_code == 422


def test_check_complete_practice_is_submitted(officer, people, revision):
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    answer = officer.post(address(revision, "check"), follow=True)
    revision.refresh_from_db()
    assert revision.stage == Revision.Stage.SUBMITTED
    assert answer.redirect_chain[-1][0] == address(revision, "submitted")
    assert "nordic" in answer.context["holder"]


def test_check_similar_practice_is_shown_and_must_be_told_apart(officer, people, revision):
    twin = {"title_sv": "Samtal på torget", "summary_sv": "Grannar talar med varandra varje vecka."}
    other = make_practice(language="sv", city=people.torino, texts=twin)
    make_practice(language="sv", texts={"title_sv": "Odling på taket", "summary_sv": "Elever odlar tomater."})
    make_practice(language="en", texts={"title_en": "Samtal på torget", "summary_en": "Grannar talar."})
    services.save_revision(revision, complete(), actor=people.officer, seen=0)
    answer = officer.post(address(revision, "check"))
    assert answer.status_code == 422
    assert [entry.card.practice_id for entry in answer.context["similar"]] == [other.pk]
    assert officer.post(address(revision, "check"), {"different": "1"}).status_code == 302


def test_check_risk_without_mitigation_is_told_next_to_it(officer, people, revision):
    values = complete(harm_checklist=harmless(minors="yes"))
    services.save_revision(revision, values, actor=people.officer, seen=0)
    assert 'id="harm-minors-lacking"' in officer.get(address(revision, "care")).content.decode()
    assert [e["kind"] for e in officer.get(address(revision, "check")).context["missing"]] == ["harm-mitigation"]
    sent = typed(officer, revision, "care") | {"harm_checklist-minors-mitigation": "Inga ansikten."}
    officer.post(address(revision, "care"), sent)
    assert content(revision)["harm_checklist"]["minors"] == {"answer": "yes", "mitigation": "Inga ansikten."}


def test_edit_of_a_published_practice_asks_for_the_weight(officer, people):
    practice = make_practice(language="sv", city=people.malmo, networks=[people.network])
    assert officer.post(f"{DESK}practices/{practice.pk}/edit/").status_code == 302
    revision = practice.revisions.get()
    assert "source_language" not in officer.get(address(revision, "start")).context["form"].fields
    services.save_revision(revision, {"harm_checklist": harmless()}, actor=people.officer, seen=0)
    refused = officer.post(address(revision, "check"), {"different": "1"})
    assert (refused.status_code, refused.context["problem"]) == (422, "weight")
    officer.post(address(revision, "check"), {"different": "1", "weight": "minor"})
    revision.refresh_from_db()
    assert (revision.stage, revision.weight) == (Revision.Stage.SUBMITTED, Revision.Weight.MINOR)


def test_look_up_of_organisations_tells_no_name_out_of_the_drafts_of_others(client, people, officer):
    secret = Organisation.objects.create(name_en="Safe house at Kanal street")
    known = Organisation.objects.create(name_en="House of youth")
    make_practice(city=people.torino, published=False, lead_organisation=secret)
    make_practice(city=people.torino, lead_organisation=known)
    address = f"{DESK}choices/organisations/?q=house"
    assert officer.get(address).json()["names"] == ["House of youth"]
    draft = make_practice(city=people.malmo, published=False)
    draft.partners.add(secret)
    assert officer.get(address).json()["names"] == ["House of youth", "Safe house at Kanal street"]
