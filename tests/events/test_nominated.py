"""The mail of a nomination and its link: an event that few may see opens for whoever was nominated, and for nobody else."""

import re
from datetime import time, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from events.models import Nomination, Registration
from events.services import admitting, life, registering
from events.tokens import token_of
from tests.events.conftest import make_coordinator
from tests.events.factories import make_event, make_series
from tests.factories import make_city, make_network
from tests.hub.test_methods import digests
from tests.hub.test_permissions import EVERYBODY, ROLES, expected, people, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db
EMAIL = "nora@example.org"
PAGES = ("nominated", "nominated-register", "nominated-sent")


@pytest.fixture
def event(network):
    return make_event(networks=[network], visibility="network", entry="nominated", title_en="Closed meeting")


def nominate(event, actor, email=EMAIL, **values):
    return admitting.nominate(event, email, actor=actor, **{"name": "Nora", "language": "sv"} | values)


def page(name, nomination):
    return reverse(f"events:{name}", args=[nomination.uid, token_of(nomination, "nomination")])


def nominated_mails():
    return OutboxMail.objects.filter(kind="events/nominated")


def fields(**values):
    return {
        "name": "Nora",
        "country": "SE",
        "language": "sv",
        "mode": "in-person",
        "consent_data": "on",
    } | values


# The mail ----------------------------------------------------------------------------------------


def test_nomination_is_mailed_once_in_the_persons_language(event, coordinator):
    nomination = nominate(event, coordinator)
    assert nominate(event, coordinator, email="Nora@example.org").pk == nomination.pk
    mail = nominated_mails().get()
    assert (mail.recipient, mail.language, mail.is_secret) == (EMAIL, "sv", True)
    assert f"/sv/events/nomination/{nomination.uid}/{token_of(nomination, 'nomination')}/" in mail.text
    assert nomination.told_at is not None


def test_draft_tells_nobody_until_it_is_announced(network, coordinator):
    event = make_event(networks=[network], published=False, visibility="network", entry="nominated", venue="Hall")
    nomination = nominate(event, coordinator)
    assert (nomination.told_at, nominated_mails().count()) == (None, 0)
    life.publish(event, actor=coordinator)
    assert list(nominated_mails().values_list("recipient", flat=True)) == [EMAIL]


def test_postponed_event_tells_with_the_new_date(event, coordinator):
    event = life.postpone(event, actor=coordinator)
    nominate(event, coordinator)
    assert nominated_mails().count() == 0
    day = timezone.localdate() + timedelta(days=60)
    when = {"start_date": day, "start_time": time(10), "end_date": day, "end_time": time(12)}
    life.reschedule(event, when, actor=coordinator)
    assert nominated_mails().count() == 1


def test_event_that_is_over_tells_nobody(network, coordinator):
    event = make_event(networks=[network], entry="nominated", day=timezone.localdate() - timedelta(days=3))
    nominate(event, coordinator)
    assert nominated_mails().count() == 0


def test_nobody_else_nominates(event):
    with pytest.raises(PermissionDenied):
        nominate(event, make_coordinator(make_network()))
    assert (Nomination.objects.count(), nominated_mails().count()) == (0, 0)


def shown_in_the_list(client):
    text = client.get(reverse("admin:events_nomination_changelist")).text
    return re.search(r'class="field-told_at[^>]*>([^<]+)<', text)[1]


def test_hosts_see_who_was_told(client, event, coordinator):
    nominate(event, coordinator)
    coordinator.is_staff = True
    coordinator.save()
    client.force_login(coordinator)
    told = shown_in_the_list(client)
    Nomination.objects.update(told_at=None)
    untold = shown_in_the_list(client)
    assert (str(timezone.localdate().year) in told, str(timezone.localdate().year) in untold) == (True, False)
    overview = client.get(reverse("admin:events_event_overview", args=[event.pk])).text
    assert EMAIL in overview


# What the link opens -----------------------------------------------------------------------------


def test_link_opens_the_event_and_the_form(client, event, coordinator):
    nomination = nominate(event, coordinator, city=make_city("Malmö"))
    assert client.get(event.get_absolute_url()).status_code == 404
    told = client.get(page("nominated", nomination))
    assert (told.status_code, "Closed meeting" in told.text, page("nominated-register", nomination) in told.text) == (
        200,
        True,
        True,
    )
    form = client.get(page("nominated-register", nomination)).context["form"]
    assert (form["email"].value(), form.fields["email"].disabled, form["name"].value()) == (EMAIL, True, "Nora")
    assert form["city"].value().startswith("Malmö")


def test_registration_is_for_the_nominated_address_whatever_is_sent(client, event, coordinator):
    nomination = nominate(event, coordinator)
    answer = client.post(page("nominated-register", nomination), fields(email="other@example.org"), follow=True)
    assert answer.redirect_chain == [(page("nominated-sent", nomination), 302)]
    assert answer.status_code == 200
    row = Registration.objects.get()
    assert (row.email, row.state) == (EMAIL, "unverified")
    mail = OutboxMail.objects.get(kind="events/confirm-address")
    assert (mail.recipient, f"/sv/events/nomination/{nomination.uid}/" in mail.text) == (EMAIL, True)


def test_refused_form_keeps_what_was_typed(client, event, coordinator):
    nomination = nominate(event, coordinator)
    refused = client.post(page("nominated-register", nomination), fields(country="", message="Typed words"))
    assert (refused.status_code, "Typed words" in refused.text) == (422, True)
    assert not Registration.objects.exists()


def test_mails_of_others_lead_to_the_events_own_page(client, event, coordinator):
    nominate(event, coordinator)
    nominate(event, coordinator, email="other@example.org")
    values = {"email": "other@example.org", "name": "O", "mode": "in-person", "country": "SE"}
    registering.register(event, values, consents=["data"], language="en", person=coordinator)
    text = OutboxMail.objects.get(kind="events/confirm-address").text
    assert ("/nomination/" in text, event.get_absolute_url() in text) == (False, True)


def test_pages_are_kept_by_no_cache_and_found_by_no_search_engine(client, event, coordinator):
    nomination = nominate(event, coordinator)
    public = nominate(make_event(networks=event.networks.all(), entry="nominated"), coordinator)
    for address in [*(page(name, nomination) for name in PAGES), page("nominated", public)]:
        answer = client.get(address)
        assert "no-store" in answer["Cache-Control"]
        assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("strict-origin", "noindex, nofollow")
        assert '<meta name="robots" content="noindex">' in answer.text
        assert "ETag" not in answer


def test_page_leads_to_nothing_that_the_visitor_may_not_open(client, network, coordinator):
    series = make_series(networks=[network])
    event = make_event(networks=[network], visibility="network", entry="nominated", series=series)
    make_event(networks=[network], visibility="network", series=series, title_en="Sibling canary")
    event.documents.create(file="events/documents/canary.pdf", language="en", title_en="Canary paper")
    event.nominations.create(email="someone@example.org", name="Canary person")
    nomination = nominate(event, coordinator)
    text = client.get(page("nominated", nomination)).text
    hidden = ("anary", series.get_absolute_url(), ".ics", reverse("events:register", args=[event.pk, event.slug]))
    assert [words for words in hidden if words in text] == []
    client.force_login(coordinator)
    shown = client.get(page("nominated", nomination)).text
    assert ("Canary paper" in shown, "Sibling canary" in shown) == (True, True)


def test_page_in_arabic_is_right_to_left_and_keeps_the_link(client, event, coordinator):
    address = page("nominated", nominate(event, coordinator))
    text = client.get(address.replace("/en/", "/ar/", 1)).text
    assert 'dir="rtl"' in text
    assert address.replace("/en/", "/fr/", 1) in text


# Who gets what -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_link_opens_for_whoever_has_it_and_the_event_for_no_more_people(client, people, role):  # noqa: F811
    event = make_event(networks=[people["network"]], visibility="network", entry="nominated")
    nomination = nominate(event, people["coordinator"])
    signed_in(client, people, role)
    promised = expected(EVERYBODY)[role]
    assert {client.get(page(name, nomination)).status_code for name in PAGES} == {promised}
    plain = "404 404 404 200 200 404 404 200 404 200"
    assert client.get(event.get_absolute_url()).status_code == expected(plain)[role]


def test_wrong_withdrawn_and_foreign_links_open_nothing(client, event, coordinator):
    one, other = nominate(event, coordinator), nominate(event, coordinator, email="other@example.org")
    right, token = page("nominated", one), token_of(one, "nomination")
    wrong = [right.replace(token, key) for key in ("0" * 40, token_of(one), token_of(other, "nomination"))]
    assert [client.get(address).status_code for address in (right, *wrong)] == [200, 404, 404, 404]
    other_page = page("nominated", other)
    other.delete()
    assert client.get(other_page).status_code == 404
    type(event).objects.filter(pk=event.pk).update(status="draft")
    assert [client.get(page(name, one)).status_code for name in PAGES] == [404, 404, 404]


def test_reading_changes_nothing(client, event, coordinator):
    nomination = nominate(event, coordinator)
    before = digests()
    for name in PAGES * 2:
        assert client.get(page(name, nomination)).status_code == 200
        assert client.head(page(name, nomination)).status_code == 200
    assert digests() == before


def test_form_of_another_site_changes_nothing(event, coordinator):
    nomination = nominate(event, coordinator)
    client, before = Client(enforce_csrf_checks=True), digests()
    answer = client.post(page("nominated-register", nomination), fields(), headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert digests() == before
