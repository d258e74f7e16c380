"""Newsletters as coordinators write them and as readers find them."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import translation

from networks.services import grant_role
from newsletters.models import Campaign, Link
from newsletters.services import campaigning
from tests.browser.test_pages import LEVELS
from tests.events.factories import make_event
from tests.factories import make_city, make_network, make_person, make_practice
from tests.newsletters.factories_campaigns import make_block, make_campaign, make_picture, make_reader, suppress

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def network(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_network("nordic", name_en="Nordic Safe Cities", name_ar="شبكة المدن الآمنة")


@pytest.fixture
def coordinator(network):
    person = make_person("coordinator@example.org", name="Ada")
    grant_role(person, "coordinator", actor=make_person(is_superuser=True), network=network)
    return person


@pytest.fixture
def campaign(network):
    """In two languages, with a block of each kind."""
    for number in range(3):
        make_reader(f"reader-{number}@municipality.example", network=network, languages=["ar", "en"])
    suppress(make_reader(network=network))
    campaign = make_campaign(
        network=network,
        languages=["en", "ar"],
        blocks=False,
        subject_en="What cities learned in the long winter, and what comes in spring",
        subject_ar="ما تعلمته المدن في الشتاء الطويل وما يأتي في الربيع",
        preheader_en="Three practices, one meeting, and a question to all of you",
        preheader_ar="ثلاث ممارسات ولقاء واحد",
    )
    make_block(
        campaign,
        heading_en="Dear colleagues",
        text_en="<p>This winter <strong>many</strong> of you wrote. "
        '<a href="https://example.org/letters">Read the letters</a>.</p><ul><li>Schools</li><li>Sports clubs</li></ul>',
        heading_ar="زملاءنا الأعزاء",
        text_ar="<p>كتب كثيرون منكم هذا الشتاء.</p><ul><li>المدارس</li><li>النوادي</li></ul>",
    )
    city = make_city("Malmö", name_ar="مالمو")
    practice = make_practice(
        city=city,
        texts={
            "title_en": "Conversations in the neighbourhood",
            "summary_en": "Neighbours meet every month and agree on what to change.",
        },
    )
    make_block(campaign, "practice", practice=practice, heading_en="From the library", heading_ar="من المكتبة")
    event = make_event(networks=[network], city=city, title_en="Spring forum", title_ar="منتدى الربيع")
    make_block(campaign, "event", event=event)
    picture = make_picture(size=(1600, 700))
    make_block(campaign, "picture", picture=picture, alt_en="People at a long table", alt_ar="أشخاص حول طاولة")
    return campaign


def in_arabic(page):
    page.locator(".admin-languages summary").click()
    page.locator('.admin-languages button[value="ar"]').click()
    page.wait_for_load_state()


def faults_of(page, name):
    """What axe finds, and whether it is wider than the screen."""
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/newsletter-{name}.png", full_page=True)
    # Django's own choice of related records, and what axe does in frames, are not ours.
    is_ours = not name.startswith(("change", "preview"))
    options = {"runOnly": {"type": "tag", "values": LEVELS}}
    found = Axe().run(page, options=options).response["violations"] if is_ours else []
    faults = [(name, one["id"], one["nodes"][0]["html"][:160]) for one in found]
    is_wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return faults + ([(name, "too wide")] if is_wide else [])


def admin(name, *args):
    return reverse(f"admin:newsletters_campaign_{name}", args=args)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_of_a_newsletter_fit_the_screen_and_are_accessible(
    open_as, coordinator, campaign, width, language, settings, live_server
):
    settings.SITE_URL = live_server.url
    faults = []
    for name, address in {
        "overview": admin("overview", campaign.pk),
        "preview": admin("preview", campaign.pk, language),
        "change": admin("change", campaign.pk),
    }.items():
        page = open_as(coordinator, address, width=width, bypass_csp=True)
        if language == "ar":
            in_arabic(page)
        if name == "overview":
            page.locator(".transitions details summary").first.click()
        faults += faults_of(page, f"{name}-{language}-{width}")
    campaigning.begin(campaign, actor=coordinator)
    campaigning.advance()
    Link.objects.update(clicks=3)
    campaign.deliveries.filter(state="queued").update(state="uncertain", smtp_code="worker lost")
    campaigning.advance()
    page = open_as(coordinator, admin("report", campaign.pk), width=width, bypass_csp=True)
    if language == "ar":
        in_arabic(page)
    faults += faults_of(page, f"report-{language}-{width}")
    with translation.override(language):
        public = {"archive": reverse("newsletters:archive"), "issue": campaign.get_absolute_url()}
    for name, address in public.items():
        page = open_as(coordinator, address, width=width)
        faults += faults_of(page, f"{name}-{language}-{width}")
    assert faults == []


def test_frames_of_the_preview_show_the_mail_with_its_picture(open_as, coordinator, campaign, settings, live_server):
    settings.SITE_URL = live_server.url
    page = open_as(coordinator, admin("preview", campaign.pk, "ar"))
    for name in ("wide", "phone"):
        frame = page.frame_locator(f"iframe.{name}")
        assert frame.locator("html").get_attribute("dir") == "rtl"
        assert frame.locator("img").evaluate("image => image.complete && image.naturalWidth") == 1600
        assert frame.locator("h1").evaluate("node => getComputedStyle(node).fontSize") == "26px"


def test_coordinator_writes_a_newsletter_and_sends_it(open_as, coordinator, network):
    make_reader(network=network)
    make_practice(texts={"title_en": "Conversations in the neighbourhood"})
    page = open_as(coordinator, admin("add"))
    page.fill("#id_subject_en", "News of June")
    page.get_by_text("Add another Block").click()
    page.fill("#id_blocks-0-heading_en", "Hello")
    assert not page.locator("#blocks-0 .field-practice").is_visible()
    page.get_by_text("Add another Block").click()
    page.select_option("#id_blocks-1-kind", "practice")
    assert not page.locator("#blocks-1 .field-event").is_visible()
    page.locator("#blocks-1 .field-practice .select2-selection").click()
    page.locator(".select2-search__field").fill("neighbourhood")
    page.locator(".select2-results__option", has_text="Conversations in the neighbourhood").click()
    page.locator("input[name=_save]").click()
    assert page.locator("#content h1").inner_text() == "News of June"
    assert page.get_by_text("Nothing is missing.").is_visible()
    page.locator("summary", has_text="Send now").click()
    page.get_by_role("button", name="Send now").click()
    page.wait_for_load_state()
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.blocks.count()) == ("materialising", 2)
