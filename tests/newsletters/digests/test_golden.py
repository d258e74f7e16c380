"""Whole digests in six languages, compared with files that somebody has looked at.

After a change that is meant to be seen, write them anew and look at them in a browser and at the difference:

    GOLDEN=renew .venv/bin/python -m pytest tests/newsletters/digests/test_golden.py
"""

import os
import re
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from events.models import Event, EventDateChange, EventStep
from newsletters.composing import KEY
from newsletters.models import Edition, SavedSearch
from newsletters.services.digesting import make_due
from practices.models import Practice
from tests.events.factories import make_event
from tests.factories import make_city, make_network, make_practice, make_term
from tests.newsletters.factories_digests import LONG_AGO, make_interest, make_reader
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent.parent / "golden"
LANGUAGES = ("en", "fr", "ar", "it", "sv", "ro")
NOW = datetime(2027, 3, 22, 8, tzinfo=UTC)
MOST_BYTES = 100_000
TITLES = {
    "en": "Night walks with parents",
    "fr": "Promenades nocturnes avec les parents",
    "ar": "جولات ليلية مع الأهالي",
    "it": "Passeggiate notturne con i genitori",
    "sv": "Nattvandringar med föräldrar",
    "ro": "Plimbări de seară cu părinții",
}
SUMMARIES = {
    "en": "Parents walk through the district on weekend nights and talk with young people. Eight began; now they are forty.",
    "fr": "Des parents parcourent le quartier les nuits de week-end et parlent avec les jeunes. De huit, ils sont quarante.",
    "ar": "يتجوّل الآباء والأمهات في الحي ليلة نهاية الأسبوع ويتحدثون مع الشباب. بدأوا ثمانية وهم الآن أربعون.",
    "it": "I genitori camminano nel quartiere le notti del fine settimana e parlano con i giovani. Da otto sono quaranta.",
    "sv": "Föräldrar går genom stadsdelen på helgnätter och talar med ungdomar. De var åtta från början; nu är de fyrtio.",
    "ro": "Părinții se plimbă prin cartier în nopțile de weekend și vorbesc cu tinerii. Au fost opt; acum sunt patruzeci.",
}


def everything():
    """A practice in all languages, ones in Italian and English alone, events that are new, moved and called off."""
    youth = make_term(
        Scheme.THEME, "youth", label_en="Youth", label_fr="Jeunesse", label_ar="الشباب", label_it="Giovani",
        label_sv="Unga", label_ro="Tineret",
    )  # fmt: skip
    network = make_network("nordic", name_en="Nordic Safe Cities", name_ar="المدن الشمالية الآمنة")
    malmo = make_city("Malmö", "SE", name_ar="مالمو")
    about = {"themes": [youth], "networks": [network], "city": malmo}
    texts = {f"title_{code}": text for code, text in TITLES.items()}
    texts |= {f"summary_{code}": text for code, text in SUMMARIES.items()}
    make_practice(published_at=NOW - timedelta(hours=1), texts=texts, **about)
    texts = {"title_it": "La <casa> del dialogo & della città", "summary_it": SUMMARIES["it"]}
    make_practice(
        language="it", published_at=NOW - timedelta(hours=2), texts=texts,
        **about | {"city": make_city("Reggio Emilia", "IT"), "location_precision": Practice.Precision.HIDDEN},
    )  # fmt: skip
    texts = {"title_it": "Il caffè dei genitori", "summary_it": SUMMARIES["it"]}
    make_practice(language="it", published_at=NOW - timedelta(minutes=90), texts=texts, city=malmo)
    for number in range(1, 8):
        texts = {"title_en": f"Football at midnight, part {number}", "summary_en": SUMMARIES["en"]}
        make_practice(published_at=NOW - timedelta(hours=2 + number), texts=texts, themes=[youth], city=malmo)
    meeting = _event(network, youth, malmo, "title", TITLES, date(2027, 6, 15), venue="Stadshuset")
    _event(network, youth, malmo, "title", {"en": "Online talk on trust"}, date(2027, 5, 4), mode="online")
    off = _event(network, youth, malmo, "title", {"fr": "Assemblée des maires"}, date(2027, 9, 2))
    EventStep.objects.create(event=off, action="cancelled", at=NOW - timedelta(hours=3))
    Event.objects.filter(pk=off.pk).update(status="cancelled")
    EventStep.objects.create(event=meeting, action="rescheduled", at=NOW - timedelta(hours=3))
    EventDateChange.objects.create(event=meeting, old_starts_at=datetime(2027, 4, 20, 8, tzinfo=UTC))
    return make_interest(themes=[youth], networks=[])


def _event(network, theme, city, field, titles, day, **values):
    language = next(iter(titles))
    texts = {f"title_{code}": text for code, text in titles.items()}
    texts |= {f"summary_{code}": SUMMARIES[code] for code in titles}
    event = make_event(
        networks=[network], day=day, source_language=language, published_at=NOW - timedelta(days=3),
        start_time=time(9, 30), city=city, **texts, **values,
    )  # fmt: skip
    event.themes.set([theme])
    return event


@pytest.fixture
def digests(settings):
    """{language: edition} of one reader each, who has saved a search too."""
    settings.SITE_URL, settings.SITE_NAME = "https://hub.example", "City Networks Hub"
    settings.SENDER_ADDRESS = "City Networks Hub, 1 Town Square, 1000 Brussels"
    interest = everything()
    for language in LANGUAGES:
        reader = make_reader(languages=[language], interest=interest)
        SavedSearch.objects.create(subscriber=reader, label="genitori", query="q=genitori", created_at=LONG_AGO)
    make_due(NOW)
    return {edition.language: edition for edition in Edition.objects.all()}


def test_digests_are_as_they_were_looked_at(digests):
    assert set(digests) == set(LANGUAGES)
    for language, edition in digests.items():
        subject = f"{edition.subject}\n\n"
        for kind, text in (("html", edition.html), ("txt", subject + edition.text)):
            path = FOLDER / f"digest.{language}.{kind}"
            text = re.sub(r"/(practices|events)/\d+/", r"/\1/1/", text)
            if os.environ.get("GOLDEN") == "renew":
                path.write_text(text)
            assert text == path.read_text(), f"{path.name} differs"


class Outline(HTMLParser):
    """Addresses, tags, and which language and direction elements have."""

    def __init__(self, html):
        super().__init__()
        self.addresses, self.tags, self.marked = [], [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.addresses += [found[name] for name in ("href", "src", "background") if name in found]
        if "lang" in found:
            self.marked.add((tag, found["lang"], found.get("dir")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_digest_asks_nobody_else_for_anything(digests, language):
    edition = digests[language]
    outline = Outline(edition.html)

    assert all(address.startswith("https://hub.example/") for address in outline.addresses)
    assert not {"img", "script", "link", "iframe", "object", "form"} & set(outline.tags)
    assert "url(" not in edition.html
    assert "@import" not in edition.html
    assert edition.html.count(KEY) == 2
    assert edition.text.count(KEY) == 1


def test_each_text_knows_its_language_and_direction(digests):
    arabic, english = Outline(digests["ar"].html), Outline(digests["en"].html)

    assert ("html", "ar", "rtl") in arabic.marked
    assert {("h3", "it", "ltr"), ("h3", "fr", "ltr"), ("h3", "en", "ltr"), ("p", "it", "ltr")} <= arabic.marked
    assert ("h3", "ar", "rtl") not in arabic.marked
    assert english.marked == {
        ("html", "en", "ltr"), ("h3", "it", "ltr"), ("p", "it", "ltr"), ("h3", "fr", "ltr"), ("p", "fr", "ltr"),
    }  # fmt: skip


def test_reader_of_several_languages_is_shown_the_first_that_exists_and_told_which(settings):
    interest = everything()
    make_reader(languages=["ar", "fr"], interest=interest)

    make_due(NOW)

    edition = Edition.objects.get()
    assert edition.language == "ar"
    assert "Assemblée des maires (النص متاح باللغة: الفرنسية)" in edition.text
    assert "La <casa> del dialogo & della città (النص متاح باللغة: الإيطالية)" in edition.text
    assert "La &lt;casa&gt; del dialogo &amp; della città" in edition.html
    assert TITLES["ar"] in edition.text
    assert TITLES["fr"] not in edition.text


def test_hidden_place_is_not_named(digests):
    assert "Reggio" not in digests["en"].html + digests["en"].text


def test_fullest_digest_is_not_cut_off_by_mail_programs():
    themes = [make_term(Scheme.THEME, label_ar="موضوع طويل الاسم " * 3) for _number in range(6)]
    networks = [make_network(name_ar="شبكة المدن المتوسطية الكبرى " * 3) for _number in range(6)]
    title, summary = ("كلمة طويلة " * 20)[:120], ("كلمة طويلة " * 40)[:300]
    for number in range(12):
        texts = {"title_ar": title, "summary_ar": summary}
        make_practice(language="ar", themes=themes[:3], networks=networks, published_at=NOW, texts=texts)
        event = make_event(
            networks=networks, source_language="ar", title_ar=title, summary_ar=summary, published_at=NOW,
            day=date(2027, 6, 1 + number), venue=title, address=title,
        )  # fmt: skip
        event.themes.set(themes)
    make_reader(languages=["ar"], interest=make_interest(themes=themes, networks=networks))

    make_due(NOW)

    edition = Edition.objects.get()
    assert edition.text.count("\n* ") == 14
    assert 30_000 < len(edition.html.encode()) < MOST_BYTES
