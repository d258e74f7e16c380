"""The public archive, an issue in the browser, the feed, links that are counted, pictures."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from networks.services import grant_role
from newsletters.models import Campaign, Link
from newsletters.services import campaigning
from tests.factories import make_network, make_person, make_practice
from tests.newsletters.factories_campaigns import (
    make_block,
    make_campaign,
    make_picture,
    make_reader,
    make_sending_campaign,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings, tmp_path):
    settings.SITE_URL = "https://hub.example"
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def network():
    return make_network("nordic", name_en="Nordic cities", name_ar="مدن الشمال")


def sent(admin_user, network=None, **values):
    make_reader(network=network)
    return make_sending_campaign(admin_user, network=network, **values)


def issue_url(campaign, language="en"):
    with translation.override(language):
        return reverse("newsletters:issue", args=[campaign.pk])


def archive_url(language="en", query=""):
    with translation.override(language):
        return reverse("newsletters:archive") + query


# The list ----------------------------------------------------------------------------------------


def test_archive_says_that_it_is_empty(client):
    assert "No newsletter has been sent yet" in client.get(archive_url()).text


def test_archive_shows_what_was_sent_and_nothing_else(client, admin_user, network):
    sent(admin_user, network, subject_en="Sent")
    sent(admin_user, network, subject_en="Kept out", is_public=False)
    make_campaign(network=network, subject_en="Draft")
    campaigning.cancel(sent(admin_user, network, subject_en="Cancelled"), actor=admin_user)
    campaigning.schedule(
        make_campaign(network=network, subject_en="Scheduled"),
        timezone.localdate() + timedelta(days=30),
        timezone.now().time().replace(microsecond=0),
        "UTC",
        actor=admin_user,
    )
    page = client.get(archive_url()).text
    assert [name for name in ("Sent", "Kept out", "Draft", "Cancelled", "Scheduled") if f">{name}</a>" in page] == [
        "Sent"
    ]


def test_archive_of_one_network_leaves_the_others_out(client, admin_user, network):
    other = make_network("south", name_en="Southern cities")
    sent(admin_user, network, subject_en="From the north")
    sent(admin_user, other, subject_en="From the south")
    page = client.get(archive_url(query="?network=south")).text
    assert "From the south" in page
    assert "From the north" not in page


def test_subject_in_another_language_is_labelled(client, admin_user, network):
    sent(admin_user, network, subject_en="Only English")
    page = client.get(archive_url("ar")).text
    assert 'lang="en" dir="ltr"><a href="/ar/newsletter/archive/' in page
    assert "مدن الشمال" in page


def test_archive_has_pages_and_one_query_count(client, admin_user, network):
    campaign = sent(admin_user, network)
    counts = []
    for total in (3, 25):
        while Campaign.objects.count() < total:
            Campaign.objects.create(
                network=network,
                source_language="en",
                state="completed",
                content_hash="0" * 64,
                begun_at=campaign.begun_at,
                subject_en="More",
            )
        with CaptureQueriesContext(connection) as queries:
            page = client.get(archive_url())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "?page=2" in page.text
    assert client.get(archive_url(query="?page=2")).text.count("<h3") == 5


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page=999", "?network=none", "?network=%00", "?page=%00"])
def test_archive_takes_any_query(client, admin_user, network, query):
    sent(admin_user, network)
    assert client.get(archive_url(query=query)).status_code == 200


def test_archive_is_sent_again_only_where_it_changed(client, admin_user, network):
    sent(admin_user, network)
    first = client.get(archive_url())
    assert first["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert client.get(archive_url(), headers={"If-None-Match": first["ETag"]}).status_code == 304
    sent(admin_user, network, subject_en="Another")
    assert client.get(archive_url(), headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_feed_tells_what_the_archive_does(client, admin_user, network):
    campaign = sent(admin_user, network, subject_en="Sent", preheader_en="What is in it")
    make_campaign(network=network, subject_en="Draft")
    feed = client.get(reverse("newsletters:feed"))
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert "<title>Sent</title>" in feed.text
    assert "What is in it" in feed.text
    assert f"urn:uuid:{campaign.uid}" in feed.text
    assert "Draft" not in feed.text
    assert client.get(reverse("newsletters:feed") + "?network=none").status_code == 404
    assert client.get(reverse("newsletters:feed"), headers={"If-None-Match": feed["ETag"]}).status_code == 304


def test_sitemap_names_the_issues(client, admin_user, network):
    campaign = sent(admin_user, network)
    draft = make_campaign(network=network)
    found = client.get("/sitemap-newsletters.xml").text
    assert issue_url(campaign) in found
    assert issue_url(draft) not in found


# An issue ----------------------------------------------------------------------------------------


def test_issue_is_read_in_the_own_language_or_the_first_that_there_is(client, admin_user, network):
    make_reader(network=network)
    campaign = make_campaign(network=network, languages=["en", "ar"], subject_en="News", subject_ar="أخبار")
    make_block(campaign, text_ar="<p>مرحبا</p>")
    campaigning.begin(campaign, actor=admin_user)
    arabic, english, italian = (client.get(issue_url(campaign, code)).text for code in ("ar", "en", "it"))
    assert "مرحبا" in arabic
    assert "What cities tried this month." not in arabic
    assert "What cities tried this month." in english
    assert '<div class="told" lang="en" dir="ltr">' in italian
    assert f'<link rel="canonical" href="https://hub.example{issue_url(campaign)}">' in italian
    assert "noindex" not in english


def test_issue_keeps_what_was_sent_when_the_record_changes(client, admin_user, network):
    make_reader(network=network)
    campaign, practice = make_campaign(network=network), make_practice(texts={"title_en": "The first title"})
    make_block(campaign, "practice", practice=practice)
    campaigning.begin(campaign, actor=admin_user)
    type(practice).objects.update(title_en="Another title")
    assert "The first title" in client.get(issue_url(campaign)).text


def test_issue_leaves_out_what_is_no_longer_public(client, admin_user, network):
    make_reader(network=network)
    campaign, practice = make_campaign(network=network), make_practice(texts={"title_en": "A recognised person"})
    make_block(campaign, "practice", practice=practice, text_en="<p>Read about Ada</p>")
    campaigning.begin(campaign, actor=admin_user)
    type(practice).objects.update(status="withdrawn")
    page = client.get(issue_url(campaign)).text
    assert "A recognised person" not in page
    assert "Read about Ada" not in page
    assert "What cities tried this month." in page
    assert "What is no longer public has been left out." in page


@pytest.mark.parametrize("why", ["draft", "cancelled before", "kept out", "none"])
def test_issue_that_is_not_in_the_archive_is_not_there(client, admin_user, network, why):
    is_begun = why not in ("draft", "cancelled before")
    campaign = sent(admin_user, network) if is_begun else make_campaign(network=network)
    if why == "cancelled before":
        Campaign.objects.update(state="cancelled")
    if why == "kept out":
        Campaign.objects.update(is_public=False)
    if why == "none":
        campaign.pk = 10**30
    assert client.get(issue_url(campaign)).status_code == 404


def test_issue_cancelled_half_way_is_for_those_who_have_it(client, admin_user, network):
    campaign = sent(admin_user, network)
    told = "This newsletter was cancelled while it was being sent."
    before = client.get(issue_url(campaign))
    assert (told in before.text, before.get("X-Robots-Tag")) == (False, None)
    campaigning.cancel(campaign, actor=admin_user)
    answer = client.get(issue_url(campaign))
    assert (answer.status_code, answer["X-Robots-Tag"]) == (200, "noindex")
    assert "What cities tried this month." in answer.text
    assert told in answer.text
    assert issue_url(campaign) not in client.get(archive_url()).text


def test_mail_leads_to_the_archive_only_where_it_is_in_it(admin_user, network):
    shown = sent(admin_user, network)
    hidden = sent(admin_user, network, is_public=False)
    assert [issue_url(one) in one.editions.get().html for one in (shown, hidden)] == [True, False]


def attributes(page):
    """Names of all attributes of all elements."""
    found = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.update(name for name, _value in attrs)
    parser.feed(page)
    return found


def test_nothing_of_the_editor_becomes_markup_of_the_page(client, admin_user, network):
    canary = "<img src=x onerror=alert(1)>"
    make_reader(network=network)
    campaign = make_campaign(network=network, subject_en=canary, preheader_en=canary)
    practice = make_practice(texts={"title_en": canary, "summary_en": canary})
    make_block(campaign, "practice", practice=practice, heading_en=canary)
    make_block(campaign, "picture", picture=make_picture(), alt_en='"' + canary)
    campaigning.begin(campaign, actor=admin_user)
    edition = campaign.editions.get()
    for page in (client.get(issue_url(campaign)).text, client.get(archive_url()).text, edition.html):
        assert "onerror" not in attributes(page)
        assert "&lt;img src=x" in page


# Links -------------------------------------------------------------------------------------------


@pytest.fixture
def link(admin_user, network):
    make_reader(network=network)
    campaign = make_campaign(network=network)
    make_block(campaign, text_en='<p><a href="https://example.org/?a=1&amp;b=2">There</a></p>')
    campaigning.begin(campaign, actor=admin_user)
    return Link.objects.get()


def click_url(link):
    return reverse("newsletters_plain:click", args=[link.uid])


def test_click_leads_to_the_stored_address_and_is_counted(client, link):
    for _ in range(2):
        answer = client.get(click_url(link) + "?next=https://evil.example/")
    link.refresh_from_db()
    assert (answer.status_code, answer["Location"], link.clicks) == (302, "https://example.org/?a=1&b=2", 2)
    assert "no-store" in answer["Cache-Control"]
    assert answer.cookies == {}


def test_click_takes_one_statement_to_count(client, link):
    with CaptureQueriesContext(connection) as queries:
        client.get(click_url(link))
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "UPDATE"]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", {}),
        ("get", {"Sec-Purpose": "prefetch;prerender"}),
        ("get", {"Purpose": "prefetch"}),
        ("get", {"X-Moz": "prefetch"}),
        ("get", {"X-Purpose": "preview"}),
        ("get", {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}),
        ("get", {"User-Agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}),
    ],
)
def test_who_only_looks_ahead_is_led_there_and_not_counted(client, link, method, headers):
    answer = getattr(client, method)(click_url(link), headers=headers)
    link.refresh_from_db()
    assert (answer.status_code, link.clicks) == (302, 0)


def test_telephone_with_an_odd_name_is_counted(client, link):
    client.get(click_url(link), headers={"User-Agent": "Mozilla/5.0 (Linux; Android 9; CUBOT NOTE 7)"})
    client.get(click_url(link), headers={"User-Agent": ""})
    link.refresh_from_db()
    assert link.clicks == 2


def test_click_on_no_link_is_not_found_and_posting_is_refused(client, link):
    address = click_url(link)
    assert client.post(address).status_code == 405
    link.delete()
    assert client.get(address).status_code == 404


# Pictures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "before", "after"), [("anybody", 404, 200), ("foreign", 404, 200), ("coordinator", 200, 200)]
)
def test_picture_is_for_editors_until_it_is_sent(client, admin_user, network, who, before, after):
    if who != "anybody":
        person = make_person(f"{who}@example.org")
        scope = network if who == "coordinator" else make_network()
        grant_role(person, "coordinator", actor=admin_user, network=scope)
        client.force_login(person)
    make_reader(network=network)
    campaign = make_campaign(network=network)
    block = make_block(campaign, "picture", picture=make_picture(), alt_en="A square")
    address = block.picture.url
    assert client.get(address).status_code == before
    campaigning.begin(campaign, actor=admin_user)
    answer = client.get(address)
    assert answer.status_code == after
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert f'src="https://hub.example{address}"' in campaign.editions.get().html
    assert f'src="{address}"' in client.get(issue_url(campaign)).text


@pytest.mark.parametrize("path", ["newsletters/none.jpg", "newsletters/../hub.txt", "newsletters/%00.jpg"])
def test_no_other_file_is_handed_out(client, path):
    default_storage.save("newsletters/lost.jpg", make_picture())
    assert client.get(f"/media/{path}").status_code == 404
    assert client.get("/media/newsletters/lost.jpg").status_code == 404
