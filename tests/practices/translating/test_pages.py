"""The translators' desk in the browser: who may open what, and what a refused form keeps."""

import re

import pytest
from django.urls import reverse

from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from practices.content import digest
from practices.models import Translation
from practices.search.indexing import reindex
from practices.translating import source_digest
from tests.factories import make_practice
from tests.practices.translating.texts import CHANGED, italian, revise, swedish

pytestmark = pytest.mark.django_db
State = Translation.State


def address(desk, language="it"):
    return reverse("workspace:translation", args=[desk.practice.pk, language])


PLACES = {
    "overview": lambda desk: reverse("workspace:translations"),
    "worklist": lambda desk: reverse("workspace:translation-worklist", args=["it"]),
    "worklist fr": lambda desk: reverse("workspace:translation-worklist", args=["fr"]),
    "worklist xx": lambda desk: reverse("workspace:translation-worklist", args=["xx"]),
    "editor": address,
    "editor fr": lambda desk: address(desk, "fr"),
    "editor of source": lambda desk: address(desk, "sv"),
    "editor of nothing": lambda desk: reverse("workspace:translation", args=[999_999_999_999, "it"]),
    "export": lambda desk: f"{reverse('workspace:translation-export')}?language=it&practice={desk.practice.pk}",
    "export fr": lambda desk: f"{reverse('workspace:translation-export')}?language=fr&practice={desk.practice.pk}",
    "import": lambda desk: reverse("workspace:translation-import"),
}
ALL = dict.fromkeys(PLACES, 200) | {"worklist xx": 404, "editor of source": 404, "editor of nothing": 404}
NOT_FOUND = dict.fromkeys(PLACES, 404)
EXPECTED = {
    "nobody": NOT_FOUND,
    "reviewer": dict.fromkeys(PLACES, 403)
    | dict.fromkeys(["worklist xx", "editor", "editor fr", "editor of source", "editor of nothing"], 404),
    "translator": ALL | {"worklist fr": 403, "editor fr": 403, "export fr": 403},
    "officer": ALL,
    "coordinator": ALL,
    "admin": ALL,
    "stranger": ALL | dict.fromkeys(["editor", "editor fr", "export", "export fr"], 404),
}


@pytest.mark.parametrize("who", EXPECTED)
def test_each_role_opens_what_is_its_own(desk, client, who):
    client.force_login(getattr(desk, who))
    assert {name: client.get(place(desk)).status_code for name, place in PLACES.items()} == EXPECTED[who]


@pytest.mark.parametrize("place", PLACES)
def test_anonymous_is_asked_to_sign_in(desk, client, place):
    answer = client.get(PLACES[place](desk))
    assert (answer.status_code, "/login/" in answer["Location"]) == (302, True)


@pytest.mark.parametrize(("who", "status"), [("reviewer", 404), ("stranger", 404), ("nobody", 404)])
def test_others_change_nothing(desk, client, who, status):
    client.force_login(getattr(desk, who))
    answer = client.post(address(desk), {"title": "Mio", "action": "confirm"})
    assert (answer.status_code, desk.practice.translations.get(language="it").draft) == (status, {})


def test_draft_practice_is_not_found_by_those_who_write_it(desk, client):
    draft = make_practice(language="sv", published=False, city=desk.city, index=False)
    client.force_login(desk.officer)
    assert client.get(reverse("workspace:translation", args=[draft.pk, "it"])).status_code == 404


def typed(client, where, **changes):
    """What the page sends when these inputs were changed."""
    html = client.get(where).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    return hidden | changes


def test_editor_shows_both_sides_in_their_languages_and_marks_the_sentence(desk, client):
    revise(desk, weight="major", description_sv=CHANGED)
    client.force_login(desk.translator)
    html = client.get(address(desk)).content.decode()
    assert '<div class="diff" lang="sv" dir="ltr">' in html
    assert '<del><span class="unseen" lang="en">removed: </span>på torget.</del>' in html
    assert '<ins><span class="unseen" lang="en">added: </span>i skolan.</ins>' in html
    assert html.count('class="changed"') == 1
    assert re.search(r'<textarea name="description"[^>]* lang="it" dir="ltr"', html)
    assert 'value="fine:description"' in html
    assert html.count('value="fine:') == 1


def test_editor_of_arabic_is_written_from_right_to_left(desk, client):
    client.force_login(desk.officer)
    html = client.get(address(desk, "ar")).content.decode()
    assert re.search(r'<textarea name="description"[^>]* lang="ar" dir="rtl"', html)


def test_save_and_confirm_with_one_button(desk, client):
    revise(desk, weight="major", description_sv=CHANGED)
    client.force_login(desk.translator)
    text = "<p>I vicini si incontrano a scuola.</p>"
    answer = client.post(address(desk), typed(client, address(desk), description=text, action="confirm"))
    desk.practice.refresh_from_db()
    assert (answer.status_code, desk.practice.description_it) == (302, text)
    assert services.translation_of(desk.practice, "it").state == State.UP_TO_DATE


def test_still_fine_is_one_click_and_keeps_what_was_typed_beside_it(desk, client):
    revise(desk, weight="major", description_sv=CHANGED)
    client.force_login(desk.translator)
    client.post(address(desk), typed(client, address(desk), title="Altro", action="fine:description"))
    row = desk.practice.translations.get(language="it")
    assert (row.draft, row.weights, row.is_outdated) == ({"title": "Altro"}, {}, False)


def test_refused_form_keeps_all_that_was_typed(desk, client):
    client.force_login(desk.translator)
    data = typed(client, address(desk), title="a" * 121, summary="Breve <b>", action="save")
    answer = client.post(address(desk), data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{"a" * 121}"' in html
    assert "Breve &lt;b&gt;</textarea>" in html
    assert "Shorten this by 1 character" in html


def test_refused_confirmation_keeps_the_draft(desk, client):
    client.force_login(desk.officer)
    where = address(desk, "fr")
    answer = client.post(where, typed(client, where, title="Dialogues", action="confirm"))
    assert answer.status_code == 422
    assert "Readers need this in their language first." in answer.content.decode()
    assert desk.practice.translations.get(language="fr").draft == {"title": "Dialogues"}


def test_source_changed_while_translating_is_told_and_shown(desk, client):
    client.force_login(desk.translator)
    data = typed(client, address(desk), title="Altro", action="confirm")
    revise(desk, weight="major", description_sv=CHANGED)
    answer = client.post(address(desk), data)
    html = answer.content.decode()
    assert (answer.status_code, 'class="changed"' in html) == (422, True)
    assert f'name="against" value="{source_digest(desk.practice)}"' in html
    assert 'value="Altro"' in html


def test_two_translators_see_each_others_text_and_lose_none(desk, client):
    client.force_login(desk.translator)
    data = typed(client, address(desk), title="Mio", action="save")
    services.save_draft(desk.practice, "it", {"title": "Suo"}, actor=desk.second, seen=0)
    answer = client.post(address(desk), data)
    html = answer.content.decode()
    assert (answer.status_code, 'value="Mio"' in html, "Suo" in html) == (422, True, True)
    assert f'name="was-title" value="{digest("Suo")}"' in html
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    client.post(address(desk), again | {"title": "Mio", "action": "save"})
    assert desk.practice.translations.get(language="it").draft == {"title": "Mio"}


def test_unread_machine_draft_needs_its_tick(desk, client):
    row = services.translation_of(desk.practice, "fr")
    row.save()
    texts = {name: f"machine {name}" for name in services.wanted_from_machine(row)}
    services.store_machine_draft(row, texts, services.wanted_from_machine(row))
    client.force_login(desk.officer)
    where = address(desk, "fr")
    data = typed(client, where, action="confirm")
    refused = client.post(where, data)
    assert refused.status_code == 422
    ticks = {f"read-{name}": "yes" for name in texts}
    assert client.post(where, data | ticks).status_code == 302
    desk.practice.refresh_from_db()
    assert desk.practice.title_fr == "machine title"


def test_lists_take_as_many_queries_for_three_practices_as_for_one(desk, client, django_assert_num_queries):
    client.force_login(desk.coordinator)
    revise(desk, weight="major", description_sv=CHANGED)
    places = [PLACES[name](desk) for name in ("overview", "worklist")]
    for where, queries in zip(places, (10, 7), strict=True):
        with django_assert_num_queries(queries):
            client.get(where)
    more = [make_practice(language="sv", city=desk.city, networks=[desk.network], index=False) for _ in range(2)]
    services.follow_sources(more)
    for where, queries in zip(places, (10, 7), strict=True):
        with django_assert_num_queries(queries):
            client.get(where)


def test_overview_filters_by_network_language_and_state(desk, client):
    other = make_practice(language="en", networks=[desk.foreign], index=False)
    services.follow_sources([other])
    revise(desk, weight="major", description_sv=CHANGED)
    client.force_login(desk.admin)

    def listed(query):
        page = client.get(f"{PLACES['overview'](desk)}?{query}").context["page"]
        return [line.practice.pk for line in page.rows]

    assert listed("") == [desk.practice.pk, other.pk]
    assert listed("network=foreign") == [other.pk]
    assert listed("language=it&state=outdated") == [desk.practice.pk]
    assert listed("language=fr&state=outdated") == []
    assert listed("network=nope&state=nope&page=x") == [desk.practice.pk, other.pk]


def test_overview_counts_states_and_words(desk, client):
    revise(desk, weight="major", description_sv=CHANGED)
    client.force_login(desk.coordinator)
    totals = {total.language: total for total in client.get(PLACES["overview"](desk)).context["totals"]}
    assert (totals["it"].counts, totals["it"].words_changed) == ({State.OUTDATED: 1}, 4)
    assert (totals["fr"].counts, totals["fr"].words_missing) == ({State.MISSING: 1}, 17)


def test_worklist_begins_with_what_misleads_readers(desk, client):
    more = make_practice(language="sv", city=desk.city, networks=[desk.network], index=False)
    services.follow_sources([more])
    client.force_login(desk.translator)
    where = PLACES["worklist"](desk)
    assert [row.practice_id for row in client.get(where).context["page"].rows] == [more.pk]
    revise(desk, weight="major", description_sv=CHANGED)
    assert [row.practice_id for row in client.get(where).context["page"].rows] == [desk.practice.pk, more.pk]


def test_translator_of_one_network_sees_no_other(desk, client):
    other = make_practice(language="en", networks=[desk.foreign], texts={"title_en": "Canary"}, index=False)
    services.follow_sources([other])
    client.force_login(desk.translator)
    for name in ("overview", "worklist"):
        assert "Canary" not in client.get(PLACES[name](desk)).content.decode()
    grant_role(desk.translator, RoleAssignment.Role.TRANSLATOR, actor=desk.admin, language="it")
    assert "Canary" in client.get(PLACES["overview"](desk)).content.decode()


# Readers -----------------------------------------------------------------------------------------


def page(client, practice, language):
    return client.get(f"/{language}/practices/{practice.pk}/", follow=True).content.decode()


def test_reader_of_an_outdated_translation_is_told_and_led_to_the_original(desk, client):
    reindex([desk.practice.pk])
    note = 'class="notice calm" role="note"'
    assert note not in page(client, desk.practice, "it")
    revise(desk, weight="major", description_sv=CHANGED)
    assert note in page(client, desk.practice, "it")
    assert f'href="/sv/practices/{desk.practice.pk}-samtal-p%C3%A5-torget/" hreflang="sv"' in page(
        client, desk.practice, "it"
    )
    assert note not in page(client, desk.practice, "sv")
    assert note not in page(client, desk.practice, "fr")
    against = source_digest(desk.practice)
    services.still_fine(desk.practice, "it", ["description"], actor=desk.translator, against=against)
    assert note not in page(client, desk.practice, "it")


def test_draft_reaches_no_reader(desk, client):
    reindex([desk.practice.pk])
    canary = {name.removesuffix("_sv"): f"Canarino {name}" for name in swedish()}
    for language in ("it", "fr"):
        services.save_draft(desk.practice, language, canary, actor=desk.officer, seen=0)
    pk = desk.practice.pk
    for language in ("it", "fr"):
        places = [
            f"/{language}/practices/{pk}/",
            f"/{language}/practices/{pk}-x.json",
            f"/{language}/practices/?q=samtal",
            f"/{language}/practices/feed.atom",
            f"/{language}/practices/suggest/?q=canarino",
            f"/{language}/search/?q=canarino",
            "/api/v1/practices/?q=canarino",
            f"/api/v1/practices/{pk}/",
            "/sitemap-practices.xml",
        ]
        for place in places:
            answer = client.get(place, follow=True)
            shown = answer.content.decode().replace("q=canarino", "").replace('value="canarino"', "")
            assert "Canarino" not in shown, place
        found = client.get(f"/{language}/practices/?q=canarino").context["page"]
        assert found.total == 0
    assert italian()["title_it"] in page(client, desk.practice, "it")


def test_translation_sent_signed_out_is_handed_back_and_can_be_saved(desk, client):
    client.force_login(desk.translator)
    shown = re.search(r'name="seen" value="(\d+)"', client.get(address(desk)).content.decode())[1]
    sent = {"seen": shown, "title": "Piazza", "action": "save"}
    client.logout()
    refused = client.post(address(desk), sent)
    client.force_login(desk.translator)
    saved = client.post(address(desk), dict(refused.context["typed"]))
    assert (refused.status_code, saved.status_code) == (401, 302)
    assert Translation.objects.get(practice=desk.practice, language="it").draft["title"] == "Piazza"
