"""The life of a newsletter: what may happen when, what is frozen, and that every reader is accounted for."""

import email
import email.policy
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.models import OutboxMail
from networks.services import grant_role
from newsletters import frames
from newsletters.composing import MESSAGE_ID, RECIPIENT, Skeleton
from newsletters.models import Campaign, CampaignStep, Delivery, Edition, Link, Subscription
from newsletters.services import campaigning, claiming, delivering, pausing, recipients
from newsletters.services.checking import problems_of
from newsletters.services.completing import account_of, complete
from newsletters.services.recipients import dry_run, materialise_next
from tests.events.factories import make_event
from tests.factories import make_city, make_network, make_person, make_practice
from tests.newsletters.factories_campaigns import (
    make_block,
    make_campaign,
    make_picture,
    make_reader,
    make_sending_campaign,
    suppress,
)

pytestmark = pytest.mark.django_db
State = Campaign.State
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def _no_server(settings):
    settings.EMAIL_BACKEND = LOCMEM
    settings.DEFAULT_FROM_EMAIL = "City Networks Hub <hub@hub.example>"
    settings.SITE_URL = "https://hub.example"


@pytest.fixture
def network():
    return make_network("nordic", name_en="Nordic cities", name_ar="مدن الشمال")


@pytest.fixture
def coordinator(network, admin_user):
    person = make_person("coordinator@example.org")
    grant_role(person, "coordinator", actor=admin_user, network=network)
    return person


def codes(campaign, *, hints=False):
    return sorted((problem.code, problem.language) for problem in problems_of(campaign) if problem.is_hint == hints)


def states(campaign):
    return dict(Counter(campaign.deliveries.values_list("state", flat=True)))


def refusal(verb, *args, **kwargs):
    with pytest.raises(ValidationError) as refused:
        verb(*args, **kwargs)
    error = refused.value
    if hasattr(error, "error_dict"):
        return {name: found[0].code for name, found in error.error_dict.items()}
    return error.error_list[0].code


# Before it is sent -------------------------------------------------------------------------------


def test_complete_newsletter_has_no_problems(network):
    make_reader(network=network)
    assert codes(make_campaign(network=network)) == []


def test_each_lack_is_a_problem_of_its_language(network):
    make_reader(network=network)
    campaign = make_campaign(network=network, languages=["en", "sv"], blocks=False)
    make_block(campaign, "picture", picture=make_picture(), alt_en="A square")
    make_block(campaign)
    make_block(campaign, "practice", practice=make_practice(published=False))
    make_block(campaign, "event", event=make_event(visibility="network"))
    assert codes(campaign) == [
        ("empty", ""),
        ("event-not-public", ""),
        ("no-alt", "sv"),
        ("no-subject", "sv"),
        ("practice-not-public", ""),
    ]


def test_newsletter_without_readers_or_without_words_cannot_be_sent(network):
    campaign = make_campaign(network=network, blocks=False)
    make_block(campaign, text_it="<p>Ciao</p>")
    assert codes(campaign) == [("no-content", "en"), ("no-recipients", "")]


def test_practice_in_another_language_and_left_out_block_are_hints(network):
    make_reader(network=network)
    campaign = make_campaign(network=network, languages=["en", "sv"], subject_sv="Nytt")
    make_block(campaign, "practice", practice=make_practice(language="it"))
    assert codes(campaign) == []
    assert codes(campaign, hints=True) == [("fallback", "en"), ("fallback", "sv"), ("left-out", "sv")]


def test_mail_that_would_be_cut_off_is_refused(network):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    make_block(campaign, text_en=f"<p>{'Lång text. ' * 12_000}</p>")
    assert codes(campaign) == [("too-long", "en")]


def test_newsletter_with_problems_is_neither_scheduled_nor_begun(network, coordinator):
    campaign = make_campaign(network=network)
    assert refusal(campaigning.begin, campaign, actor=coordinator) == "problems"
    assert refusal(campaigning.schedule, campaign, date(2040, 1, 2), clock(9), "Europe/Rome", actor=coordinator) == (
        "problems"
    )
    campaign.refresh_from_db()
    assert (campaign.state, campaign.content_hash, Edition.objects.count()) == (State.DRAFT, "", 0)


# The clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "at", "zone", "told"),
    [
        (date(2027, 3, 28), clock(2, 30), "Europe/Stockholm", {"scheduled_time": "skipped"}),
        (date(2027, 10, 31), clock(2, 30), "Europe/Stockholm", {"scheduled_time": "twice"}),
        (date(2020, 1, 1), clock(9), "Europe/Stockholm", {"scheduled_time": "past"}),
        (date(2040, 1, 1), clock(9), "CEST", {"time_zone": "invalid"}),
    ],
)
def test_time_that_is_none_is_refused(network, coordinator, day, at, zone, told):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    assert refusal(campaigning.schedule, campaign, day, at, zone, actor=coordinator) == told


def test_scheduled_newsletter_begins_when_its_time_has_come_and_once(network, coordinator):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    found = campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=coordinator)
    assert (found.state, found.due_at) == (State.SCHEDULED, datetime(2040, 7, 1, 7, tzinfo=UTC))
    assert campaigning.begin_due(datetime(2040, 7, 1, 6, 59, tzinfo=UTC)) == 0
    assert [campaigning.begin_due(datetime(2040, 7, 1, 7, tzinfo=UTC)) for _ in range(2)] == [1, 0]
    campaign.refresh_from_db()
    assert campaign.state == State.MATERIALISING


def test_clock_of_the_place_is_the_truth_when_its_zone_gets_other_rules(network, coordinator):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=coordinator)
    Campaign.objects.update(due_at=datetime(2040, 7, 1, 8, tzinfo=UTC))
    assert campaigning.follow_zone_rules() == 1
    assert Campaign.objects.get().due_at == datetime(2040, 7, 1, 7, tzinfo=UTC)


def test_what_became_impossible_meanwhile_is_a_draft_again_with_the_reason(network, coordinator):
    make_reader(network=network)
    campaign, practice = make_campaign(network=network), make_practice()
    make_block(campaign, "practice", practice=practice)
    campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=coordinator)
    type(practice).objects.update(status="withdrawn")
    assert campaigning.begin_due(datetime(2040, 7, 2, tzinfo=UTC)) == 0
    campaign.refresh_from_db()
    step = campaign.steps.first()
    assert (campaign.state, campaign.due_at) == (State.DRAFT, None)
    assert (step.action, step.note, step.actor) == ("draft", "practice-not-public::2", None)


def test_coordinators_are_told_in_their_language_that_it_was_not_sent(network, coordinator):
    type(coordinator).objects.update(language="sv")
    make_reader(network=network)
    campaign, practice = make_campaign(network=network, subject_sv="Nytt"), make_practice()
    make_block(campaign, "practice", practice=practice)
    campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=coordinator)
    type(practice).objects.update(status="withdrawn")
    for _ in range(2):
        campaigning.begin_due(datetime(2040, 7, 2, tzinfo=UTC))
    told = OutboxMail.objects.get()
    assert (told.recipient, told.subject) == (coordinator.email, "Skickades inte: Nytt")
    assert "Insatsen i block 2 är inte offentlig." in told.text
    assert f"https://hub.example/admin/newsletters/campaign/{campaign.pk}/overview/" in told.text


def test_failure_of_one_newsletter_keeps_no_other_from_beginning(network, coordinator, monkeypatch):
    make_reader(network=network)
    campaigns = [make_campaign(network=network, subject_en=name) for name in ("Broken", "Fine")]
    for campaign in campaigns:
        campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=coordinator)
    freeze = campaigning.freeze

    def fail_once(campaign):
        if campaign.subject_en == "Broken":
            raise RuntimeError
        return freeze(campaign)

    monkeypatch.setattr(campaigning, "freeze", fail_once)
    assert campaigning.begin_due(datetime(2040, 7, 2, tzinfo=UTC)) == 1
    assert dict(Campaign.objects.values_list("subject_en", "state")) == {
        "Broken": "scheduled",
        "Fine": "materialising",
    }
    monkeypatch.setattr(campaigning, "freeze", freeze)
    assert campaigning.begin_due(datetime(2040, 7, 2, tzinfo=UTC)) == 1


# States ------------------------------------------------------------------------------------------

VERBS = {
    "schedule": lambda campaign, actor: campaigning.schedule(
        campaign, date(2040, 1, 2), clock(9), "Europe/Rome", actor=actor
    ),
    "unschedule": lambda campaign, actor: campaigning.unschedule(campaign, actor=actor),
    "begin": lambda campaign, actor: campaigning.begin(campaign, actor=actor),
    "pause": lambda campaign, actor: campaigning.pause(campaign, actor=actor),
    "resume": lambda campaign, actor: campaigning.resume(campaign, actor=actor),
    "cancel": lambda campaign, actor: campaigning.cancel(campaign, actor=actor),
    "edit": lambda campaign, actor: campaigning.check_editable(campaign, actor=actor, seen=campaign.version),
    "retry": lambda campaign, actor: campaigning.retry_failed(campaign, actor=actor),
}
POSSIBLE = {
    "draft": {"schedule", "begin", "edit"},
    "scheduled": {"schedule", "unschedule", "begin", "cancel", "edit"},
    "materialising": {"cancel"},
    "sending": {"pause", "cancel", "retry"},
    "paused": {"resume", "cancel", "retry"},
    "completed": {"retry"},
    "with-failures": {"retry"},
    "cancelled": set(),
}


def campaign_in(state, network, coordinator):
    """A newsletter that came into a state, with one refused mail where it was sent."""
    make_reader(network=network)
    campaign = make_campaign(network=network)
    if state == "scheduled":
        return VERBS["schedule"](campaign, coordinator)
    if state == "draft":
        return campaign
    campaign = campaigning.begin(campaign, actor=coordinator)
    if state != "materialising":
        campaigning.advance()
        campaign.deliveries.update(state="rejected", smtp_code="452 4.2.2")
        Campaign.objects.update(state=state)
    return Campaign.objects.get()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", POSSIBLE)
def test_each_verb_is_possible_in_its_states_alone(network, coordinator, verb, state):
    campaign = campaign_in(state, network, coordinator)
    if verb in POSSIBLE[state]:
        VERBS[verb](campaign, coordinator)
    else:
        assert refusal(VERBS[verb], campaign, coordinator) == "state"
        assert Campaign.objects.get().state == state


@pytest.mark.parametrize("verb", VERBS)
def test_coordinators_of_other_networks_may_do_nothing(network, coordinator, admin_user, verb):
    foreign = make_person("foreign@example.org")
    grant_role(foreign, "coordinator", actor=admin_user, network=make_network())
    state = next(state for state, verbs in POSSIBLE.items() if verb in verbs)
    campaign = campaign_in(state, network, coordinator)
    with pytest.raises(PermissionDenied):
        VERBS[verb](campaign, foreign)


def test_newsletter_of_the_hub_itself_is_for_administrators(network, coordinator, admin_user):
    make_reader()
    campaign = make_campaign()
    with pytest.raises(PermissionDenied):
        campaigning.begin(campaign, actor=coordinator)
    assert campaigning.begin(campaign, actor=admin_user).state == State.MATERIALISING


def test_every_step_is_kept_with_who_took_it(network, coordinator):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaigning.pause(campaign, actor=coordinator)
    campaigning.resume(campaign, actor=coordinator)
    found = CampaignStep.objects.order_by("pk").values_list("action", "actor__email", "note")
    assert list(found) == [
        ("materialising", "coordinator@example.org", ""),
        ("sending", None, "1"),
        ("paused", "coordinator@example.org", ""),
        ("sending", "coordinator@example.org", ""),
    ]


# Frozen ------------------------------------------------------------------------------------------


def test_what_is_changed_while_it_pauses_changes_no_mail(network, coordinator):
    readers = [make_reader(network=network) for _ in range(2)]
    campaign = make_sending_campaign(coordinator, network=network, subject_en="First words")
    with delivering.Sender() as sender:
        delivering.send_due(sender, limit=1)
    campaigning.pause(campaign, actor=coordinator)
    assert refusal(campaigning.check_editable, campaign, actor=coordinator, seen=campaign.version) == "state"
    Campaign.objects.update(subject_en="Second words")
    campaign.blocks.update(text_en="<p>Second words</p>")
    campaigning.resume(campaign, actor=coordinator)
    delivering.send_all_due()
    assert {one.to[0]: one.subject for one in mail.outbox} == dict.fromkeys(
        (reader.email for reader in readers), "First words"
    )
    assert not [one for one in mail.outbox if "Second words" in one.body or "Second words" in one.alternatives[0][0]]


@pytest.mark.parametrize("column", ["subject", "html", "text"])
def test_newsletter_whose_frozen_text_was_changed_does_not_go_on(network, coordinator, column):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaigning.pause(campaign, actor=coordinator)
    Edition.objects.update(**{column: "Other words"})
    assert refusal(campaigning.resume, campaign, actor=coordinator) == "changed"


def test_one_edition_is_frozen_for_each_language(network, coordinator):
    make_reader(network=network)
    campaign = make_campaign(
        network=network, source_language="sv", subject_sv="Nytt", languages=["ar", "sv"], subject_ar="أخبار المدن"
    )
    make_block(campaign, text_ar="<p>مرحبا</p>", text_sv="<p>Hej</p>")
    campaigning.begin(campaign, actor=coordinator)
    editions = {edition.language: edition for edition in Edition.objects.all()}
    assert {code: edition.subject for code, edition in editions.items()} == {"sv": "Nytt", "ar": "أخبار المدن"}
    assert '<html lang="ar" dir="rtl">' in editions["ar"].html
    assert "مرحبا" in editions["ar"].text
    assert "Hello" not in editions["ar"].html
    assert "Hello" not in editions["sv"].text


# Recipients --------------------------------------------------------------------------------------


def test_each_reader_is_written_down_once_in_the_first_language_that_there_is(network, coordinator):
    other = make_network()
    people = {
        "swedish": make_reader(network=network, languages=["sv", "en"]),
        "arab": make_reader(network=network, languages=["it", "ar", "en"]),
        "italian": make_reader(network=network, languages=["it"]),
        "silent": make_reader(network=network, languages=[]),
    }
    make_reader(people["swedish"].email.upper(), network=other)
    make_reader(people["swedish"].email)
    make_reader(network=other)
    make_reader(network=network, state="pending", active_from=None)
    make_reader(network=network, state="unsubscribed")
    campaign = make_campaign(network=network, languages=["en", "sv", "ar"], subject_sv="Nytt", subject_ar="أخبار")
    make_block(campaign, text_sv="<p>Hej</p>", text_ar="<p>مرحبا</p>")
    campaigning.begin(campaign, actor=coordinator)
    campaigning.advance()
    found = {row.subscriber: row for row in Delivery.objects.select_related("edition", "subscriber")}
    assert {name: found[person].edition.language for name, person in people.items()} == {
        "swedish": "sv",
        "arab": "ar",
        "italian": "en",
        "silent": "en",
    }
    assert len(found) == 4
    assert {row.key for row in found.values()} == {
        uuid.uuid5(campaign.uid, str(person.uid)) for person in people.values()
    }
    assert {row.domain for row in found.values()} == {"city.example"}


def test_who_cannot_get_it_is_written_down_with_the_reason(network, coordinator):
    later = timezone.now() + timedelta(days=3)
    make_reader(network=network)
    make_reader(network=network, state="paused", paused_until=later)
    make_reader(network=network, state="paused", paused_until=timezone.now() - timedelta(days=1))
    suppress(make_reader(network=network))
    erased = make_reader(network=network)
    type(erased).objects.filter(pk=erased.pk).update(email=None)
    run = dry_run(make_campaign(network=network))
    campaign = make_sending_campaign(coordinator, network=network)
    rows = campaign.deliveries.filter(state="skipped").values_list("skip_reason", flat=True)
    assert Counter(rows) == run.skipped == {"paused": 1, "suppressed": 1, "erased": 1}
    assert states(campaign) == {"queued": 2, "skipped": 3}
    assert (campaign.audience, run.audience, run.recipients) == (5, 5, 2)


def test_reader_who_leaves_while_recipients_are_gathered_is_accounted_for(network, coordinator, monkeypatch):
    person = make_reader(network=network)
    campaign = campaigning.begin(make_campaign(network=network), actor=coordinator)
    rows = recipients._rows

    def and_leave(*args, **kwargs):
        found = rows(*args, **kwargs)
        Subscription.objects.filter(subscriber=person).update(state="unsubscribed")
        return found

    monkeypatch.setattr(recipients, "_rows", and_leave)
    assert materialise_next(campaign.pk) == 1
    assert list(campaign.deliveries.values_list("state", "skip_reason")) == [("skipped", "unsubscribed")]
    campaign.refresh_from_db()
    assert account_of(campaign).is_balanced


def test_killed_gathering_goes_on_where_it_was_and_writes_nobody_twice(network, coordinator, monkeypatch):
    for _ in range(23):
        make_reader(network=network)
    campaign = campaigning.begin(make_campaign(network=network), actor=coordinator)
    assert materialise_next(campaign.pk, limit=10) == 10
    query = recipients._query

    def die_after_writing(statement, *args, **kwargs):
        if statement is recipients._WRITE:
            with connection.cursor() as cursor:
                cursor.execute(*query(statement, *args, **kwargs))
            raise SystemExit
        return query(statement, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(recipients, "_query", die_after_writing)
        with pytest.raises(SystemExit):
            materialise_next(campaign.pk, limit=10)
    campaign.refresh_from_db()
    assert (campaign.deliveries.count(), campaign.audience) == (10, 10)
    campaigning.advance()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.deliveries.count(), campaign.audience) == (State.SENDING, 23, 23)
    assert campaign.deliveries.values("subscriber").distinct().count() == 23


def test_writing_a_chunk_takes_as_many_statements_for_three_readers_as_for_three_hundred(network, coordinator):
    counts = []
    for audience in (3, 300):
        campaign = make_campaign(network=network)
        for _ in range(audience):
            make_reader(network=network)
        campaigning.begin(campaign, actor=coordinator)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            materialise_next(campaign.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_are_harmless(admin_user):
    for _ in range(40):
        make_reader()
    campaign = make_campaign()
    campaigning.schedule(campaign, date(2040, 7, 1), clock(9), "Europe/Stockholm", actor=admin_user)
    ready = threading.Barrier(3)

    def beat(_number):
        try:
            ready.wait()
            begun = campaigning.begin_due(datetime(2040, 7, 2, tzinfo=UTC))
            written = 0
            while Campaign.objects.get().state != State.SENDING:
                written += materialise_next(campaign.pk, limit=3)
            return begun, written
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(beat, range(3)))
    assert [sum(numbers) for numbers in zip(*done, strict=True)] == [1, 40]
    campaign.refresh_from_db()
    assert (campaign.audience, campaign.deliveries.count(), campaign.editions.count()) == (40, 40, 1)
    assert list(campaign.steps.values_list("action", flat=True)) == ["sending", "materialising", "scheduled"]


# The end -----------------------------------------------------------------------------------------


def test_sent_newsletter_is_complete_when_every_reader_is_accounted_for(network, coordinator):
    for _ in range(3):
        make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaigning.advance()
    campaign.refresh_from_db()
    assert campaign.state == State.SENDING
    delivering.send_all_due()
    campaigning.advance()
    campaign.refresh_from_db()
    account = account_of(campaign)
    assert (campaign.state, account.accepted, account.total, account.is_complete) == (State.COMPLETED, 3, 3, True)
    assert sorted(one.to[0] for one in mail.outbox) == sorted(
        Delivery.objects.values_list("subscriber__email", flat=True)
    )


def test_newsletter_that_lost_a_row_never_says_that_it_is_complete(network, coordinator):
    for _ in range(2):
        make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    delivering.send_all_due()
    campaign.deliveries.first().delete()
    assert complete(campaign.pk) is False
    campaign.refresh_from_db()
    assert (campaign.state, account_of(campaign).is_balanced) == (State.SENDING, False)


@pytest.mark.parametrize(("state", "code"), [("rejected", "550 5.1.1"), ("uncertain", "TimeoutError")])
def test_newsletter_with_a_mail_that_failed_is_sent_with_failures(network, coordinator, state, code):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaign.deliveries.update(state=state, smtp_code=code)
    campaigning.advance()
    campaign.refresh_from_db()
    assert campaign.state == State.WITH_FAILURES


def test_who_left_between_gathering_and_sending_gets_nothing(network, coordinator):
    stays, leaves, bounced, pauses, erased = (make_reader(network=network) for _ in range(5))
    campaign = make_sending_campaign(coordinator, network=network)
    of = Subscription.objects.filter
    of(subscriber=leaves).update(state="unsubscribed")
    of(subscriber=pauses).update(state="paused", paused_until=timezone.now() + timedelta(days=9))
    suppress(bounced)
    type(erased).objects.filter(pk=erased.pk).update(email=None)
    delivering.send_all_due()
    campaigning.advance()
    campaign.refresh_from_db()
    assert [one.to for one in mail.outbox] == [[stays.email]]
    assert dict(campaign.deliveries.values_list("subscriber", "skip_reason")) == {
        stays.pk: "",
        leaves.pk: "unsubscribed",
        bounced.pk: "suppressed",
        pauses.pk: "paused",
        erased.pk: "erased",
    }
    assert campaign.state == State.COMPLETED


@pytest.mark.parametrize("by", ["a coordinator", "itself"])
def test_mails_that_a_worker_has_claimed_do_not_leave_after_a_pause(network, coordinator, by):
    for _ in range(3):
        make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    claim, rows, at = claiming.claim_due(3)
    assert claiming.begin(claim, rows[0], None, at)
    if by == "itself":
        pausing.pause(campaign.pk, "bounces")
    else:
        campaigning.pause(campaign, actor=coordinator)
    assert states(campaign) == {"claimed": 1, "queued": 2}
    with delivering.Sender() as sender:
        delivering._send(claim, rows[1:], at, sender, delivering.Batch(), deadline=time.monotonic() + 60)
    assert mail.outbox == []
    campaigning.resume(campaign, actor=coordinator)
    delivering.send_all_due()
    assert (states(campaign), len(mail.outbox)) == ({"claimed": 1, "accepted": 2}, 2)


def test_account_balances_while_recipients_are_gathered(network, coordinator):
    for _ in range(3):
        make_reader(network=network)
    seen_before = campaigning.begin(make_campaign(network=network), actor=coordinator)
    materialise_next(seen_before.pk, limit=2)
    account = account_of(seen_before)
    assert (account.audience, account.open, account.is_balanced) == (2, 2, True)


def test_cancelled_newsletter_leaves_nothing_open(network, coordinator):
    for _ in range(3):
        make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    with delivering.Sender() as sender:
        delivering.send_due(sender, limit=1)
    _claim, rows, _at = claiming.claim_due(1)
    campaigning.cancel(campaign, actor=coordinator)
    delivering.send_all_due()
    campaign.refresh_from_db()
    assert states(campaign) == {"accepted": 1, "cancelled": 2}
    assert account_of(campaign).is_complete
    assert campaign.completed_at is not None
    assert len(mail.outbox) == len(rows) == 1


def test_mail_that_was_being_handed_over_at_the_cancellation_is_settled_later(network, coordinator):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    claim, rows, at = claiming.claim_due(1)
    assert claiming.begin(claim, rows[0], None, at)
    campaigning.cancel(campaign, actor=coordinator)
    assert states(campaign) == {"claimed": 1}
    delivering._note(claim, rows[0], delivering.Answer(delivering.Outcome.LATER, "452"))
    assert states(campaign) == {"queued": 1}
    campaigning.advance()
    assert states(campaign) == {"cancelled": 1}


def test_cancelled_gathering_is_accounted_for_as_far_as_it_went(network, coordinator):
    for _ in range(5):
        make_reader(network=network)
    campaign = campaigning.begin(make_campaign(network=network), actor=coordinator)
    materialise_next(campaign.pk, limit=2)
    campaigning.cancel(campaign, actor=coordinator)
    campaigning.advance()
    campaign.refresh_from_db()
    assert (campaign.audience, states(campaign)) == (2, {"cancelled": 2})
    assert account_of(campaign).is_complete


# Once more ---------------------------------------------------------------------------------------


def sent_with_failures(network, coordinator):
    """One accepted, one refused for now, one for good, one uncertain; {name: subscriber}."""
    people = {name: make_reader(network=network) for name in ("fine", "full", "gone", "unknown")}
    campaign = make_sending_campaign(coordinator, network=network)
    for name, state, code in [
        ("fine", "accepted", "250"),
        ("full", "rejected", "452 4.2.2"),
        ("gone", "rejected", "550 5.1.1"),
        ("unknown", "uncertain", "worker lost"),
    ]:
        people[name].deliveries.update(state=state, smtp_code=code, attempts=12)
    campaigning.advance()
    campaign.refresh_from_db()
    assert campaign.state == State.WITH_FAILURES
    return campaign, people


@pytest.mark.parametrize(("with_uncertain", "again"), [(False, ["full"]), (True, ["full", "unknown"])])
def test_only_what_may_pass_is_tried_again_under_the_same_key(network, coordinator, with_uncertain, again):
    campaign, people = sent_with_failures(network, coordinator)
    keys = dict(Delivery.objects.values_list("subscriber", "key"))
    assert campaigning.retry_failed(campaign, actor=coordinator, with_uncertain=with_uncertain) == len(again)
    delivering.send_all_due()
    assert sorted(one.to[0] for one in mail.outbox) == sorted(people[name].email for name in again)
    assert dict(Delivery.objects.values_list("subscriber", "key")) == keys
    assert {one.extra_headers["Message-ID"] for one in mail.outbox} == {
        f"<{keys[people[name].pk]}@hub.example>" for name in again
    }
    campaigning.advance()
    campaign.refresh_from_db()
    assert campaign.state == State.WITH_FAILURES


def test_nothing_to_try_again_is_said(network, coordinator):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    assert refusal(campaigning.retry_failed, campaign, actor=coordinator) == "nothing"


def test_retry_of_a_paused_newsletter_waits_until_it_goes_on(network, coordinator):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaign.deliveries.update(state="rejected", smtp_code="421")
    campaigning.pause(campaign, actor=coordinator)
    campaigning.retry_failed(campaign, actor=coordinator)
    delivering.send_all_due()
    assert mail.outbox == []
    assert (states(campaign), Campaign.objects.get().state) == ({"queued": 1}, State.PAUSED)


# The bytes ---------------------------------------------------------------------------------------

LONG = {
    "ar": "المدن المتوسطية تتبادل تجاربها في الوقاية من التطرف وتعزيز الحوار بين الشباب هنا",
    "ro": "Orașele își împărtășesc experiențele în prevenirea extremismului și a violenței",
}


@pytest.mark.parametrize("language", LONG)
def test_long_subject_in_any_script_arrives_as_written(network, coordinator, language):
    assert len(LONG[language]) >= 75
    make_reader(network=network, languages=[language])
    campaign = make_campaign(network=network, languages=["en", language], **{f"subject_{language}": LONG[language]})
    make_block(campaign, **{f"text_{language}": f"<p>{LONG[language] * 20}</p>"})
    campaigning.begin(campaign, actor=coordinator)
    edition = Edition.objects.get(language=language)
    sent = Skeleton(edition, frames.frame_of(edition)).filled("ada@city.example", "k" * 43, "<1@hub.example>")
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert message["Subject"] == LONG[language]
    assert message["Content-Language"] == language
    assert LONG[language] * 20 in message.get_body(("plain",)).get_content()
    assert LONG[language] * 20 in message.get_body(("html",)).get_content()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert (
        max(len(line) for line in sent.partition(b"\r\n\r\n")[0].split(b"\r\n") if b"-Unsubscribe" not in line) <= 100
    )


def test_line_breaks_in_a_subject_begin_no_header(network, coordinator):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    Campaign.objects.update(subject_en="News\r\nBcc: everybody@example.org")
    campaigning.begin(campaign, actor=coordinator)
    edition = Edition.objects.get()
    sent = Skeleton(edition, frames.frame_of(edition)).filled("ada@city.example", "k" * 43, "<1@hub.example>")
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["Subject"].split() == ["News", "Bcc:", "everybody@example.org"]
    assert campaign.deliveries.count() == 0


def test_places_of_recipient_and_message_id_in_a_subject_are_words(network, coordinator):
    make_reader(network=network)
    campaign = make_campaign(network=network, subject_en=f"{MESSAGE_ID.decode()} {RECIPIENT.decode()}")
    campaigning.begin(campaign, actor=coordinator)
    edition = Edition.objects.get()
    sent = Skeleton(edition, frames.frame_of(edition)).filled("ada@city.example", "k" * 43, "<1@hub.example>")
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert (message["Message-ID"], message["To"]) == ("<1@hub.example>", "ada@city.example")
    assert message["Subject"] == campaign.subject_en


def test_template_error_of_one_edition_rejects_its_readers_alone(network, coordinator, monkeypatch):
    fine, broken = make_reader(network=network), make_reader(network=network, languages=["sv"])
    campaign = make_campaign(network=network, languages=["en", "sv"], subject_sv="Nytt")
    make_block(campaign, text_sv="<p>Hej</p>")
    campaigning.begin(campaign, actor=coordinator)
    campaigning.advance()
    make = delivering.Skeleton

    def fail_in_swedish(edition, frame):
        if edition.language == "sv":
            raise ValueError
        return make(edition, frame)

    monkeypatch.setattr(delivering, "Skeleton", fail_in_swedish)
    delivering.send_all_due()
    campaigning.advance()
    campaign.refresh_from_db()
    assert dict(campaign.deliveries.values_list("subscriber", "state")) == {fine.pk: "accepted", broken.pk: "rejected"}
    assert campaign.state == State.WITH_FAILURES


def test_each_name_in_a_newsletter_keeps_its_own_direction(network, coordinator):
    network.name_en = "المدن <الشمالية>"
    network.save()
    make_reader(network=network)
    campaign = make_campaign(network=network)
    city = make_city("مالمو", "SE")
    make_block(campaign, "practice", practice=make_practice(city=city))
    campaigning.begin(campaign, actor=coordinator)
    html = Edition.objects.get().html
    assert "<bdi>مالمو, Sweden</bdi>" in html
    assert html.count("<bdi>المدن &lt;الشمالية&gt;</bdi>") == 2


def test_links_of_the_mail_lead_through_pages_that_name_nobody(network, coordinator):
    make_reader(network=network)
    campaign, practice = make_campaign(network=network), make_practice(language="sv")
    make_block(campaign, "practice", practice=practice)
    make_block(
        campaign,
        text_en='<p><a href="https://example.org/a?b=1&amp;c=2">there</a>, <a href="/en/events/">here</a> or '
        '<a href="mailto:ada@example.org">write</a></p>',
    )
    campaigning.begin(campaign, actor=coordinator)
    edition = Edition.objects.get()
    assert set(Link.objects.values_list("url", flat=True)) == {
        f"https://hub.example{practice.get_absolute_url()}",
        "https://example.org/a?b=1&c=2",
        "https://hub.example/en/events/",
    }
    for link in Link.objects.all():
        assert f'href="https://hub.example/newsletter/click/{link.uid}/"' in edition.html
        assert f"https://hub.example/newsletter/click/{link.uid}/" in edition.text
    assert 'href="mailto:ada@example.org"' in edition.html
    assert "example.org/a" not in edition.html
