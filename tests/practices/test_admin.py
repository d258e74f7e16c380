import io
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from common.languages import site_languages
from networks.models import RoleAssignment
from networks.services import grant_role
from practices.models import FacetBits, FacetDocument, Practice, PracticeTheme
from practices.search.facets import EVERYTHING
from practices.services import plan_review
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme, Term

LIST = "/admin/practices/practice/"
ADD = f"{LIST}add/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    return User.objects.create_superuser("root@example.org", "a long password")


@pytest.fixture
def browser(client, administrator):
    client.force_login(administrator)
    return client


def change_page(practice):
    return f"{LIST}{practice.pk}/change/"


def typed(browser, address):
    """What the form of a page would send if nothing were changed."""
    answer = browser.get(address)
    data = {}
    forms = [answer.context["adminform"].form]
    for inline in answer.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if isinstance(value, (list, tuple)):
                data[bound.html_name] = [getattr(entry, "pk", entry) for entry in value]
            elif value is not None and value is not False and value != "" and not hasattr(value, "read"):
                data[bound.html_name] = getattr(value, "pk", value)
    return data


def save(browser, practice, **changes):
    data = typed(browser, change_page(practice)) | changes
    return browser.post(change_page(practice), {name: value for name, value in data.items() if value is not None})


def core(**values):
    """A complete practice as the form of a new one sends it."""
    terms = {
        "approaches": [make_term(Scheme.APPROACH, "training").pk],
        "beneficiaries": [make_term(Scheme.BENEFICIARY, "young-people").pk],
        "geographic_scope": make_term(Scheme.SCOPE, "municipality").pk,
        "lifecycle": make_term(Scheme.LIFECYCLE, "pilot").pk,
        "budget_band": make_term(Scheme.BUDGET_BAND, "under-5k").pk,
        "evidence_level": make_term(Scheme.EVIDENCE_LEVEL, "not-assessed").pk,
        "transferability": make_term(Scheme.TRANSFERABILITY, "unknown").pk,
        "ranked_themes-0-theme": make_term(Scheme.THEME, "youth").pk,
    }
    names = ("title", "summary", "challenge", "description", "results", "lessons_learned")
    return {
        "status": "published",
        "source_language": "sv",
        **{f"{name}_sv": f"{name} på svenska" for name in names},
        "city": make_city().pk,
        "contact_email": "office@example.org",
        **terms,
        **values,
    }


# Publishing through the form ---------------------------------------------------------------------


def test_add_complete_published_practice_is_public_at_once(browser, administrator):
    answer = browser.post(ADD, typed(browser, ADD) | core())

    practice = Practice.objects.get()
    planned = Practice(published_at=practice.published_at, lifecycle=practice.lifecycle)
    plan_review(planned)
    assert (answer.status_code, answer.url) == (302, LIST)
    assert practice.is_public
    assert practice.created_by == administrator
    assert practice.external_id == ""
    assert practice.challenge_sv == "<p>challenge på svenska</p>"
    assert practice.confirmed_on == timezone.localdate()
    assert practice.review_due_on == planned.review_due_on
    assert FacetDocument.objects.filter(pk=practice.pk).exists()


def test_add_draft_needs_no_more_than_its_language(browser):
    answer = browser.post(ADD, typed(browser, ADD) | {"source_language": "sv"})

    practice = Practice.objects.get()
    assert answer.status_code == 302
    assert (practice.status, practice.published_at, practice.version) == ("draft", None, 1)
    assert not FacetDocument.objects.exists()


MISSING = {
    "title_sv": None,
    "summary_sv": " ",
    "description_sv": "<p> </p>",
    "lessons_learned_sv": None,
    "city": None,
    "contact_email": None,
    "approaches": [],
    "beneficiaries": [],
    "evidence_level": None,
}


@pytest.mark.parametrize("name", MISSING)
def test_publishing_incomplete_practice_tells_it_at_the_field(browser, name):
    data = {
        key: value for key, value in (typed(browser, ADD) | core(**{name: MISSING[name]})).items() if value is not None
    }

    answer = browser.post(ADD, data)

    form = answer.context["adminform"].form
    assert dict(form.errors) == {name: ["Needed for publication."]}
    assert not Practice.objects.exists()


def test_publishing_without_theme_tells_it_at_the_themes(browser):
    answer = browser.post(ADD, typed(browser, ADD) | core(**{"ranked_themes-0-theme": ""}))

    [themes] = [
        inline.formset for inline in answer.context["inline_admin_formsets"] if inline.opts.model is PracticeTheme
    ]
    assert themes.non_form_errors() == ["Needed for publication."]
    assert not Practice.objects.exists()


def test_refused_form_keeps_what_was_typed(browser):
    rich = "<p>Ungdomar &amp; äldre</p>"

    answer = browser.post(ADD, typed(browser, ADD) | core(challenge_sv=rich, title_ar="عنوان", city=""))

    form = answer.context["adminform"].form
    assert form["challenge_sv"].value() == rich
    assert form["title_ar"].value() == "عنوان"
    assert [str(value) for value in form["approaches"].value()] == [str(pk) for pk in core()["approaches"]]
    html = answer.content.decode()
    row = re.search(r'<div class="form-row errors field-city">.*?Needed for publication\.', html, re.DOTALL)
    assert row


def test_published_practice_cannot_lose_its_core(browser):
    practice = make_practice(language="sv")

    answer = save(browser, practice, summary_sv="", city=None)

    assert dict(answer.context["adminform"].form.errors) == {
        "summary_sv": ["Needed for publication."],
        "city": ["Needed for publication."],
    }
    practice.refresh_from_db()
    assert practice.summary_sv


def test_publishing_by_change_sets_the_dates(browser):
    practice = make_practice(published=False, published_at=None)

    answer = save(browser, practice, status="published")

    assert answer.status_code == 302
    practice.refresh_from_db()
    assert practice.is_public
    assert practice.published_at.date() == timezone.now().date()
    assert practice.confirmed_on == timezone.localdate()
    assert practice.review_due_on is not None
    assert FacetDocument.objects.filter(pk=practice.pk).exists()


def test_archiving_by_change_takes_it_off_the_index(browser):
    practice = make_practice()

    save(browser, practice, status="archived")

    practice.refresh_from_db()
    assert practice.status == "archived"
    assert not FacetDocument.objects.exists()


def test_edit_is_a_new_version_and_the_index_follows(browser):
    network = make_network("nordic")
    practice = make_practice()

    answer = save(browser, practice, networks=[network.pk], title_en="Renamed")

    assert answer.status_code == 302
    practice.refresh_from_db()
    assert (practice.version, practice.title_en) == (2, "Renamed")
    document = FacetDocument.objects.get(pk=practice.pk)
    assert 6_000_000 + network.pk in document.facets
    assert practice.search_documents.get(language="en").title_folded == "renamed"


def test_save_without_a_change_leaves_everything_as_it_was(browser):
    terms = [make_term(Scheme.THEME, code) for code in ("a", "b", "c")]
    rich = {f"{name}_en": "<p>text</p>" for name in ("challenge", "description", "results", "lessons_learned")}
    practice = make_practice(themes=terms, texts=rich | {"title_ar": "عنوان"}, external_id="x", external_source="list")
    before = Practice.objects.values().get()

    save(browser, practice)

    after = Practice.objects.values().get()
    changing = {"version", "updated_at", "review_due_on"}
    assert {name for name in after if after[name] != before[name]} <= changing
    assert [ranked.theme for ranked in practice.ranked_themes.all()] == terms


def test_external_id_of_another_is_told_at_the_field(browser):
    make_practice(external_source="list", external_id="one")
    practice = make_practice()

    answer = save(browser, practice, external_source="list", external_id="one")

    assert dict(answer.context["adminform"].form.errors) == {
        "external_id": ["Another practice of this list has this id."]
    }


def test_two_practices_without_external_id_are_fine(browser):
    make_practice()

    assert save(browser, make_practice()).status_code == 302


def test_more_than_four_approaches_are_refused(browser):
    terms = [make_term(Scheme.APPROACH, f"a{number}").pk for number in range(5)]

    answer = save(browser, make_practice(), approaches=terms)

    assert dict(answer.context["adminform"].form.errors) == {"approaches": ["At most 4 are possible."]}


def test_ends_before_it_begins_is_refused(browser):
    answer = save(browser, make_practice(), starts_on="2024-02-01", ends_on="2024-01-01")

    assert answer.context["adminform"].form.non_field_errors() == ["A practice cannot end before it begins."]


# Themes ------------------------------------------------------------------------------------------


def ranked(practice):
    return list(practice.ranked_themes.order_by("rank").values_list("rank", "theme__code"))


def test_themes_swap_places(browser):
    one, two = make_term(Scheme.THEME, "one"), make_term(Scheme.THEME, "two")
    practice = make_practice(themes=[one, two])

    answer = save(browser, practice, **{"ranked_themes-0-theme": two.pk, "ranked_themes-1-theme": one.pk})

    assert answer.status_code == 302
    assert ranked(practice) == [(1, "two"), (2, "one")]


def test_themes_empty_row_is_left_out(browser):
    one, two = make_term(Scheme.THEME, "one"), make_term(Scheme.THEME, "two")
    practice = make_practice(themes=[one, two])

    answer = save(browser, practice, **{"ranked_themes-0-theme": ""})

    assert answer.status_code == 302
    assert ranked(practice) == [(1, "two")]
    assert LogEntry.objects.count() == 1


def test_themes_are_chosen_once(browser):
    one = make_term(Scheme.THEME, "one")
    practice = make_practice(themes=[one])

    answer = save(browser, practice, **{"ranked_themes-1-theme": one.pk})

    assert "Choose each theme once." in answer.content.decode()


def test_terms_offered_are_of_the_scheme_and_in_use(browser):
    old, kept = make_term(Scheme.THEME, "old", deprecated=True), make_term(Scheme.THEME, "kept", deprecated=True)
    level = make_term(Scheme.EVIDENCE_LEVEL, "old-level", deprecated=True)
    practice = make_practice(themes=[kept])

    context = browser.get(change_page(practice)).context

    form = context["adminform"].form
    [themes] = [inline.formset for inline in context["inline_admin_formsets"] if inline.opts.model is PracticeTheme]
    offered = {pk for pk, label in themes.forms[0].fields["theme"].choices}
    assert kept.pk in offered
    assert old.pk not in offered
    assert level.pk not in {pk for pk, label in form.fields["evidence_level"].choices}
    for name, scheme in (("approaches", Scheme.APPROACH), ("evidence_level", Scheme.EVIDENCE_LEVEL)):
        pks = [pk for pk, label in form.fields[name].choices if pk]
        assert set(Term.objects.filter(pk__in=pks).values_list("scheme", flat=True)) == {scheme}


def test_term_of_another_scheme_is_refused(browser):
    practice = make_practice()

    answer = save(browser, practice, evidence_level=make_term(Scheme.THEME).pk)

    assert list(answer.context["adminform"].form.errors) == ["evidence_level"]


# Attachments -------------------------------------------------------------------------------------


def with_image(**values):
    pixel = io.BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "PNG")
    values |= {"file": SimpleUploadedFile("a.png", pixel.getvalue()), "licence": "CC0-1.0", "order": 0}
    return {"images-TOTAL_FORMS": 1} | {f"images-0-{name}": value for name, value in values.items()}


def test_image_needs_its_words_in_the_language_of_the_practice(browser, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    practice = make_practice(language="sv")

    answer = save(browser, practice, **with_image(alt_text_en="A square"))

    [images] = [
        inline.formset for inline in answer.context["inline_admin_formsets"] if inline.formset.prefix == "images"
    ]
    assert images.errors == [{"alt_text_sv": ["Needed in the language the practice is written in."]}]


def test_image_with_its_words_is_saved(browser, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    practice = make_practice(language="sv")

    answer = save(browser, practice, **with_image(alt_text_sv="Ett torg"))

    assert answer.status_code == 302
    assert [(image.alt_text_sv, image.width) for image in practice.images.all()] == [("Ett torg", 1)]


# Text gate ---------------------------------------------------------------------------------------


def test_rich_text_is_sanitised(browser):
    practice = make_practice()

    save(browser, practice, results_en='<p onclick="x()">A<script>alert(1)</script> <b>b</b></p>')

    practice.refresh_from_db()
    assert practice.results_en == "<p>A <strong>b</strong></p>"


def test_hostile_title_is_escaped_everywhere(browser):
    practice = make_practice(texts={"title_en": "<script>alert(1)</script>"})

    for address in (LIST, change_page(practice), f"{LIST}{practice.pk}/history/", f"{LIST}{practice.pk}/delete/"):
        assert "<script>alert(1)" not in browser.get(address).content.decode()


# The page ----------------------------------------------------------------------------------------


def test_form_marks_the_language_and_direction_of_each_input(browser):
    html = browser.get(change_page(make_practice())).content.decode()

    for code in site_languages():
        direction = "rtl" if code == "ar" else "ltr"
        for name in ("title", "summary", "description"):
            tag = re.search(rf'<(?:input|textarea)[^>]*name="{name}_{code}"[^>]*>', html)[0]
            assert f'lang="{code}"' in tag
            assert f'dir="{direction}"' in tag


def test_form_has_a_language_switch_that_starts_with_the_source_language(browser):
    html = browser.get(change_page(make_practice(language="it"))).content.decode()

    assert 'data-initial="it"' in html
    buttons = re.findall(r'<button type="button" data-language="(\w+)" aria-pressed="false">', html)
    assert buttons == [*site_languages(), "all"]


def test_form_carries_the_nonce_and_nothing_foreign_or_inline(browser):
    answer = browser.get(change_page(make_practice()))
    html = answer.content.decode()

    [nonce] = set(re.findall(r"'nonce-([^']+)'", answer["Content-Security-Policy"]))
    assert re.search(rf'<script type="importmap" nonce="{re.escape(nonce)}">', html)
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all('src="/' in tag or "importmap" in tag or "application/json" in tag for tag in scripts)
    assert re.findall(r"<style|\sstyle=|\son\w+=|(?:src|href)=\"(?:https?:)?//", html) == []


def test_form_in_arabic_reads_right_to_left(browser):
    practice = make_practice()
    browser.post("/i18n/setlang/", {"language": "ar", "next": change_page(practice)})

    html = browser.get(change_page(practice)).content.decode()

    assert '<html lang="ar" dir="rtl">' in html
    assert 'name="title_en"' in html


def test_language_switch_of_the_header_never_leads_away(browser):
    answer = browser.post("/i18n/setlang/", {"language": "sv", "next": "https://evil.example/"})

    assert answer.url == "/"


def test_form_has_a_constant_number_of_queries(browser):
    def queries(number):
        terms = [make_term(Scheme.APPROACH) for _ in range(number)]
        networks = [make_network() for _ in range(number)]
        practice = make_practice(approaches=terms, networks=networks)
        with CaptureQueriesContext(connection) as captured:
            browser.get(change_page(practice))
        return len(captured)

    queries(1)
    assert queries(3) == queries(1)


def test_list_has_a_constant_number_of_queries(browser):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            browser.get(LIST)
        return len(captured)

    network = make_network()
    make_practice(networks=[network])
    queries()
    one = queries()
    make_practice(networks=[network])
    make_practice(networks=[network, make_network()])

    assert queries() == one


def test_list_leaves_the_long_texts_in_the_database(browser):
    make_practice()

    with CaptureQueriesContext(connection) as captured:
        browser.get(LIST)

    assert not any('"practices_practice"."description_en"' in query["sql"] for query in captured)


# The list ----------------------------------------------------------------------------------------


def listed(browser, **query):
    return {str(practice) for practice in browser.get(LIST, query).context["cl"].result_list}


def test_search_finds_titles_of_every_language(browser):
    make_practice(language="sv", texts={"title_sv": "Torgvärdar", "title_ar": "مضيفو الساحة"})
    make_practice()

    assert [listed(browser, q=word) for word in ("torgvärd", "الساحة", "nothing")] == [
        {"Torgvärdar"},
        {"Torgvärdar"},
        set(),
    ]


def test_filter_by_language_it_exists_in(browser):
    make_practice(texts={"title_en": "Both", "title_sv": "Båda", "summary_sv": "Ja"})
    make_practice(texts={"title_en": "Title only", "title_sv": "Bara"})

    assert listed(browser, exists_in="sv") == {"Both"}
    assert listed(browser, exists_in="-sv") == {"Title only"}


def test_filter_by_review_due(browser):
    today = timezone.localdate()
    make_practice(texts={"title_en": "Due"}, review_due_on=today)
    make_practice(texts={"title_en": "Later"}, review_due_on=today + timedelta(days=1))

    assert listed(browser, review="due") == {"Due"}


def test_list_shows_where_it_exists(browser):
    make_practice(language="sv", texts={"title_en": "A", "summary_en": "B"})

    html = browser.get(LIST).content.decode()

    assert '<span title="Svenska">sv</span> <span title="English">en</span>' in html


# Actions -----------------------------------------------------------------------------------------


def act(browser, action, *practices):
    data = {"action": action, "_selected_action": [practice.pk for practice in practices]}
    answer = browser.post(LIST, data, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_publish_action_publishes_and_names_what_is_missing(browser):
    whole = make_practice(published=False, published_at=None)
    lacking = make_practice(
        published=False, texts={"title_en": "Lacking", "summary_en": ""}, city=None, published_at=None
    )

    told = act(browser, "publish_selected", whole, lacking)

    assert told == [
        "“Lacking” was left as it is. Needed for publication: summary (English), city.",
        "1 practice is public now.",
    ]
    assert list(Practice.objects.published()) == [whole]
    assert FacetDocument.objects.filter(pk=whole.pk).exists()


def test_archive_action_takes_them_off_the_index(browser):
    practices = [make_practice(), make_practice()]

    assert act(browser, "archive_selected", *practices) == ["2 practices are archived."]
    assert not FacetDocument.objects.exists()


def test_confirm_action_notes_the_day(browser):
    practice = make_practice(confirmed_on=timezone.localdate() - timedelta(days=900))

    assert act(browser, "confirm_selected", practice) == ["1 practice is confirmed."]
    practice.refresh_from_db()
    assert practice.confirmed_on == timezone.localdate()


def bits():
    return FacetBits.objects.get(pk=EVERYTHING).bits.count("1")


def test_deleting_leaves_nothing_in_the_counts(browser):
    practice, other = make_practice(), make_practice()
    make_practice()
    assert bits() == 3

    browser.post(f"{LIST}{practice.pk}/delete/", {"post": "yes"})
    assert bits() == 2
    browser.post(LIST, {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"})

    assert (bits(), Practice.objects.count()) == (1, 1)


# Permissions -------------------------------------------------------------------------------------


@pytest.fixture
def foreign(client, admin_user):
    """The coordinator of a network that has nothing to do with the practice."""
    user = User.objects.create_user("coordinator@example.org")
    grant_role(user, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=make_network("foreign"))
    client.force_login(user)
    return client


def test_coordinator_sees_and_changes_nothing_of_another_network(foreign):
    network = make_network("own")
    draft, public = make_practice(published=False, networks=[network]), make_practice(networks=[network])

    assert listed(foreign) == set()
    for practice in (draft, public):
        assert foreign.get(change_page(practice)).status_code == 404
        assert foreign.post(change_page(practice), {"title_en": "Mine"}).status_code == 404
        assert foreign.get(f"{LIST}{practice.pk}/delete/").status_code in (404, 403)
        assert foreign.get(f"{LIST}{practice.pk}/history/").status_code == 404
    public.refresh_from_db()
    assert public.title_en != "Mine"


def test_coordinator_begins_practices_in_the_workspace_not_here(foreign):
    assert foreign.get(ADD).status_code == 403


def test_actions_of_another_coordinator_change_nothing(foreign):
    practice = make_practice(networks=[make_network("own")])

    act(foreign, "archive_selected", practice)

    practice.refresh_from_db()
    assert practice.is_public


def test_coordinator_changes_a_practice_of_the_own_network(client, admin_user):
    network = make_network("own")
    practice = make_practice(networks=[network])
    user = User.objects.create_user("coordinator@example.org")
    grant_role(user, RoleAssignment.Role.COORDINATOR, actor=admin_user, network=network)
    client.force_login(user)

    assert listed(client) == {str(practice)}
    assert client.get(change_page(practice)).status_code == 200
    act(client, "archive_selected", practice)
    practice.refresh_from_db()
    assert not practice.is_public


def test_readers_do_not_come_in(client):
    practice = make_practice()
    client.force_login(User.objects.create_user("reader@example.org"))

    for address in (LIST, ADD, change_page(practice)):
        assert client.get(address).url == f"{reverse('admin:login')}?next={address}"
