"""Where coordinators write newsletters: form, overview, preview, test, report, and who gets at them."""

import re
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from common.models import OutboxMail
from common.outbox.sending import send_waiting
from networks.services import grant_role
from newsletters.models import Block, Campaign, CampaignStep, Delivery, Link, Subscription
from newsletters.services import campaigning, pausing
from tests.events.factories import make_event
from tests.factories import make_network, make_person, make_practice
from tests.newsletters.factories_campaigns import (
    make_block,
    make_campaign,
    make_picture,
    make_reader,
    make_sending_campaign,
    suppress,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings, tmp_path):
    settings.SITE_URL = "https://hub.example"
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def network():
    return make_network("nordic", name_en="Nordic cities")


@pytest.fixture
def coordinator(network, admin_user):
    person = make_person("coordinator@example.org", name="Karin")
    grant_role(person, "coordinator", actor=admin_user, network=network)
    return person


@pytest.fixture
def client(client, coordinator):
    client.force_login(coordinator)
    return client


def page(name, *args):
    return reverse(f"admin:newsletters_campaign_{name}", args=args)


def filled(campaign=None, **values):
    """What the form sends for a newsletter with its blocks, unchanged but for `values`."""
    blocks = list(campaign.blocks.all()) if campaign else []
    data = {
        "network": campaign.network_id if campaign else "",
        "source_language": "en",
        "languages": ["en"],
        "subject_en": campaign.subject_en if campaign else "",
        "is_public": "on",
        "seen": campaign.version if campaign else "",
        "blocks-TOTAL_FORMS": len(blocks),
        "blocks-INITIAL_FORMS": len(blocks),
    }
    for number, block in enumerate(blocks):
        data |= {
            f"blocks-{number}-id": block.pk,
            f"blocks-{number}-campaign": campaign.pk,
            f"blocks-{number}-position": block.position,
            f"blocks-{number}-kind": block.kind,
            f"blocks-{number}-heading_en": block.heading_en,
            f"blocks-{number}-text_en": block.text_en,
        }
    return data | values


def new_block(number=0, total=1, **values):
    names = {"kind": "text", "position": number + 1} | values
    return {f"blocks-{number}-{name}": value for name, value in names.items()} | {"blocks-TOTAL_FORMS": total}


def errors(answer):
    form = answer.context["adminform"].form
    formsets = answer.context["inline_admin_formsets"]
    found = dict(form.errors)
    for formset in formsets:
        for one in formset.formset.forms:
            found |= dict(one.errors)
    return {name: list(texts) for name, texts in found.items()}


# Writing -----------------------------------------------------------------------------------------


def test_newsletter_is_written_with_its_blocks_and_kept_as_a_draft(client, coordinator, network):
    data = filled(network=network.pk, subject_en="News of June", languages=["en", "sv"])
    answer = client.post(page("add"), data | new_block(heading_en="Hello", text_en="<p>Words</p>"))
    campaign = Campaign.objects.get()
    assert answer.headers["Location"] == page("overview", campaign.pk)
    assert (campaign.state, campaign.created_by, campaign.languages) == ("draft", coordinator, ["en", "sv"])
    assert list(campaign.blocks.values_list("kind", "heading_en", "text_en")) == [("text", "Hello", "<p>Words</p>")]
    assert list(campaign.steps.values_list("action", "actor")) == [("draft", coordinator.pk)]


def test_own_language_is_always_among_those_it_is_sent_in(client, network):
    client.post(page("add"), filled(network=network.pk, source_language="ar", languages=["sv"], subject_en="x"))
    assert Campaign.objects.get().languages == ["ar", "sv"]


def test_newsletter_of_another_network_or_of_the_hub_is_refused(client, network):
    for other in (make_network().pk, ""):
        answer = client.post(page("add"), filled(network=other, subject_en="News"))
        assert list(errors(answer)) == ["network"]
    assert Campaign.objects.count() == 0


def test_who_was_quicker_is_not_overwritten(client, network):
    campaign = make_campaign(network=network, subject_en="First")
    data = filled(campaign, subject_en="Slow")
    client.post(page("change", campaign.pk), filled(campaign, subject_en="Quick"))
    answer = client.post(page("change", campaign.pk), data)
    assert errors(answer) == {"__all__": ["Somebody else has changed this meanwhile. Look at it again first."]}
    assert 'value="Slow"' in answer.text
    campaign.refresh_from_db()
    assert (campaign.subject_en, campaign.version) == ("Quick", 1)


def test_what_is_being_sent_is_shown_and_cannot_be_changed(client, coordinator, network):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    shown = client.get(page("change", campaign.pk))
    assert shown.status_code == 200
    assert 'name="subject_en"' not in shown.text
    assert 'name="_save"' not in shown.text
    answer = client.post(page("change", campaign.pk), filled(campaign, subject_en="Other words"))
    assert answer.status_code == 403
    assert client.post(page("delete", campaign.pk), {"post": "yes"}).status_code == 403
    campaign.refresh_from_db()
    assert campaign.subject_en.startswith("News")


def test_draft_can_be_deleted(client, network):
    campaign = make_campaign(network=network)
    client.post(page("delete", campaign.pk), {"post": "yes"})
    assert Campaign.objects.count() == 0


def test_picture_is_drawn_anew_without_what_the_camera_knew(client, network):
    data = filled(network=network.pk, subject_en="News")
    upload = make_picture(size=(3000, 1500), exif=True)
    client.post(page("add"), data | new_block(kind="picture", picture=upload, alt_en="A square"))
    block = Block.objects.get()
    with block.picture.open() as file:
        content = file.read()
    assert b"house of Ada" not in content
    assert (block.picture_width, block.picture_height) == (1152, 576)
    assert "holiday" not in block.picture.name
    assert Image.open(BytesIO(content)).size == (1152, 576)


def test_file_of_a_picture_goes_with_the_last_block_that_shows_it(client, network, django_capture_on_commit_callbacks):
    campaign, other = make_campaign(network=network, blocks=False), make_campaign(network=network, blocks=False)
    block = make_block(campaign, "picture", picture=make_picture(), alt_en="A square")
    first, storage = block.picture.name, block.picture.storage
    make_block(other, "picture", picture=first, alt_en="A square")

    def save(**values):
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(page("change", campaign.pk), filled(Campaign.objects.get(pk=campaign.pk), **values))
        assert answer.status_code == 302
        return block.__class__.objects.filter(pk=block.pk).values_list("picture", flat=True).first()

    second = save(**{"blocks-0-picture": make_picture(size=(50, 50)), "blocks-0-alt_en": "A square"})
    assert second != first
    assert storage.exists(first)
    third = save(**{"blocks-0-picture": make_picture(size=(60, 60)), "blocks-0-alt_en": "A square"})
    assert (storage.exists(second), storage.exists(third)) == (False, True)
    assert save(**{"blocks-0-DELETE": "on"}) is None
    assert not storage.exists(third)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page("delete", other.pk), {"post": "yes"})
    assert not storage.exists(first)


@pytest.mark.parametrize(
    ("upload", "told"),
    [
        ({"kind": "WEBP", "name": "a.jpg"}, "Choose a JPEG or PNG picture: many mail programs show no others."),
        ({"kind": "GIF", "name": "a.png"}, "This is not a JPEG, PNG or WebP picture that can be read."),
    ],
)
def test_picture_that_mail_programs_do_not_show_is_refused(client, network, upload, told):
    data = filled(network=network.pk, subject_en="News")
    answer = client.post(page("add"), data | new_block(kind="picture", picture=make_picture(**upload)))
    assert errors(answer) == {"picture": [told]}


def test_block_without_what_its_kind_needs_is_refused(client, network):
    answer = client.post(page("add"), filled(network=network.pk, subject_en="News") | new_block(kind="practice"))
    assert errors(answer) == {"practice": ["A block of this kind needs this."]}


def test_only_what_is_public_can_be_chosen(client, network):
    public, draft = make_practice(), make_practice(published=False)
    data = filled(network=network.pk, subject_en="News")
    answer = client.post(page("add"), data | new_block(kind="practice", practice=draft.pk))
    assert list(errors(answer)) == ["practice"]
    client.post(page("add"), data | new_block(kind="practice", practice=public.pk))
    assert Block.objects.get().practice == public


def test_blocks_find_public_records_of_any_network_in_any_language(client):
    shown = make_practice(language="sv", texts={"title_sv": "Samtal i Malmö"})
    make_practice(language="sv", published=False, texts={"title_sv": "Samtal i hemlighet"})
    event = make_event(title_ar="لقاء المدن")
    make_event(title_ar="لقاء المدن", visibility="network")
    assert found(client, "practice", "malmö samtal") == [str(shown.pk)]
    assert found(client, "event", "لقاء") == [str(event.pk)]
    assert found(client, "campaign", "") == []
    assert found(client, "practice", "\x00") == [str(shown.pk)]


def found(client, name, term):
    answer = client.get(page("find"), {"field_name": name, "term": term}).json()
    return [result["id"] for result in answer["results"]]


# Overview ----------------------------------------------------------------------------------------


def test_overview_says_what_is_missing_and_who_would_get_it(client, network):
    make_reader("ada@city.example", network=network, languages=["sv"])
    suppress(make_reader("bo@city.example", network=network))
    campaign = make_campaign(network=network, languages=["en", "sv"])
    text = client.get(page("overview", campaign.pk)).text
    assert "Swedish: The subject is missing." in text
    assert "Who gets it (1)" in text
    assert "address gets no more mail: 1" in text
    assert "ada@city.example" in text


def test_overview_takes_as_many_statements_for_three_readers_as_for_thirty(client, network):
    campaign = make_campaign(network=network)
    counts = []
    for _ in range(2):
        for _ in range(3 if not counts else 27):
            make_reader(network=network)
            make_block(campaign, "practice", practice=make_practice())
        with CaptureQueriesContext(connection) as queries:
            client.get(page("overview", campaign.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def do(client, campaign, name, where="overview", **values):
    return client.post(page(where, campaign.pk), {"do": name} | values)


def test_buttons_bring_a_newsletter_from_draft_to_the_end(client, network):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    when = {"scheduled_date": "2040-07-01", "scheduled_time": "09:00", "time_zone": "Europe/Stockholm"}
    reached = []
    for name in ("schedule", "unschedule", "begin"):
        assert do(client, campaign, name, **when).status_code == 302
        reached.append(Campaign.objects.get().state)
    campaigning.advance()
    for name in ("pause", "resume", "cancel"):
        do(client, campaign, name)
        reached.append(Campaign.objects.get().state)
    assert reached == ["scheduled", "draft", "materialising", "paused", "sending", "cancelled"]


def test_refused_time_stands_beside_its_field_and_what_was_typed_stays(client, network):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    when = {"scheduled_date": "2040-03-25", "scheduled_time": "02:30", "time_zone": "Europe/Stockholm"}
    answer = do(client, campaign, "schedule", **when)
    assert answer.status_code == 422
    assert "The clocks skip this time on that day: summer time begins." in answer.text
    assert 'value="2040-03-25"' in answer.text
    assert Campaign.objects.get().state == "draft"


def test_problems_are_told_where_sending_is_refused(client, network):
    answer = do(client, make_campaign(network=network), "begin")
    assert answer.status_code == 422
    assert "Nobody gets this newsletter: it has no subscribers yet." in answer.text


def test_what_happened_by_itself_is_told_in_the_readers_language(client, coordinator, network):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    pausing.pause(campaign.pk, "bounces")
    CampaignStep.objects.create(campaign=campaign, action="draft", note="practice-not-public::2 no-subject:ar:0")
    CampaignStep.objects.create(campaign=campaign, action="scheduled", note="2040-07-01 09:00 Europe/Stockholm")
    for language, told in {
        "en": ["It was stopped because too many addresses do not exist.", "The practice in block 2 is not public."],
        "sv": ["Insatsen i block 2 är inte offentlig."],
    }.items():
        client.cookies["django_language"] = language
        text = client.get(page("overview", campaign.pk)).text
        assert [words for words in told if words not in text] == []
        assert "2040-07-01 09:00 Europe/Stockholm" in text
        assert ": <bdi>bounces" not in text
        assert "no-subject" not in text


def test_button_of_another_state_does_nothing(client, network):
    campaign = make_campaign(network=network)
    for name in ("pause", "resume", "cancel", "retry", "nonsense", ""):
        answer = client.post(page("overview", campaign.pk), {"do": name}, follow=True)
        assert "the newsletter has changed meanwhile" in answer.text
    assert Campaign.objects.get().state == "draft"


def test_reading_a_page_changes_no_state(client, network):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    for name in ("begin", "schedule", "test"):
        client.get(page("overview", campaign.pk), {"do": name})
    assert (Campaign.objects.get().state, OutboxMail.objects.count()) == ("draft", 0)


# Test and preview --------------------------------------------------------------------------------


def test_test_mail_goes_to_oneself_through_the_outbox(client, coordinator, network, settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    campaign = make_campaign(network=network, languages=["en", "ar"], subject_ar="أخبار")
    make_block(campaign, text_ar="<p>مرحبا</p>")
    do(client, campaign, "test", language="ar")
    send_waiting()
    assert [one.to for one in mailoutbox] == [[coordinator.email]]
    assert "أخبار" in mailoutbox[0].subject
    assert "مرحبا" in mailoutbox[0].body
    html = mailoutbox[0].alternatives[0][0]
    assert '<html lang="ar" dir="rtl">' in html
    assert "READERS-KEY" not in html + mailoutbox[0].body
    assert (Delivery.objects.count(), Link.objects.count()) == (0, 0)


def test_test_mail_shows_its_pictures_before_it_is_sent(client, network, settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    campaign = make_campaign(network=network)
    for _ in range(2):
        make_block(campaign, "picture", picture=make_picture(), alt_en="A square")
    do(client, campaign, "test", language="en")
    send_waiting()
    addresses = re.findall(r'src="https://hub.example([^"]+)"', mailoutbox[0].alternatives[0][0])
    client.logout()
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
        assert "public" not in answer["Cache-Control"]
    (first, key), (second, _key) = (address.split("?key=") for address in addresses)
    for address in (first, f"{second}?key={key}", f"{first}?key=%00", f"{first}?key={key}x"):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_preview_shows_the_mail_of_each_language(client, network, language, direction):
    campaign = make_campaign(network=network, languages=["en", "ar"], subject_ar="أخبار")
    make_block(campaign, text_ar="<p>مرحبا</p>")
    frame = client.get(page("mail", campaign.pk, language))
    assert f'<html lang="{language}" dir="{direction}">' in frame.text
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert "script-src" not in frame["Content-Security-Policy"]
    around = client.get(page("preview", campaign.pk, language))
    assert "frame-src 'self'" in around["Content-Security-Policy"]
    assert around.text.count(f'src="{page("mail", campaign.pk, language)}"') == 2


def test_preview_and_test_leave_out_what_is_not_public_any_more(client, network):
    campaign, practice = make_campaign(network=network), make_practice(title_en="Night walks")
    event = make_event(title_en="Seminar in spring")
    make_block(campaign, "practice", practice=practice)
    make_block(campaign, "event", event=event)
    told = "What is no longer public has been left out."

    def seen():
        texts = [client.get(page(name, campaign.pk, "en")).text for name in ("preview", "mail")]
        return [
            "Night walks" in texts[1],
            "Seminar in spring" in texts[1],
            "Night walks" in texts[0],
            told in texts[0],
        ]

    assert seen() == [True, True, True, False]
    type(practice).objects.update(status="withdrawn", title_en="Night walks, with a new secret")
    assert seen() == [False, True, False, True]
    do(client, campaign, "test", language="en")
    mail = OutboxMail.objects.get()
    assert ("Seminar in spring" in mail.text, "Night walks" in mail.text + mail.html) == (True, False)


def test_preview_of_a_language_that_is_not_sent_is_not_there(client, network):
    campaign = make_campaign(network=network)
    for language in ("sv", "xx"):
        for name in ("preview", "mail"):
            assert client.get(page(name, campaign.pk, language)).status_code == 404


def test_preview_of_what_was_sent_shows_what_was_sent(client, coordinator, network):
    make_reader(network=network)
    campaign = make_sending_campaign(coordinator, network=network)
    campaign.blocks.update(text_en="<p>Later words</p>")
    assert "What cities tried this month." in client.get(page("mail", campaign.pk, "en")).text


# Report ------------------------------------------------------------------------------------------


@pytest.fixture
def failed(coordinator, network):
    people = [make_reader(f"{name}@city.example", network=network) for name in ("fine", "full", "gone", "lost")]
    suppress(make_reader("silent@city.example", network=network))
    campaign = make_campaign(network=network)
    make_block(campaign, text_en='<p><a href="https://example.org/a">There</a></p>')
    campaigning.begin(campaign, actor=coordinator)
    campaigning.advance()
    for person, state, code in zip(
        people,
        ("accepted", "rejected", "rejected", "uncertain"),
        ("250", "452 4.2.2", "550 5.1.1", "worker lost"),
        strict=True,
    ):
        person.deliveries.update(state=state, smtp_code=code)
    Link.objects.update(clicks=7)
    campaigning.advance()
    campaign.refresh_from_db()
    return campaign


def test_report_balances_and_names_what_failed(client, failed):
    answer = client.get(page("report", failed.pk))
    account = answer.context["account"]
    assert (account.audience, account.accepted, account.skipped, account.rejected, account.uncertain) == (
        5,
        1,
        1,
        2,
        1,
    )
    assert account.is_complete
    assert "The account balances" in answer.text
    told = [name for name in ("fine", "full", "gone", "lost", "silent") if f"{name}@city.example" in answer.text]
    assert told == ["full", "gone", "lost"]
    assert "550 5.1.1" in answer.text
    assert "https://example.org/a" in answer.text
    assert (answer.context["clicks"], answer.context["passing"]) == (7, 1)
    assert answer.context["skipped"] == [("address gets no more mail", 1)]


def test_report_names_nobody_who_left_since(client, failed, network):
    left = Subscription.objects.get(subscriber__email="full@city.example")
    Subscription.objects.filter(pk=left.pk).update(state="unsubscribed")
    for other in (make_network(), None):
        Subscription.objects.create(
            subscriber=left.subscriber,
            channel="newsletter",
            network=other,
            state="active",
            active_from=timezone.now(),
        )
    answer = client.get(page("report", failed.pk))
    assert [name for name in ("full", "gone", "lost") if f"{name}@city.example" in answer.text] == ["gone", "lost"]
    assert answer.text.count("not subscribed any more") == 1


def test_report_says_loudly_that_it_does_not_balance(client, failed):
    failed.deliveries.first().delete()
    assert "The account does not balance." in client.get(page("report", failed.pk)).text


@pytest.mark.parametrize(("typed", "again"), [({}, 1), ({"with_uncertain": "on"}, 2)])
def test_failed_ones_are_tried_again_from_the_report(client, failed, typed, again):
    answer = do(client, failed, "retry", where="report", **typed)
    assert answer.headers["Location"] == page("report", failed.pk)
    assert Delivery.objects.filter(state="queued").count() == again
    assert Campaign.objects.get().state == "sending"


def test_report_takes_one_number_of_statements(client, coordinator, network, failed):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            client.get(page("report", failed.pk))
        return len(queries)

    before, edition = statements(), failed.editions.get()
    for number in range(5):
        person = make_reader(network=network)
        Delivery.objects.create(key=person.uid, campaign=failed, subscriber=person, edition=edition, state="rejected")
        Link.objects.create(campaign=failed, url=f"https://example.org/{number}", languages=["sv"])
    assert statements() == before


# Who gets at them --------------------------------------------------------------------------------


def test_nothing_of_another_network_is_there(client, failed, admin_user):
    other = make_person("foreign@example.org")
    grant_role(other, "coordinator", actor=admin_user, network=make_network())
    client.force_login(other)
    pages = [page(name, failed.pk) for name in ("overview", "report", "change", "history", "delete")]
    pages += [page(name, failed.pk, "en") for name in ("preview", "mail")]
    assert {client.get(address).status_code for address in pages} == {404}
    for name in ("pause", "cancel", "retry", "test"):
        for where in ("overview", "report"):
            assert do(client, failed, name, where=where, language="en").status_code == 404
    assert str(failed) not in client.get(page("changelist")).text
    assert OutboxMail.objects.count() == 0


def test_list_leads_to_the_overview_and_takes_one_number_of_statements(client, network):
    counts = []
    for total in (1, 6):
        while Campaign.objects.count() < total:
            make_campaign(network=network)
        with CaptureQueriesContext(connection) as queries:
            text = client.get(page("changelist")).text
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert page("overview", Campaign.objects.first().pk) in text
