"""The own page: everything a subscriber changes, by the key in a mail or signed in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.services import change_email
from common.models import OutboxMail
from newsletters import consents, keys
from newsletters.emails import confirm_key, preferences_key
from newsletters.keys import key_of
from newsletters.models import ConsentEvent, SavedSearch, Subscriber, Subscription, Suppression
from newsletters.services import forgetting, subscribing
from newsletters.services.interests import interest_for
from newsletters.wishes import Wishes
from tests.factories import make_network, make_person, make_term
from tests.newsletters.factories import make_subscriber, make_subscription
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
State = Subscription.State
CHOICES = {"language_1": "en", "time_zone": "Europe/Stockholm"}


def page_of(subscriber, verb="", *args, scope=keys.EVERYTHING):
    name = f"newsletters:preferences-{verb}" if verb else "newsletters:preferences"
    return reverse(name, args=[key_of(subscriber.uid, subscriber.token_version, scope), *args])


def channels(subscriber):
    return set(subscriber.subscriptions.receiving().values_list("channel", "network"))


# Choices -----------------------------------------------------------------------------------------


def test_page_shows_what_one_gets(client):
    network = make_network(name_en="Nordic cities")
    subscriber = make_subscriber(newsletters=[network], languages=["ar", "fr"])
    make_subscription(subscriber, "events", frequency="monthly")
    form = client.get(page_of(subscriber)).context["form"]
    shown = {name: form[name].value() for name in ("events", "practices", "newsletters", "language_1", "language_2")}
    assert shown == {
        "events": "monthly",
        "practices": "",
        "newsletters": [str(network.pk)],
        "language_1": "ar",
        "language_2": "fr",
    }


def test_saving_gives_exactly_what_was_chosen(client):
    network, theme = make_network(), make_term(Scheme.THEME)
    subscriber = make_subscriber()
    began = subscriber.subscriptions.get().active_from
    make_subscription(subscriber, "events", frequency="monthly")

    response = client.post(
        page_of(subscriber),
        {
            **{"language_1": "sv", "language_2": "ar", "time_zone": "Asia/Amman", "only_mine": "on"},
            **{"practices": "daily", "newsletters": ["hub", str(network.pk)], "themes": [theme.pk]},
        },
    )

    assert (response.status_code, response["Location"]) == (302, page_of(subscriber))
    subscriber.refresh_from_db()
    assert (subscriber.languages, subscriber.time_zone) == (["sv", "ar"], "Asia/Amman")
    assert channels(subscriber) == {("newsletter", None), ("newsletter", network.pk), ("practices", None)}
    assert subscriber.subscriptions.get(channel="events").state == "unsubscribed"
    digest = subscriber.subscriptions.get(channel="practices")
    assert (digest.frequency, digest.interest.themes, digest.interest.languages) == (
        "daily",
        [theme.pk],
        ["ar", "sv"],
    )
    assert subscriber.subscriptions.get(channel="newsletter", network=None).active_from == began
    [consent] = subscriber.consents.all()
    assert (consent.action, consent.way, consent.text) == ("changed", "link", consents.text())


@pytest.fixture
def two_filters():
    """Somebody whose digests have different filters: (subscriber, practices' theme, events' theme, events' network)."""
    mine, other, network = make_term(Scheme.THEME), make_term(Scheme.THEME), make_network()
    subscriber = make_subscriber(newsletters=[])
    make_subscription(subscriber, "practices", interest=interest_for([mine.pk], [], ["en"]))
    make_subscription(subscriber, "events", interest=interest_for([other.pk], [network.pk]))
    return subscriber, mine, other, network


def filters(subscriber):
    """{digest: (themes, networks, languages)}."""
    rows = subscriber.subscriptions.select_related("interest")
    return {row.channel: (row.interest.themes, row.interest.networks, row.interest.languages) for row in rows}


def posted(client, subscriber, **changes):
    """What the page's form sends back, with these changes."""
    form = client.get(page_of(subscriber)).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    data = {name: list(value) if isinstance(value, tuple) else value for name, value in (shown | changes).items()}
    return client.post(page_of(subscriber), {name: value for name, value in data.items() if value})


def test_two_digests_keep_their_own_filters_when_they_are_not_changed(client, two_filters):
    subscriber, mine, other, network = two_filters
    before = filters(subscriber)
    assert "those for events are different" in client.get(page_of(subscriber)).content.decode()

    assert posted(client, subscriber, events="daily", time_zone="Asia/Amman").status_code == 302

    assert filters(subscriber) == before
    assert before == {"practices": ([mine.pk], [], ["en"]), "events": ([other.pk], [network.pk], [])}
    assert subscriber.subscriptions.get(channel="events").frequency == "daily"


def test_what_is_changed_in_the_filter_counts_for_both_digests(client, two_filters):
    subscriber, _mine, _other, network = two_filters
    new = make_term(Scheme.THEME)

    posted(client, subscriber, themes=[new.pk], language_2="sv")
    assert filters(subscriber) == {
        "practices": ([new.pk], [], ["en", "sv"]),
        "events": ([new.pk], [network.pk], []),
    }

    posted(client, subscriber, only_mine="")
    posted(client, subscriber, only_mine="on", networks=[network.pk])
    both = ([new.pk], [network.pk], ["en", "sv"])
    assert filters(subscriber) == {"practices": both, "events": both}
    assert "those for events are different" not in client.get(page_of(subscriber)).content.decode()


def test_digest_that_is_chosen_anew_has_the_filter_that_is_shown(client, two_filters):
    subscriber, mine, _other, _network = two_filters
    posted(client, subscriber, events="")
    posted(client, subscriber, events="weekly")
    assert filters(subscriber) == dict.fromkeys(["practices", "events"], ([mine.pk], [], ["en"]))


def test_saving_without_a_change_writes_no_consent(client):
    subscriber = make_subscriber()
    client.post(page_of(subscriber), CHOICES | {"newsletters": ["hub"]})
    assert not subscriber.consents.exists()


def test_saving_with_nothing_ticked_ends_all_and_says_so_in_the_proof(client):
    subscriber = make_subscriber()
    client.post(page_of(subscriber), CHOICES)
    assert channels(subscriber) == set()
    [consent] = subscriber.consents.all()
    assert (consent.action, consent.channels) == (
        "ended",
        [{"channel": "newsletter", "network": None, "frequency": ""}],
    )


def test_refused_choice_changes_nothing_and_keeps_what_was_typed(client):
    subscriber = make_subscriber()
    response = client.post(page_of(subscriber), {"language_1": "fr", "time_zone": "Nowhere", "practices": "daily"})
    assert response.status_code == 422
    assert response.context["form"]["practices"].value() == "daily"
    assert channels(subscriber) == {("newsletter", None)}


def test_form_of_another_site_changes_nothing():
    subscriber = make_subscriber()
    client = Client(enforce_csrf_checks=True)
    assert client.post(page_of(subscriber), CHOICES).status_code == 403
    assert client.post(page_of(subscriber, "leave"), {"what": "0"}).status_code == 403
    assert channels(subscriber) == {("newsletter", None)}


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced"])
def test_choosing_anew_lifts_what_ended_by_itself(client, reason):
    subscriber = make_subscriber(newsletters=[], bounce_score=3)
    Suppression.objects.create(email_hash=subscriber.email_hash, reason=reason)
    client.post(page_of(subscriber), CHOICES | {"newsletters": ["hub"]})
    assert channels(subscriber) == {("newsletter", None)}
    assert not Suppression.objects.exists()
    assert Subscriber.objects.get().bounce_score == 0


def test_choosing_anew_after_a_complaint_needs_a_button_in_a_mail(client):
    subscriber = make_subscriber(newsletters=[])
    Suppression.objects.create(email_hash=subscriber.email_hash, reason="complained")
    client.post(page_of(subscriber), CHOICES | {"newsletters": ["hub"]})
    assert channels(subscriber) == set()
    assert OutboxMail.objects.get().kind == "newsletters/confirm"
    client.post(reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())]))
    assert channels(subscriber) == {("newsletter", None)}


@pytest.mark.parametrize("reason", ["complained", "erased"])
def test_choosing_again_and_again_after_a_complaint_mails_once_a_day(client, reason):
    subscriber = make_subscriber(newsletters=[])
    Suppression.objects.create(email_hash=subscriber.email_hash, reason=reason)
    for often in ("daily", "weekly", "monthly", "daily"):
        client.post(page_of(subscriber), CHOICES | {"events": often})
    client.post(page_of(subscriber), CHOICES | {"events": "monthly"})
    assert OutboxMail.objects.count() == 1
    client.post(reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())]))
    assert subscriber.subscriptions.get(channel="events").frequency == "monthly"


def test_mails_after_a_complaint_are_limited_like_others(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"newsletter_request": "1/d/key"}
    subscriber = make_subscriber(newsletters=[])
    Suppression.objects.create(email_hash=subscriber.email_hash, reason="complained")
    answers = []
    for _number in range(2):
        answers.append(client.post(page_of(subscriber), CHOICES | {"events": "daily"}).status_code)
        ConsentEvent.objects.update(at=timezone.now() - timedelta(days=2))
    assert (answers, OutboxMail.objects.count()) == ([302, 429], 1)


def test_address_from_which_all_mail_is_kept_gets_none_and_is_not_lifted(client):
    subscriber, other = make_subscriber(newsletters=[]), make_subscriber("kept@city.example", newsletters=[])
    for one in (subscriber, other):
        Suppression.objects.create(email_hash=one.email_hash, reason="bounced", scope="all")
    client.post(page_of(subscriber), CHOICES | {"events": "daily"})
    client.post(page_of(subscriber, "address"), {"email": other.email})
    client.post(page_of(subscriber, "mail"))
    assert (Suppression.objects.count(), OutboxMail.objects.count()) == (2, 0)
    assert channels(subscriber) == set()


def test_page_asks_the_same_number_of_queries_for_many_subscriptions_and_searches(client):
    subscriber = make_subscriber()

    def count():
        with CaptureQueriesContext(connection) as found:
            client.get(page_of(subscriber))
        return len(found)

    SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    make_subscription(subscriber, network=make_network())
    count()
    few = count()
    for number in range(2, 5):
        SavedSearch.objects.create(subscriber=subscriber, label="More", query=f"q={number}")
        make_subscription(subscriber, network=make_network())
    count()
    assert count() == few <= 10


# Keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["", "leave", "pause", "resume", "erase", "address"])
def test_wrong_key_opens_nothing(client, verb):
    subscriber = make_subscriber()
    key = preferences_key(subscriber)
    name = f"newsletters:preferences-{verb}" if verb else "newsletters:preferences"
    wrong = [key[:-1] + ("A" if key[-1] != "A" else "B"), "x" * 43, "x", key_of(subscriber.uid, 1)]
    assert {client.post(reverse(name, args=[other])).status_code for other in wrong} == {404}
    assert channels(subscriber) == {("newsletter", None)}


@pytest.mark.parametrize("verb", ["leave", "pause", "resume", "erase", "address", "search"])
def test_buttons_do_nothing_by_get(client, verb):
    subscriber = make_subscriber()
    search = SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    address = page_of(subscriber, verb, *([search.pk] if verb == "search" else []))
    assert {client.get(address).status_code, client.head(address).status_code} == {405}
    assert channels(subscriber) == {("newsletter", None)}


# Pause -------------------------------------------------------------------------------------------


def test_pause_lasts_until_the_day_begins_by_the_own_clock(client):
    subscriber = make_subscriber(time_zone="Asia/Amman")
    day = timezone.localdate() + timedelta(days=30)
    client.post(page_of(subscriber, "pause"), {"until": day.isoformat()})

    row = subscriber.subscriptions.get()
    assert (row.state, row.paused_until) == (
        "paused",
        datetime.combine(day, datetime.min.time(), ZoneInfo("Asia/Amman")),
    )
    assert channels(subscriber) == set()
    assert subscriber.subscriptions.receiving(row.paused_until).exists()
    assert f"Nothing comes before {day.day} {day:%B} {day.year}." in client.get(page_of(subscriber)).content.decode()

    client.post(page_of(subscriber, "resume"))
    assert channels(subscriber) == {("newsletter", None)}


def test_pause_and_page_work_by_the_sites_clock_where_a_zone_is_no_more(client):
    subscriber = make_subscriber(time_zone="Europe/Atlantis")
    day = timezone.localdate() + timedelta(days=30)
    client.post(page_of(subscriber, "pause"), {"until": day.isoformat()})
    paused = subscriber.subscriptions.get().paused_until
    assert paused == datetime.combine(day, datetime.min.time(), ZoneInfo("Europe/Brussels"))
    assert client.get(page_of(subscriber)).status_code == 200


def test_pause_begins_after_today_by_the_own_clock(client, time_machine):
    time_machine.move_to(datetime(2027, 3, 21, 3, tzinfo=UTC))
    subscriber = make_subscriber(time_zone="Pacific/Honolulu")  # Where it is the twentieth still.
    assert client.post(page_of(subscriber, "pause"), {"until": "2027-03-20"}).status_code == 422
    assert client.post(page_of(subscriber, "pause"), {"until": "2027-03-21"}).status_code == 302
    assert subscriber.subscriptions.get().state == "paused"


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_pause_for_no_sensible_day_is_refused_beside_the_field(client, days):
    subscriber = make_subscriber()
    day = timezone.localdate() + timedelta(days=days)
    response = client.post(page_of(subscriber, "pause"), {"until": day.isoformat()})
    assert (response.status_code, "until" in response.context["pause"].errors) == (422, True)
    assert channels(subscriber) == {("newsletter", None)}


# Leaving -----------------------------------------------------------------------------------------


def test_one_button_ends_everything(client):
    subscriber = make_subscriber()
    make_subscription(subscriber, "practices")
    client.post(page_of(subscriber, "leave"), {"what": "0"})
    assert set(subscriber.subscriptions.values_list("state", flat=True)) == {"unsubscribed"}
    assert Suppression.objects.get().reason == "unsubscribed"
    [consent] = subscriber.consents.all()
    assert (consent.action, consent.way, len(consent.channels)) == ("ended", "link", 2)
    assert "You get nothing at present." in client.get(page_of(subscriber)).content.decode()


def test_each_list_has_a_button_of_its_own(client):
    network = make_network()
    subscriber = make_subscriber(newsletters=[None, network])
    make_subscription(subscriber, "practices")
    make_subscription(subscriber, "events")
    offered = [scope for scope, _words in client.get(page_of(subscriber)).context["subscribed"]]
    assert offered == [keys.HUB_NEWSLETTER, keys.scope_of_newsletter(network.pk), keys.PRACTICES, keys.EVENTS]
    left = []
    for scope in offered:
        client.post(page_of(subscriber, "leave"), {"what": str(scope)})
        left.append(len(channels(subscriber)))
    assert left == [3, 2, 1, 0]


@pytest.fixture
def forwarded():
    """(subscriber, scope) of a key in a newsletter that was passed on: one of two newsletters."""
    network = make_network(name_en="Nordic cities")
    return make_subscriber("asa@city.example", newsletters=[None, network]), keys.scope_of_newsletter(network.pk)


def test_key_of_a_newsletter_shows_and_ends_that_one_alone(client, forwarded):
    subscriber, scope = forwarded
    page = client.get(page_of(subscriber, scope=scope))
    assert page.context["subscribed"] == [(scope, "Newsletter of Nordic cities")]
    assert "asa@city.example" not in page.content.decode()
    assert "form" not in page.context
    client.post(page_of(subscriber, "leave", scope=scope), {"what": str(scope)})
    assert channels(subscriber) == {("newsletter", None)}
    assert not Suppression.objects.exists()
    assert "does not come any more" in client.get(page_of(subscriber, scope=scope)).content.decode()


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("", CHOICES),
        ("leave", {"what": "0"}),
        ("leave", {"what": str(keys.HUB_NEWSLETTER)}),
        ("resume", {}),
        ("erase", {}),
        ("address", {"email": "mine@evil.example"}),
        ("search", {"label": "Mine"}),
    ],
)
def test_key_of_a_newsletter_changes_nothing_else(client, forwarded, verb, data):
    subscriber, scope = forwarded
    search = SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    response = client.post(page_of(subscriber, verb, *([search.pk] if verb == "search" else []), scope=scope), data)
    assert response.status_code == 403
    assert len(channels(subscriber)) == 2
    subscriber.refresh_from_db()
    search.refresh_from_db()
    assert (subscriber.email, search.label, OutboxMail.objects.count()) == ("asa@city.example", "One", 0)


def test_key_of_a_newsletter_pauses_that_one_alone(client, forwarded):
    subscriber, scope = forwarded
    day = timezone.localdate() + timedelta(days=30)
    client.post(page_of(subscriber, "pause", scope=scope), {"until": day.isoformat()})
    assert channels(subscriber) == {("newsletter", None)}
    assert "Nothing comes before" in client.get(page_of(subscriber, scope=scope)).content.decode()


def test_key_of_digests_ends_each_of_both(client):
    subscriber = make_subscriber()
    make_subscription(subscriber, "practices")
    make_subscription(subscriber, "events")
    client.post(page_of(subscriber, "leave", scope=keys.DIGESTS), {"what": str(keys.EVENTS)})
    assert channels(subscriber) == {("newsletter", None), ("practices", None)}
    client.post(page_of(subscriber, "leave", scope=keys.DIGESTS))
    assert channels(subscriber) == {("newsletter", None)}


def test_key_of_a_newsletter_has_the_link_to_everything_mailed(client, forwarded):
    subscriber, scope = forwarded
    answers = [client.post(page_of(subscriber, "mail", scope=scope)) for _number in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    told = OutboxMail.objects.last()
    assert (told.recipient, told.is_secret, OutboxMail.objects.count()) == ("asa@city.example", True, 3)
    assert page_of(subscriber) in told.text
    assert not any(preferences_key(subscriber) in answer.content.decode() for answer in answers)


def test_leaving_closes_a_confirmation_that_still_waits(client):
    subscriber = make_subscriber()
    client.post("/en/newsletter/", CHOICES | {"email": subscriber.email, "events": "daily"})
    asked = ConsentEvent.objects.get()
    link = reverse("newsletters:confirm", args=[confirm_key(asked)])
    client.post(page_of(subscriber, "leave"), {"what": "0"})
    assert client.post(link).status_code == 410
    assert channels(subscriber) == set()


# Saved searches ----------------------------------------------------------------------------------


def test_search_is_renamed_and_removed(client):
    subscriber = make_subscriber()
    search = SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    digest = make_subscription(subscriber, "practices", only_searches=True)
    client.post(page_of(subscriber, "search", search.pk), {"label": " Young  people "})
    search.refresh_from_db()
    assert search.label == "Young people"
    client.post(page_of(subscriber, "search", search.pk), {"remove": "1", "label": ""})
    assert not SavedSearch.objects.exists()
    digest.refresh_from_db()
    assert digest.state == "unsubscribed"


@pytest.mark.parametrize("label", ["", "x" * 121])
def test_search_keeps_its_name_where_the_new_one_will_not_do(client, label):
    subscriber = make_subscriber()
    search = SavedSearch.objects.create(subscriber=subscriber, label="One", query="q=1")
    response = client.post(page_of(subscriber, "search", search.pk), {"label": label})
    search.refresh_from_db()
    assert (response.status_code, search.label) == (422, "One")


def test_search_of_another_person_is_out_of_reach(client):
    subscriber, other = make_subscriber(), make_subscriber()
    search = SavedSearch.objects.create(subscriber=other, label="One", query="q=1")
    assert client.post(page_of(subscriber, "search", search.pk), {"label": "Mine"}).status_code == 404
    client.post(page_of(subscriber, "search", search.pk), {"remove": "1"})
    search.refresh_from_db()
    assert search.label == "One"


# Another address ---------------------------------------------------------------------------------


def test_address_changes_by_the_button_at_the_new_one(client):
    subscriber = make_subscriber("old@city.example")
    page = page_of(subscriber)
    client.post(page_of(subscriber, "address"), {"email": "New@city.example"})
    subscriber.refresh_from_db()
    assert subscriber.email == "old@city.example"
    [told] = OutboxMail.objects.all()
    assert (told.kind, told.recipient) == ("newsletters/new-address", "new@city.example")

    link = reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())])
    assert "new@city.example" in client.get(link).content.decode()
    done = client.post(link)

    subscriber.refresh_from_db()
    assert (subscriber.email, subscriber.domain) == ("new@city.example", "city.example")
    assert channels(subscriber) == {("newsletter", None)}
    assert client.get(page).status_code == 404
    assert client.get(done["Location"]).context["own_page"] == preferences_key(subscriber)
    assert client.get(link).context["own_page"] == ""
    assert OutboxMail.objects.filter(kind="newsletters/address-changed").get().recipient == "old@city.example"
    assert "new@city.example" not in str(list(ConsentEvent.objects.values()))


def test_second_change_of_address_that_waits_dies_with_the_first(client):
    subscriber = make_subscriber("old@city.example")
    for email in ("typo@city.example", "new@city.example"):
        client.post(page_of(subscriber, "address"), {"email": email})
    typo, right = ConsentEvent.objects.order_by("pk")
    links = {asked: reverse("newsletters:confirm", args=[confirm_key(asked)]) for asked in (typo, right)}
    client.post(links[right])
    assert client.post(links[typo]).status_code == 410
    subscriber.refresh_from_db()
    typo.refresh_from_db()
    assert (subscriber.email, typo.wishes) == ("new@city.example", {})
    assert not subscribing.confirm(typo)


def test_mail_of_a_confirmation_opens_nothing_once_the_address_has_moved(client):
    asked = subscribing.ask("old@city.example", Wishes(languages=("en",), newsletters=(None,)), language="en")
    old = reverse("newsletters:confirm", args=[confirm_key(asked)])
    client.post(old)
    subscriber = Subscriber.objects.get()
    assert client.get(old).context["own_page"] == preferences_key(subscriber)
    subscribing.ask_for_address(subscriber, "new@city.example", language="en")
    subscribing.confirm(ConsentEvent.objects.last())
    assert client.get(old).context["own_page"] == ""
    assert client.post(old).context["own_page"] == ""


def test_mail_of_a_confirmation_opens_nothing_after_erasure_and_a_new_subscription(client):
    wishes = Wishes(languages=("en",), newsletters=(None,))
    asked = subscribing.ask("old@city.example", wishes, language="en")
    old = reverse("newsletters:confirm", args=[confirm_key(asked)])
    client.post(old)
    forgetting.erase(Subscriber.objects.get(), way="link")
    subscribing.confirm(subscribing.ask("old@city.example", wishes, language="en"))
    assert client.get(old).context["own_page"] == ""


def test_record_that_is_taken_over_keeps_no_wishes_notes_or_mails():
    subscriber, other = make_subscriber("old@city.example"), make_subscriber("new@city.example")
    waits = subscribing.ask(
        other.email, Wishes(languages=("en",), events="daily"), language="en", way="import", note="A list"
    )
    subscribing.ask_for_address(subscriber, other.email, language="en")
    subscribing.confirm(ConsentEvent.objects.last())
    waits.refresh_from_db()
    assert (waits.wishes, waits.note) == ({}, "")
    assert set(OutboxMail.objects.filter(about=f"subscriber:{other.pk}").values_list("state", "text")) == {
        ("cancelled", "")
    }


def test_address_of_another_record_is_taken_over_with_what_it_gets(client):
    network = make_network()
    subscriber, other = make_subscriber("old@city.example"), make_subscriber("new@city.example", newsletters=[network])
    client.post(page_of(subscriber, "address"), {"email": other.email})
    client.post(reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())]))
    subscriber.refresh_from_db()
    other.refresh_from_db()
    assert (subscriber.email, other.email) == ("new@city.example", None)
    assert channels(subscriber) == {("newsletter", None), ("newsletter", network.pk)}
    assert channels(other) == set()


def test_answer_about_a_new_address_does_not_tell_whether_it_is_known(client):
    subscriber, other = make_subscriber(), make_subscriber()
    answers = {
        (response.status_code, response["Location"])
        for response in (
            client.post(page_of(subscriber, "address"), {"email": email})
            for email in (other.email, "new@city.example")
        )
    }
    assert answers == {(302, page_of(subscriber))}


def test_new_addresses_are_limited_too(client):
    subscriber = make_subscriber()
    answers = [
        client.post(page_of(subscriber, "address"), {"email": f"victim+{number}@city.example"}).status_code
        for number in range(4)
    ]
    assert answers == [302, 302, 302, 429]


# Erasure -----------------------------------------------------------------------------------------


def test_erasing_leaves_no_address_and_closes_all_links(client):
    subscriber = make_subscriber("canary77@city.example")
    page = page_of(subscriber)
    client.post("/en/newsletter/", CHOICES | {"email": subscriber.email, "events": "daily"})
    asked = reverse("newsletters:confirm", args=[confirm_key(ConsentEvent.objects.get())])

    assert "Erased" in client.post(page_of(subscriber, "erase")).content.decode()

    assert (client.get(page).status_code, client.post(asked).status_code) == (404, 410)
    subscriber.refresh_from_db()
    assert (subscriber.email, subscriber.erased_at is not None) == (None, True)
    assert Suppression.objects.get().reason == "erased"
    assert not OutboxMail.objects.filter(recipient__contains="canary77").exists()
    assert set(OutboxMail.objects.values_list("state", flat=True)) == {"cancelled"}


# The own account ---------------------------------------------------------------------------------


@pytest.fixture
def anna(client):
    person = make_person("anna@malmo.example", name="Anna", time_zone="Africa/Tunis")
    client.force_login(person)
    return person


def test_account_begins_without_a_mail(client, anna):
    assert client.get("/sv/newsletter/mine/").context["form"]["time_zone"].value() == "Africa/Tunis"
    assert not Subscriber.objects.exists()
    response = client.post("/en/newsletter/mine/", CHOICES | {"events": "weekly"})
    assert response["Location"] == "/en/newsletter/mine/"
    subscriber = Subscriber.objects.get()
    assert (subscriber.person, channels(subscriber)) == (anna, {("events", None)})
    assert subscriber.consents.get().way == "account"
    assert not OutboxMail.objects.exists()


def test_account_shows_what_was_subscribed_with_its_address(client, anna):
    make_subscriber(anna.email)
    page = client.get("/en/newsletter/mine/").content.decode()
    assert "Unsubscribe from everything" in page
    assert 'action="/en/newsletter/mine/leave/"' in page
    client.post("/en/newsletter/mine/leave/", {"what": "0"})
    assert not Subscription.objects.receiving().exists()


def test_account_page_is_in_the_menu_of_the_account(client, anna):
    assert 'href="/en/newsletter/mine/"' in client.get("/en/accounts/me/").content.decode()


@pytest.mark.parametrize("verb", ["leave", "pause", "resume", "erase"])
def test_account_buttons_work_where_nothing_is_subscribed(client, anna, verb):
    assert client.post(f"/en/newsletter/mine/{verb}/").status_code in (302, 422)
    assert not Subscriber.objects.exists()


def test_account_with_another_address_takes_its_mail_along(anna):
    subscriber = make_subscriber(anna.email, person=anna)
    change_email(anna, "anna@lund.example", actor=anna)
    subscriber.refresh_from_db()
    assert (subscriber.email, subscriber.person) == ("anna@lund.example", anna)
    assert channels(subscriber) == {("newsletter", None)}


def test_account_that_moves_to_an_address_with_a_complaint_begins_nothing_there(anna):
    subscriber = make_subscriber(anna.email, person=anna)
    other = make_subscriber("anna@lund.example", newsletters=[])
    Suppression.objects.create(email_hash=other.email_hash, reason="complained")
    change_email(anna, "anna@lund.example", actor=anna)
    subscriber.refresh_from_db()
    assert (subscriber.email, subscriber.person) == ("anna@malmo.example", None)
    assert Suppression.objects.exists()


def test_anonymous_people_sign_in_first(client):
    assert client.get("/en/newsletter/mine/")["Location"].startswith("/en/accounts/login/")
