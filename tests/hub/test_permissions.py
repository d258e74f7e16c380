"""Who gets what, for every address of the portal.

The tables are written by hand from the roles the hub promises, never from the code. An address that is in none of them
fails the suite: whoever adds one says here who may see it.
"""

import pytest
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver

from networks.models import RoleAssignment
from networks.services import grant_role
from practices import services
from practices.forms import STEPS
from practices.models import Practice
from tests.events.factories import make_event, make_series
from tests.factories import make_city, make_network, make_person, make_practice
from tests.newsletters.factories_campaigns import make_campaign, make_reader, make_sending_campaign
from tests.practices.test_editorial import complete

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role

ROLES = [
    "anon",
    "disabled",
    "plain",
    "officer",
    "neighbour",
    "reviewer",
    "translator",
    "coordinator",
    "foreign",
    "admin",
]
"""`officer` works for the practice's city, `neighbour` for another one of the same network; `reviewer` was asked to
review it; `coordinator` keeps its network, `foreign` another one; `plain` has an account and no role."""

EVERYBODY = "200 200 200 200 200 200 200 200 200 200"
SIGNED_IN = "302 302 200 200 200 200 200 200 200 200"
WITH_A_ROLE = "302 302 404 200 200 200 200 200 200 200"
STAFF = "302 302 302 302 302 302 302 200 200 200"
NO_COORDINATOR = "302 302 302 302 302 302 302 403 403 200"
NOBODY = "302 302 302 302 302 302 302 403 403 403"
OWN_NETWORK = "302 302 302 302 302 302 302 200 404 200"

PAGES = {
    "home": EVERYBODY,
    "search": "302 302 302 302 302 302 302 302 302 302",
    "healthz": EVERYBODY,
    "robots": EVERYBODY,
    "sitemap-index": EVERYBODY,
    "practices:list": EVERYBODY,
    "practices:map": EVERYBODY,
    "practices:suggest": EVERYBODY,
    "practices:feed": EVERYBODY,
    "events:calendar": EVERYBODY,
    "newsletters:archive": EVERYBODY,
    "newsletters:feed": EVERYBODY,
    "events:list": EVERYBODY,
    "networks:cities": EVERYBODY,
    "networks:networks": EVERYBODY,
    "newsletters:subscribe": EVERYBODY,
    "newsletters:subscribe-sent": EVERYBODY,
    "newsletters:account": SIGNED_IN,
    "api:practices": EVERYBODY,
    "api:events": EVERYBODY,
    "api:cities": EVERYBODY,
    "api:networks": EVERYBODY,
    "api:vocabularies": EVERYBODY,
    "api:schema": EVERYBODY,
    "api:docs": EVERYBODY,
    "workspace:home": SIGNED_IN,
    "workspace:start": WITH_A_ROLE,
    "workspace:cities": WITH_A_ROLE,
    "workspace:organisations": WITH_A_ROLE,
    "workspace:review-queue": "302 302 404 403 403 200 403 200 200 200",
    "workspace:adaptations": WITH_A_ROLE,
    "workspace:city": "302 302 404 200 200 404 404 404 404 404",
    "event_desk:actions": "302 302 404 200 200 404 404 404 404 404",
    "workspace:translations": "302 302 404 200 200 403 200 200 200 200",
    "workspace:translation-import": "302 302 404 200 200 403 200 200 200 200",
    "event_desk:mine": SIGNED_IN,
    "accounts:me": SIGNED_IN,
    "accounts:data": SIGNED_IN,
    "admin:index": STAFF,
    "admin:networks_network_changelist": STAFF,
    "admin:networks_city_changelist": STAFF,
    "admin:networks_city_add": STAFF,
    "admin:networks_city_geonames": STAFF,
    "admin:networks_organisation_changelist": STAFF,
    "admin:networks_organisation_add": STAFF,
    "admin:networks_membership_changelist": STAFF,
    "admin:networks_membership_add": STAFF,
    "admin:networks_workinggroup_changelist": STAFF,
    "admin:networks_workinggroup_add": STAFF,
    "admin:networks_roleassignment_changelist": STAFF,
    "admin:networks_roleassignment_invite": STAFF,
    "admin:practices_practice_changelist": STAFF,
    "admin:practices_practice_export": STAFF,
    "admin:networks_city_export": STAFF,
    "admin:networks_membership_export": STAFF,
    "admin:networks_network_add": NO_COORDINATOR,
    "admin:practices_practice_add": NO_COORDINATOR,
    "admin:practices_importjob_changelist": STAFF,
    "admin:practices_importjob_add": STAFF,
    "admin:practices_importjob_template": STAFF,
    "admin:vocabularies_term_changelist": STAFF,
    "admin:practices_revision_changelist": STAFF,
    "admin:networks_roleoffer_changelist": STAFF,
    "admin:practices_revision_add": NOBODY,
    "admin:networks_roleoffer_add": NOBODY,
    "admin:vocabularies_term_add": NO_COORDINATOR,
    "admin:accounts_user_changelist": NO_COORDINATOR,
    "admin:accounts_user_add": NO_COORDINATOR,
    "admin:accounts_invitation_changelist": NO_COORDINATOR,
    "admin:accounts_accountrequest_changelist": STAFF,
    "admin:auth_group_changelist": NO_COORDINATOR,
    "admin:auth_group_add": NO_COORDINATOR,
    "admin:common_outboxmail_changelist": NO_COORDINATOR,
    "admin:common_outboxmail_add": NOBODY,
    "admin:networks_roleassignment_add": NOBODY,
    "admin:events_event_changelist": STAFF,
    "admin:events_event_add": STAFF,
    "admin:events_eventseries_changelist": STAFF,
    "admin:events_eventseries_add": STAFF,
    "admin:events_registration_changelist": STAFF,
    "admin:events_registration_export": STAFF,
    "admin:events_registration_add": NOBODY,
    "admin:events_nomination_changelist": STAFF,
    "admin:newsletters_campaign_changelist": STAFF,
    "admin:newsletters_campaign_add": STAFF,
    "admin:newsletters_campaign_find": STAFF,
    "admin:newsletters_subscription_changelist": STAFF,
    "admin:newsletters_subscription_export": STAFF,
    "admin:newsletters_subscription_import": STAFF,
    "admin:newsletters_subscription_add": NOBODY,
    "admin:newsletters_subscriber_changelist": NO_COORDINATOR,
    "admin:newsletters_subscriber_add": NOBODY,
    "admin:newsletters_suppression_changelist": NO_COORDINATOR,
    "admin:newsletters_suppression_add": NO_COORDINATOR,
    "admin:newsletters_throttle_changelist": NO_COORDINATOR,
    "admin:newsletters_throttle_add": NO_COORDINATOR,
}

OBJECTS = {
    # Of a published practice, its city, network and membership.
    ("practices:detail", "practice"): EVERYBODY,
    ("networks:city", "city_slug"): EVERYBODY,
    ("networks:network", "network_slug"): EVERYBODY,
    ("api:practice", "pk"): EVERYBODY,
    ("events:detail", "event"): EVERYBODY,
    ("events:series", "event_series"): EVERYBODY,
    ("events:month", "event_month"): EVERYBODY,
    ("api:event", "event_pk"): EVERYBODY,
    ("api:city", "slug_of_city"): EVERYBODY,
    ("api:network", "slug_of_network"): EVERYBODY,
    ("workspace:practice-history", "pk"): "302 302 404 200 403 403 403 200 403 200",
    ("workspace:translation", "italian"): "302 302 404 200 404 404 200 200 404 200",
    ("workspace:practice-withdraw", "pk"): "302 302 404 403 403 403 403 200 403 200",
    ("admin:practices_practice_change", "object_id"): OWN_NETWORK,
    ("admin:practices_practice_history", "object_id"): OWN_NETWORK,
    ("admin:practices_practice_delete", "object_id"): NO_COORDINATOR,
    ("admin:networks_network_change", "network_id"): OWN_NETWORK,
    ("admin:networks_network_history", "network_id"): OWN_NETWORK,
    ("admin:networks_network_delete", "network_id"): NO_COORDINATOR,
    ("admin:networks_city_change", "city_id"): OWN_NETWORK,
    ("admin:networks_city_history", "city_id"): OWN_NETWORK,
    ("admin:networks_city_delete", "city_id"): NO_COORDINATOR,
    ("admin:networks_membership_change", "membership_id"): OWN_NETWORK,
    ("admin:networks_membership_history", "membership_id"): OWN_NETWORK,
    ("admin:networks_membership_delete", "membership_id"): OWN_NETWORK,
    ("admin:networks_roleassignment_change", "role_id"): OWN_NETWORK,
    ("admin:networks_roleassignment_history", "role_id"): OWN_NETWORK,
    ("admin:events_event_overview", "event_id"): OWN_NETWORK,
    ("admin:events_event_register", "event_id"): OWN_NETWORK,
    ("admin:events_event_nominate", "event_id"): OWN_NETWORK,
    ("admin:events_event_duplicate", "event_id"): OWN_NETWORK,
    ("admin:events_event_poll", "event_id"): OWN_NETWORK,
    ("admin:events_event_cohosts", "event_id"): OWN_NETWORK,
    ("admin:events_event_change", "event_id"): OWN_NETWORK,
    ("admin:events_event_history", "event_id"): OWN_NETWORK,
    ("admin:events_eventseries_change", "series_id"): OWN_NETWORK,
    ("admin:events_eventseries_history", "series_id"): OWN_NETWORK,
    ("admin:events_eventseries_duplicate", "series_id"): OWN_NETWORK,
    ("admin:events_eventseries_delete", "series_id"): OWN_NETWORK,
    ("newsletters:issue", "sent_campaign_id"): EVERYBODY,
    ("admin:newsletters_campaign_overview", "campaign_id"): OWN_NETWORK,
    ("admin:newsletters_campaign_report", "campaign_id"): OWN_NETWORK,
    ("admin:newsletters_campaign_preview", "campaign_in_english"): OWN_NETWORK,
    ("admin:newsletters_campaign_mail", "campaign_in_english"): OWN_NETWORK,
    ("admin:newsletters_campaign_change", "campaign_id"): OWN_NETWORK,
    ("admin:newsletters_campaign_history", "campaign_id"): OWN_NETWORK,
    ("admin:newsletters_campaign_delete", "campaign_id"): OWN_NETWORK,
}

STATES = {
    # The public page of a practice: what readers, its city, its network and others get in each state.
    "draft": "404 404 404 200 404 404 404 200 404 200",
    "in review": "404 404 404 200 404 200 404 200 404 200",
    "published": EVERYBODY,
    "for the network": "404 404 404 200 200 404 404 200 404 200",
    "for coordinators": "404 404 404 200 404 404 404 200 404 200",
    "withdrawn": "410 410 410 200 410 410 410 200 410 200",
}

WRITES = "302 302 404 200 404 404 404 200 404 200"
"""Every page on which a draft is written: those who work for its city, coordinators."""

REVIEWS = "302 302 404 200 404 200 404 200 404 200"
"""The review page of a revision that waits: authors, the reviewer who was asked, coordinators."""

ELSEWHERE = {
    "tests/networks/test_people.py": ["admin:networks_roleoffer_"],
    "tests/practices/test_review_desk.py": ["admin:practices_revision_"],
    "tests/accounts": [
        *(
            "account_",
            "mfa_",
            "accounts:confirm_request",
            "accounts:data_json",
            "accounts:end_sessions",
            "accounts:erase",
        ),
        *("accounts:invitation", "accounts:request", "accounts:start", "admin/login/", "admin/password_change/"),
        *("admin:login", "admin:logout", "admin:password_change", "admin:accounts_", "admin:auth_"),
    ],
    "tests/events/admin": ["admin:events_"],
    "tests/practices/test_import_jobs.py": ["admin:practices_importjob_"],
    "tests/practices/test_review_desk.py and its neighbours": [
        *("workspace:review-", "workspace:comment-settle", "workspace:practice-restore", "workspace:practice-confirm"),
        *("workspace:practice-adapt", "workspace:adaptation", "workspace:home"),
    ],
    "tests/practices/test_writing.py": ["workspace:edit"],
    "tests/practices/test_city_page.py": ["workspace:city-"],
    "tests/practices/translating": ["workspace:translation-export", "workspace:translation-worklist"],
    "tests/practices/test_files.py": ["attachment"],
    "tests/events/test_registering_pages.py, below and by the secret in the address": [
        *("events:register", "events:confirm", "events:manage", "events:registration-"),
    ],
    "tests/events/test_doors_afterwards.py": [
        *("event_desk:check-in", "event_desk:attendance", "event_desk:certificate", "event_desk:feedback"),
        *("event_desk:practices", "event_desk:draft-practice"),
        *("events:check-in", "events:registration-code", "events:registration-certificate"),
        *("events:certificate-check", "events:feedback"),
    ],
    "tests/newsletters, by the key in the address or for one's own account": [
        *("newsletters:confirm", "newsletters:preferences", "newsletters:account-", "newsletters_plain:one-click"),
    ],
    "tests/newsletters/test_admin.py": ["admin:newsletters_"],
    "tests/events/test_calendars.py": ["events:ics", "events:my-calendar"],
    "tests/events/test_pages.py": ["event-document"],
    "tests/newsletters/test_archive.py": ["newsletter-picture", "newsletters_plain:click"],
    "tests/practices/test_documents.py": ["practices:pdf", "practices:json"],
    "tests/events/test_polls.py": ["events:poll", "events:reconfirm"],
    "tests/hub/test_pages.py": ["root", "readyz", "sitemap", "set_language", "api:vocabulary"],
    "tests/events/test_planning.py": [
        *("event_desk:planner", "event_desk:minutes", "event_desk:notes", "event_desk:follow-up", "event_desk:report"),
    ],
    "tests/events/test_minutes.py": ["event_desk:action-done"],
    "tests/events/test_note_links.py": ["events:group-notes"],
    "tests/events/test_nominated.py": ["events:nominated"],
    "tests/events/test_cohosting.py": ["event_desk:cohosting"],
    "tests/events/test_new_calendar.py": ["event_desk:calendar"],
    "tests/events/test_report.py": ["events:report"],
    "Django's own, which ask the admin classes above": [
        *("admin:app_list", "admin:autocomplete", "admin:jsi18n", "admin:view_on_site", "admin:(?P<url>.*)$"),
        *("admin:<path:object_id>/", "admin:networks_organisation_", "admin:networks_workinggroup_"),
        *("admin:vocabularies_term_", "admin:common_outboxmail_", "admin:networks_roleassignment_delete"),
    ],
}


@pytest.fixture
def people(admin_user):
    city, network = make_city("Malmö"), None
    neighbour = make_city("Lund")
    network = make_network("nordic", cities=[city, neighbour])
    other = make_network("foreign", cities=[make_city("Torino", "IT")])
    found = {name: make_person(f"{name}@example.org") for name in ROLES if name not in ("anon", "admin")}
    found["admin"] = admin_user
    for name, role, scope in [
        ("officer", Role.CONTRIBUTOR, {"city": city}),
        ("neighbour", Role.CONTRIBUTOR, {"city": neighbour}),
        ("reviewer", Role.REVIEWER, {"network": network}),
        ("translator", Role.TRANSLATOR, {"network": network, "language": "it"}),
        ("coordinator", Role.COORDINATOR, {"network": network}),
        ("foreign", Role.COORDINATOR, {"network": other}),
        ("disabled", Role.COORDINATOR, {"network": network}),
    ]:
        grant_role(found[name], role, actor=admin_user, **scope)
    return found | {"city": city, "network": network}


def signed_in(client, people, role):
    if role != "anon":
        client.force_login(people[role])
    if role == "disabled":
        people[role].is_active = False
        people[role].save(update_fields=["is_active"])
    return client


def expected(row):
    return dict(zip(ROLES, map(int, row.split()), strict=True))


@pytest.mark.parametrize("role", ROLES)
def test_page_answers_each_role_as_promised(client, people, role):
    signed_in(client, people, role)
    answers = {name: client.get(reverse(name)).status_code for name in PAGES}
    assert answers == {name: expected(row)[role] for name, row in PAGES.items()}


@pytest.mark.parametrize("role", ROLES)
def test_page_of_a_record_answers_each_role_as_promised(client, people, role):
    city, network = people["city"], people["network"]
    practice = make_practice(city=city, networks=[network])
    event = make_event(networks=[network], series=make_series(networks=[network]))
    membership = network.memberships.get(city=city)
    assignment = RoleAssignment.objects.get(person=people["officer"])
    series, campaign = event.series, make_campaign(network=network)
    make_reader(network=network)
    sent = make_sending_campaign(people["admin"], network=network)
    addresses = {
        "practice": lambda name: practice.get_absolute_url(),
        "city_slug": lambda name: city.get_absolute_url(),
        "network_slug": lambda name: network.get_absolute_url(),
        "pk": lambda name: reverse(name, args=[practice.pk]),
        "italian": lambda name: reverse(name, args=[practice.pk, "it"]),
        "event": lambda name: event.get_absolute_url(),
        "event_series": lambda name: event.series.get_absolute_url(),
        "event_month": lambda name: reverse(name, args=["2027", "06"]),
        "event_pk": lambda name: reverse(name, args=[event.pk]),
        "object_id": lambda name: reverse(name, args=[practice.pk]),
        "slug_of_city": lambda name: reverse(name, args=[city.slug]),
        "slug_of_network": lambda name: reverse(name, args=[network.slug]),
        "network_id": lambda name: reverse(name, args=[network.pk]),
        "city_id": lambda name: reverse(name, args=[city.pk]),
        "membership_id": lambda name: reverse(name, args=[membership.pk]),
        "role_id": lambda name: reverse(name, args=[assignment.pk]),
        "event_id": lambda name: reverse(name, args=[event.pk]),
        "series_id": lambda name: reverse(name, args=[series.pk]),
        "sent_campaign_id": lambda name: reverse(name, args=[sent.pk]),
        "campaign_id": lambda name: reverse(name, args=[campaign.pk]),
        "campaign_in_english": lambda name: reverse(name, args=[campaign.pk, "en"]),
    }
    signed_in(client, people, role)
    answers = {key: client.get(addresses[key[1]](key[0])).status_code for key in OBJECTS}
    assert answers == {key: expected(row)[role] for key, row in OBJECTS.items()}


def practice_in(state, people):
    city, network = people["city"], people["network"]
    if state in ("in review", "draft of the city"):
        revision = services.start_practice(
            actor=people["officer"], city=city, source_language="sv", network_ids=[network.pk]
        )
        if state == "draft of the city":
            return revision.practice
        services.save_revision(revision, complete(), actor=people["officer"], seen=0)
        services.submit(revision, actor=people["officer"])
        services.assign_reviewer(revision, people["reviewer"], actor=people["coordinator"])
        return Practice.objects.get(pk=revision.practice_id)
    visibility = {"for the network": "network", "for coordinators": "coordinators"}.get(state, "public")
    practice = make_practice(published=state != "draft", city=city, networks=[network], visibility=visibility)
    if state == "withdrawn":
        services.withdraw(practice, actor=people["admin"], note="A person can be recognised.")
    return practice


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_practice_page_answers_each_role_in_each_state(client, people, state, role):
    address = practice_in(state, people).get_absolute_url()
    assert signed_in(client, people, role).get(address).status_code == expected(STATES[state])[role]


REGISTERING = {
    # The form with which one registers for an event, by what the event is.
    "draft": "404 404 404 404 404 404 404 200 404 200",
    "announced": EVERYBODY,
    "for the network": "404 404 404 200 200 404 404 200 404 200",
}


@pytest.mark.parametrize("state", REGISTERING)
@pytest.mark.parametrize("role", ROLES)
def test_form_of_an_event_answers_each_role(client, people, state, role):
    visibility = "network" if state == "for the network" else "public"
    event = make_event(networks=[people["network"]], published=state != "draft", visibility=visibility)
    signed_in(client, people, role)
    promised = expected(REGISTERING[state])[role]
    for name in ("events:register", "events:register-sent"):
        assert client.get(reverse(name, args=[event.pk, event.slug])).status_code == promised, name


@pytest.mark.parametrize("role", ROLES)
def test_review_page_answers_each_role(client, people, role):
    revision = practice_in("in review", people).revisions.get()
    address = reverse("workspace:review", args=[revision.pk])
    assert signed_in(client, people, role).get(address).status_code == expected(REVIEWS)[role]


@pytest.mark.parametrize("role", ROLES)
def test_pages_of_writing_answer_each_role(client, people, role):
    """`write` leads to a step, `save` tells a script what a page would say by leading elsewhere."""
    practice = practice_in("draft of the city", people)
    signed_in(client, people, role)
    promised = expected(WRITES)[role]
    for step in STEPS:
        assert client.get(reverse("workspace:step", args=[practice.pk, step])).status_code == promised, step
    for leading in ("workspace:write", "workspace:submitted"):
        leads = client.get(reverse(leading, args=[practice.pk])).status_code
        assert leads == (302 if promised == 200 else promised), leading
    saves = client.get(reverse("workspace:save", args=[practice.pk])).status_code
    assert saves == (401 if promised == 302 else promised)


@pytest.mark.parametrize("role", ["foreign", "plain", "anon", "neighbour"])
def test_nothing_of_a_foreign_draft_stands_on_any_page(client, people, role):
    canary = "Kanariefågel"
    make_practice(published=False, city=people["city"], networks=[people["network"]], texts={"title_en": canary})
    signed_in(client, people, role)
    told = [name for name in PAGES if canary in client.get(reverse(name)).getvalue().decode(errors="replace")]
    assert told == []


def names(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inside = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from names(pattern, inside)
        else:
            yield namespace + (pattern.name or str(pattern.pattern))


def test_every_address_is_listed():
    written = {"workspace:step", "workspace:write", "workspace:save", "workspace:submitted"}
    listed = {*PAGES, *(name for name, _ in OBJECTS), "workspace:review", *written}
    begun = tuple(prefix for prefixes in ELSEWHERE.values() for prefix in prefixes)
    assert [name for name in names(get_resolver()) if name not in listed and not name.startswith(begun)] == []
