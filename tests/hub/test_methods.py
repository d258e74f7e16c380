"""Reading changes nothing, and nothing is written by a form that another site sends."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from events.tokens import token_of
from networks.services import grant_role
from newsletters.emails import confirm_key, preferences_key
from newsletters.services.subscribing import ask
from newsletters.wishes import Wishes
from practices import services
from practices.forms import STEPS
from practices.views import REVIEW_VERBS
from tests.events.factories import (
    make_asked_participant,
    make_event,
    make_group,
    make_registration,
    make_series,
    make_session,
)
from tests.factories import make_person, make_practice
from tests.hub.test_permissions import PAGES, people  # noqa: F401
from tests.newsletters.factories import make_subscriber
from tests.newsletters.factories_campaigns import make_campaign, make_reader, make_sending_campaign

pytestmark = pytest.mark.django_db
EVENT_PAGES = ("overview", "register", "nominate", "duplicate", "poll", "cohosts", "change", "delete")
CAMPAIGN_PAGES = ("overview", "report", "change", "delete", "history")
UNTOLD = ("django_session", "django_admin_log")
"""Sessions come with signing in. Nothing else may differ, not even a log."""


def digests():
    """{table: digest of all its rows}."""
    tables = [name for name in connection.introspection.table_names() if name not in UNTOLD]
    found = {}
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t")
            found[name] = cursor.fetchone()[0]
    return found


@pytest.fixture
def addresses(people):  # noqa: F811
    """Addresses of the portal with one record of each kind, as an administrator who works for a city finds them."""
    city, network, admin = people["city"], people["network"], people["admin"]
    grant_role(admin, "focal-point", actor=admin, city=city)
    practice = make_practice(language="sv", city=city, networks=[network])
    services.record_edit(practice, actor=admin)
    draft = services.start_practice(actor=admin, city=city, source_language="sv", network_ids=[network.pk])
    ugo = make_person("ugo@example.org")
    lund = network.cities.exclude(pk=city.pk).get()
    grant_role(ugo, "contributor", actor=admin, city=lund)
    claim = services.claim_adaptation(practice, actor=ugo, city=lund, source_language="it", kept="Uno", changed="Due")
    event = make_event(networks=[network], mode="hybrid", series=make_series(networks=[network]))
    row = make_registration(event, state="unverified", seat=False)
    pool, key = event.pools.first(), [row.uid, token_of(row)]
    make_registration(event)
    pk, revision = practice.pk, draft.pk
    asked = make_asked_participant(network)
    make_reader(network=network)
    newsletter = make_campaign(network=network).pk
    workspace = lambda name, *args: reverse(f"workspace:{name}", args=args)  # noqa: E731
    meeting = make_event(networks=[network], status="reported")
    rooms = make_session(meeting, kind="breakout")
    group, item = make_group(rooms), meeting.action_items.create(city=city, text="x")
    run = lambda name, *args: reverse(f"event_desk:{name}", args=[meeting.pk, *args])  # noqa: E731
    return [
        *(
            run(name)
            for name in (
                "certificates",
                "certificates-progress",
                "planner",
                "minutes",
                "minutes-compare",
                "minutes-insert",
                "follow-up",
                "report",
            )
        ),
        *(run(f"planner-{name}", rooms.pk) for name in ("session", "fill", "clear", "move")),
        *(run(name, group.pk) for name in ("notes", "notes-compare")),
        run("planner-csv", rooms.pk, "zoom"),
        run("follow-up-add", "decision"),
        *(run(f"follow-up-{name}", "action", item.pk) for name in ("change", "delete")),
        reverse("event_desk:action-done", args=[item.pk]),
        reverse("events:report", args=[meeting.pk, meeting.slug]),
        *(reverse(name) for name in PAGES),
        practice.get_absolute_url(),
        city.get_absolute_url(),
        network.get_absolute_url(),
        event.get_absolute_url(),
        event.series.get_absolute_url(),
        reverse("events:month", args=["2027", "06"]),
        *(workspace("step", draft.practice_id, step) for step in STEPS),
        *(workspace(name, draft.practice_id) for name in ("write", "save", "submitted", "edit")),
        *(workspace(name, pk) for name in ("practice-history", "practice-withdraw", "practice-confirm")),
        *(workspace(name, pk) for name in ("practice-adapt", "edit")),
        workspace("practice-restore", pk, 1),
        workspace("review", revision),
        *(workspace(f"review-{verb}", revision) for verb in REVIEW_VERBS),
        workspace("translation", pk, "it"),
        workspace("translation-worklist", "it"),
        workspace("translation-export") + f"?language=it&practice={pk}",
        workspace("adaptation", claim.pk),
        reverse("admin:practices_practice_change", args=[pk]),
        reverse("admin:practices_practice_delete", args=[pk]),
        reverse("admin:networks_city_change", args=[city.pk]),
        *(reverse(f"events:{name}", args=[asked.uid, token_of(asked)]) for name in ("poll", "reconfirm")),
        *(reverse(f"events:{name}", args=[event.pk, event.slug]) for name in ("register", "register-sent")),
        *(reverse(f"events:{name}", args=key) for name in ("confirm", "manage")),
        *(reverse(f"events:registration-{verb}", args=key) for verb in ("withdraw", "mode", "sessions")),
        *(reverse(f"events:registration-{verb}", args=key) for verb in ("details", "wishes", "calendar")),
        *(reverse(f"events:registration-data{verb}", args=key) for verb in ("", "-file", "-mail", "-erase")),
        *(reverse(f"events:registration-{verb}", args=[*key, pool.pk]) for verb in ("accept", "decline")),
        *(reverse(f"admin:events_event_{page}", args=[event.pk]) for page in EVENT_PAGES),
        reverse("admin:events_eventseries_duplicate", args=[make_series(networks=[network]).pk]),
        *(reverse(f"admin:newsletters_campaign_{page}", args=[newsletter]) for page in CAMPAIGN_PAGES),
        *(reverse(f"admin:newsletters_campaign_{page}", args=[newsletter, "en"]) for page in ("preview", "mail")),
        reverse("newsletters:issue", args=[make_sending_campaign(admin, network=network).pk]),
        *newsletter_pages(network),
        reverse("accounts:data_json"),
        reverse("accounts:erase"),
        reverse("accounts:end_sessions"),
    ]


def newsletter_pages(network):
    """Of a subscriber: what a key opens, and what waits to be confirmed."""
    subscriber = make_subscriber(newsletters=[network])
    search = subscriber.saved_searches.create(label="x", query="q=x")
    asked = ask("new@city.example", Wishes(languages=("en",), events="daily"), language="en")
    key, verbs = preferences_key(subscriber), ("leave", "pause", "resume", "erase")
    return [
        reverse("newsletters:preferences", args=[key]),
        *(reverse(f"newsletters:preferences-{verb}", args=[key]) for verb in (*verbs, "address", "mail")),
        reverse("newsletters:preferences-search", args=[key, search.pk]),
        reverse("newsletters:confirm", args=[confirm_key(asked)]),
        *(reverse(f"newsletters:account-{verb}") for verb in verbs),
        reverse("admin:newsletters_subscriber_change", args=[subscriber.pk]),
    ]


def test_reading_twice_changes_nothing(client, people, addresses):  # noqa: F811
    client.force_login(people["admin"])
    client.get(reverse("workspace:home"))
    before = digests()
    for _round in range(2):
        answers = {address: client.get(address).status_code for address in addresses}
    assert {address: code for address, code in answers.items() if code >= 500 or code == 404} == {}
    assert digests() == before


def test_digest_notices_a_single_changed_letter(people):  # noqa: F811
    before = digests()
    people["city"].name_en = "Malmo"
    people["city"].save()
    assert digests() != before


def test_posting_without_a_token_changes_nothing(people, addresses):  # noqa: F811
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["admin"])
    before = digests()
    answers = {
        address: client.post(address, {"note": "x", "seen": "0", "step": "story", "title": "x"}).status_code
        for address in addresses
    }
    assert {address: code for address, code in answers.items() if code not in (403, 405)} == {}
    assert digests() == before
