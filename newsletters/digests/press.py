"""Digests on paper: every entry, heading and frame is rendered and styled once, then put together as often as needed."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import css_inline
from babel.dates import format_date
from django.conf import settings
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape, format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django_countries import countries

from common.addresses import absolute
from common.languages import date_locale, fallback_chain, in_all_languages
from common.localized import LocalizedText, first_language, proper_name
from common.outbox.queueing import frame as layout
from common.outbox.queueing import one_line
from common.phrases import listed, separator
from common.templatetags.hub import number
from events.cards import LONG_TEXTS, previous_starts
from events.models import Event
from events.showing import when_in_words, where_in_words
from events.times import wall_clock
from newsletters import periods
from newsletters.composing import without_key
from newsletters.digests.board import Choice, Item, Kind
from newsletters.digests.choosing import ALL, Chosen, Entry
from newsletters.frames import preferences_address
from newsletters.models import Frequency, News
from practices.models import Practice
from practices.search.catalogue import catalogue
from practices.search.facets import FACET
from practices.search.indexing import library_version

_WHY, _SUBJECT, _PREHEADER, _ENTRIES = "[[[why]]]", "[[[subject]]]", "[[[preheader]]]", "[[[entries]]]"
"""Hold the place of what is put in later."""

_ANYTHING, _NOTHING = Choice(), Chosen()
LONGEST_TITLE = 80


class CardError(Exception):
    """An entry that cannot be rendered; `item` is left out, and the others go."""

    def __init__(self, item: Item):
        super().__init__(f"{item.kind} {item.record_id}")
        self.item = item


@dataclass(frozen=True, slots=True)
class Content:
    """All that a digest says. `languages` are the reader's, the first one that of the mail."""

    languages: tuple[str, ...]
    frequency: str
    period: str
    practices: Chosen = _NOTHING
    events: Chosen = _NOTHING
    practices_choice: Choice = _ANYTHING
    events_choice: Choice = _ANYTHING

    @property
    def language(self):
        return self.languages[0]

    @property
    def news(self):
        """Ids of what is shown."""
        return [entry.item.news_id for entry in (*self.events.entries, *self.practices.entries)]


@dataclass(frozen=True, slots=True)
class Piece:
    """The same part of a digest as HTML and as text."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A digest as the pieces of which it consists, most of them shared with others."""

    content: Content
    subject: str
    pieces: tuple[Piece, ...]
    content_hash: str

    @property
    def html(self):
        return "".join(piece.html for piece in self.pieces)

    @property
    def text(self):
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Card:
    """An entry for readers of one language, in two halves: between them stands why it is there."""

    headline: str
    before: Piece
    after: Piece


class Press:
    """Renders digests from the news of one moment; what it made once it keeps."""

    def __init__(self):
        self._styles = render_to_string("mail/bulk/_styles.css")
        self._records, self._made = {}, {}
        self._version = library_version()[1]

    def load(self, contents) -> None:
        """Read the records that these digests show and that are not at hand, in two queries."""
        items = {entry.item for content in contents for entry in (*content.practices.entries, *content.events.entries)}
        for is_event, read in ((False, _practices), (True, _events)):
            missing = {item.record_id for item in items if item.is_event == is_event}
            missing -= {pk for known, pk in self._records if known == is_event}
            if missing:
                self._records |= {(is_event, record.pk): record for record in read(missing)}

    def draft(self, content: Content) -> Draft:
        """Put a digest together. Raises CardError."""
        with translation.override(content.language):
            cards = [self._card(entry.item, content.languages) for entry in content.events.entries]
            first = cards[0] if cards else self._card(content.practices.entries[0].item, content.languages)
            subject = _subject(first.headline, len(content.news))
            shown = len(content.events.entries), len(content.practices.entries)
            preheader = self._once(_counts, content.language, *shown)
            frame = self._once(_frame, content.language, content.frequency, content.period)
            head = (frame[0], Piece(escape(subject), ""), frame[1], Piece(escape(preheader), ""), frame[2])
            pieces = (*head, *self._parts(content), frame[3])
        digest = hashlib.sha256(f"{content.language}\0{subject}\0".encode())
        for piece in pieces:
            digest.update(piece.html.encode())
            digest.update(piece.text.encode())
        return Draft(content, subject, pieces, digest.hexdigest())

    def _parts(self, content):
        own = [entry for entry in content.practices.entries if not _is_found(entry)]
        found = [entry for entry in content.practices.entries if _is_found(entry)]
        parts = (
            ("events", content.events.entries, content.events.more, content.events_choice),
            ("practices", own, content.practices.more, content.practices_choice),
            ("searches", found, 0 if own else content.practices.more, content.practices_choice),
        )
        for name, entries, more, choice in parts:
            if not entries:
                continue
            yield self._once(_heading, content.language, name)
            for entry in entries:
                card = self._card(entry.item, content.languages)
                yield card.before
                yield self._once(self._why, content.language, entry.reasons)
                yield card.after
            if more:
                yield self._once(self._more, content.language, name, more, choice)

    def _once(self, make, *key):
        """What `make` makes of the key, the language before all."""
        if (found := self._made.get((make, key))) is None:
            found = self._made[(make, key)] = make(*key)
        return found

    def _card(self, item, languages):
        if (found := self._made.get((item.news_id, languages))) is None:
            try:
                found = self._render(item, languages)
            except Exception as error:
                raise CardError(item) from error
            self._made[(item.news_id, languages)] = found
        return found

    def _render(self, item, languages):
        record = self._records[(item.is_event, item.record_id)]
        title, summary = (_localized(record, name, languages) for name in ("title", "summary"))
        describe = _of_event if item.is_event else _of_practice
        mark, url, facts, between = describe(item, record)
        values = {"title": title, "summary": summary, "mark": mark, "url": absolute(url), "why": _WHY}
        values["facts"] = format_html_join(between, "<bdi>{}</bdi>", [(fact,) for fact in facts])
        # From the end: there no title stands, whatever it is called.
        before, after = without_key(self._styled("card", values)).rsplit(_WHY, 1)
        headline = pgettext("what changed", "%(change)s: %(title)s") % {"change": mark, "title": title}
        values["headline"] = headline = without_key(headline if mark else str(title))
        values["facts"] = between.join(facts)
        text_before, text_after = without_key(render_to_string("mail/bulk/_card.txt", values)).rsplit(_WHY, 1)
        return Card(headline, Piece(before, text_before), Piece(after, text_after))

    def _why(self, language, reasons):
        values = catalogue(language, self._version)
        named = [words for reason in reasons if (words := _reason(reason, values))] or [
            (_("you asked for everything new"), "")
        ]
        html = [format_html("{}", words) if not name else mark_safe(_bidi(words, name)) for words, name in named]
        text = [words % {"name": name} if name else words for words, name in named]
        line = _("Why you see this: %(reasons)s")
        return Piece(
            without_key(format_html("{}", line) % {"reasons": " · ".join(html)}),
            without_key(line % {"reasons": " · ".join(text)}),
        )

    def _more(self, language, name, count, choice):
        values = catalogue(language, self._version)
        is_event = name == "events"
        pairs = [("theme", key) for key in choice.themes] + [("network", key) for key in choice.networks]
        shown = [(facet, values.by_code.get(FACET[facet].code(key))) for facet, key in pairs]
        pairs = [(facet, value.key) for facet, value in shown if value]
        if not is_event:
            pairs += [("language", code) for code in choice.languages]
        url = absolute(reverse("events:list" if is_event else "practices:list")) + (
            f"?{urlencode(pairs)}" if pairs else ""
        )
        many = {"count": number(count)}
        if is_event:
            text = ngettext("%(count)s more event", "%(count)s more events", count) % many
        else:
            text = ngettext("%(count)s more practice", "%(count)s more practices", count) % many
        return Piece(self._styled("more", {"text": text, "url": url}), f"{text}\n{url}\n\n")

    def _styled(self, name, values):
        return css_inline.inline_fragment(render_to_string(f"mail/bulk/_{name}.html", values), self._styles)


# Words -------------------------------------------------------------------------------------------


def _frame(language, frequency, period):
    """What stands around the entries, in four pieces: between the first three stand subject and preview line."""
    heading, why = {
        Frequency.DAILY: (_("Daily digest"), _("You get this every day because you asked for it.")),
        Frequency.WEEKLY: (_("Weekly digest"), _("You get this every week because you asked for it.")),
        Frequency.MONTHLY: (_("Monthly digest"), _("You get this every month because you asked for it.")),
    }[Frequency(frequency)]
    address = preferences_address(language)
    values = layout(language) | {
        "subject": _SUBJECT,
        "preheader": _PREHEADER,
        "list_name": settings.SITE_NAME,
        "heading": heading,
        "why": why,
        "period": periods.in_words(period),
        "preferences_url": address,
        "unsubscribe_url": address,
        "legal": settings.SENDER_ADDRESS,
        "entries": _ENTRIES,
    }
    html = css_inline.inline(
        render_to_string("mail/bulk/digest.html", values), keep_style_tags=False, load_remote_stylesheets=False
    )
    first, rest = html.split(_SUBJECT)
    second, rest = rest.split(_PREHEADER)
    third, foot = rest.split(_ENTRIES)
    text_head, text_foot = render_to_string("mail/bulk/digest.txt", values).split(_ENTRIES)
    return Piece(first, text_head), Piece(second, ""), Piece(third, ""), Piece(foot, text_foot.lstrip("\n"))


def _heading(language, name):
    heading = {
        "events": _("Events"),
        "practices": _("New practices"),
        "searches": _("New answers to your searches"),
    }[name]
    html = render_to_string("mail/bulk/_heading.html", {"heading": heading})
    styles = render_to_string("mail/bulk/_styles.css")
    return Piece(css_inline.inline_fragment(html, styles), f"\n{heading}\n{'-' * len(heading)}\n\n")


def _subject(headline, count):
    """The first entry, and how many more there are."""
    headline = Truncator(headline).chars(LONGEST_TITLE)
    if count > 1:
        more = ngettext("%(title)s and %(count)s more", "%(title)s and %(count)s more", count - 1)
        headline = more % {"title": headline, "count": number(count - 1)}
    return one_line(headline)


def _counts(language, events, practices):
    parts = []
    if events:
        parts.append(ngettext("%(count)s event", "%(count)s events", events) % {"count": number(events)})
    if practices:
        parts.append(ngettext("%(count)s practice", "%(count)s practices", practices) % {"count": number(practices)})
    return listed(parts)


def _reason(reason, values):
    """(words with %(name)s, name), or None for what has no name any more."""
    kind, key = reason
    if kind == "search":
        return pgettext("why in a digest", "your search “%(name)s”"), key.label
    if reason == ALL:
        return _("you asked for everything new"), ""
    value = values.by_code.get(FACET[kind].code(key))
    if value is None:
        return None
    if kind == "theme":
        return pgettext("why in a digest", "theme: %(name)s"), value.label
    return pgettext("why in a digest", "network: %(name)s"), value.label


def _bidi(words, name):
    """A name of unknown direction keeps the signs around it in their place."""
    return format_html("{}", words) % {"name": format_html("<bdi>{}</bdi>", name)}


def _is_found(entry: Entry):
    """Whether only saved searches brought it."""
    return all(kind == "search" for kind, _key in entry.reasons)


# Records -----------------------------------------------------------------------------------------


def _practices(ids):
    texts = in_all_languages("title", "summary")
    names = [f"city__{name}" for name in in_all_languages("name")]
    shown = ("source_language", "location_precision", "city__country", "city__slug")
    return Practice.objects.filter(pk__in=ids).select_related("city").only(*texts, *names, *shown)


def _events(ids):
    # Of a postponed one, which has no beginning, every former one differs.
    starts_at = Coalesce(OuterRef("starts_at"), Value(datetime.fromtimestamp(0, UTC)))
    moved_from = previous_starts(OuterRef("pk"), starts_at).values("old_starts_at")[:1]
    events = Event.objects.filter(pk__in=ids).select_related("city").annotate(previous_start=Subquery(moved_from))
    return events.defer(*in_all_languages(*LONG_TEXTS))


def _localized(record, name, languages):
    """The text in the first of the reader's languages, else as the site does for a reader of the first of them."""
    chain = dict.fromkeys((*languages, *fallback_chain(languages[0], record.source_language)))
    language = first_language(record, name, chain)
    return LocalizedText(getattr(record, f"{name}_{language}") if language else "", language, language != languages[0])


# Addresses are the short ones, which lead to the full: a title in Arabic would fill three lines of the text.


def _of_practice(item, practice):
    """(mark, address, facts, what stands between them)."""
    place = []
    if practice.city:
        if practice.location_precision != Practice.Precision.HIDDEN:
            place.append(proper_name(practice.city, translation.get_language()))
        place.append(str(countries.name(practice.city.country.code)))
    return "", reverse("practices:detail", args=[practice.pk]), [*filter(None, place)], separator()


def _of_event(item, event):
    """(mark, address, facts, what stands between them)."""
    mark = "" if item.kind == Kind.NEW else str(News.Kind(item.kind).label)
    facts = [when_in_words(event), where_in_words(event)]
    if item.kind in (Kind.RESCHEDULED, Kind.POSTPONED) and event.previous_start:
        before = wall_clock(event.previous_start, event.time_zone).date()
        day = format_date(before, "long", locale=date_locale())
        facts.append(
            _("Moved from %(day)s") % {"day": day} if event.starts_at else _("It was on %(day)s") % {"day": day}
        )
    return mark, reverse("events:detail", args=[event.pk]), [*filter(None, facts)], " · "
