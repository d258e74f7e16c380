"""The report of an event as a printed document: A4, tagged for screen readers, right to left where its language is.

It names cities and what was shown, never participants, nor what cities and hosts noted among themselves.
"""

import json
import unicodedata
from collections import Counter
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date, format_time
from django.conf import settings
from django.db.models import Q
from django.utils.translation import get_language, pgettext, to_locale
from django.utils.translation import gettext as _
from django_countries import countries

from common.languages import current_language, direction, name_in
from common.localized import localized
from common.ordering import sort_key
from common.phrases import listed
from common.templatetags.hub import day, number
from events.models import ActionItem, EventPractice, Registration, Session
from events.services.minutes import latest_revision
from events.showing import when_in_words
from events.times import wall_clock
from practices.documents import lasting_address
from practices.documents.markup import breakable, plain_tree, rich_tree
from practices.documents.typesetting import typeset_from
from practices.models import Practice

TEMPLATE = Path(__file__).parent / "report.typ"
SMALLEST = 5
"""Groups of people smaller than this are not told: in these subjects taking part can itself be sensitive."""


def report_pdf(event) -> bytes:
    """The report in the active language; texts without that language in the one they have."""
    return typeset(json.dumps(report_data(event), ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=32)
def typeset(data: str) -> bytes:
    """The document of these data."""
    return typeset_from(TEMPLATE, data)


def report_data(event) -> dict:
    """What the template sets: every text with its direction, every label in the reader's language."""
    reader = current_language()
    changed = event.updated_at
    minutes = latest_revision(event)
    return {
        "language": reader,
        "direction": direction(reader),
        "site": settings.SITE_NAME,
        "date": [changed.year, changed.month, changed.day],
        "over": _("Report of the event"),
        "title": _localized(event, "title", event.source_language),
        "summary": _localized(event, "summary", event.source_language),
        "facts": {"heading": _("At a glance"), "rows": [[label, values] for label, values in _facts(event) if values]},
        "countries": {
            "heading": _("Participants by country"),
            "columns": [_("Country"), _("Participants")],
            "rows": _by_country(event),
        },
        "agenda": {"heading": _("Agenda"), "days": _agenda(event)},
        "practices": {"heading": _("Practices shown"), "rows": _practices(event)},
        "decisions": {"heading": _("Decisions"), "rows": [_text(one.text) for one in event.decisions.all()]},
        "actions": {
            "heading": _("Action items"),
            "columns": [
                _("City"),
                _("What is to be done"),
                pgettext("action item", "Due"),
                pgettext("action item", "State"),
            ],
            "rows": _actions(event),
        },
        "outcomes": {"heading": _("Outcomes"), "rows": [_outcome(one, event) for one in event.outcomes.all()]},
        "minutes": {
            "heading": _("Minutes"),
            "label": name_in(minutes.language, reader) if minutes and minutes.language != reader else "",
            "language": minutes.language if minutes else reader,
            "direction": direction(minutes.language if minutes else reader),
            "blocks": rich_tree(minutes.text) if minutes else [],
        },
        "page": _("Page %(number)s of %(count)s") % {"number": "{number}", "count": "{count}"},
    }


def _localized(record, field, source):
    text = localized(record, field, current_language(), source)
    language = text.language or current_language()
    return {"text": breakable(text.text), "language": language, "direction": direction(language)}


def _text(text):
    """A text of which only the letters tell the direction."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    way = next(("ltr" if kind == "L" else "rtl" for kind in kinds if kind in ("L", "R", "AL")), "ltr")
    return {"direction": way, "blocks": plain_tree(text)}


def _facts(event):
    place = listed(filter(None, [event.venue, event.address, str(event.city) if event.city else ""]))
    registered, attended = numbers(event)
    return [
        (_("When"), [when_in_words(event)]),
        (_("Where"), [place] if place else []),
        (_("Mode"), [event.get_mode_display()]),
        (_("Hosts"), [str(network) for network in event.networks.all()]),
        (
            _("Working languages"),
            _languages(event),
        ),
        (_("Had a place"), [_people(registered)]),
        (_("Attended"), [_people(attended)] if attended is not None else []),
    ]


def _languages(event):
    names = listed(name_in(code, current_language()) for code in event.languages)
    return [names] if names else []


def numbers(event):
    """(people with a place, people who came); None where attendance was not taken."""
    with_place = event.registrations.taking_part()
    came = with_place.filter(Q(state=Registration.State.ATTENDED) | Q(attendances__isnull=False)).distinct().count()
    was_taken = came or with_place.filter(state=Registration.State.NO_SHOW).exists()
    return with_place.count(), came if was_taken else None


def _people(count):
    return _("fewer than %(count)s") % {"count": number(SMALLEST)} if count < SMALLEST else number(count)


def _by_country(event):
    """[country, people], the largest first; small groups are one line without a number that would tell of them."""
    rows = event.registrations.taking_part().values_list("city__country", "country")
    found = Counter(city or country or "" for city, country in rows)
    shown, hidden = suppressed(found)
    names = {code: str(countries.name(code)) if code else _("not known") for code in shown}
    language = current_language()
    ordered = sorted(shown, key=lambda code: (-shown[code], sort_key(names[code], language)))
    lines = [[names[code], number(shown[code])] for code in ordered]
    if hidden and lines:
        lines.append([_("Countries with fewer than %(count)s") % {"count": number(SMALLEST)}, number(hidden)])
    return lines


def suppressed(counts: Counter) -> tuple[dict, int]:
    """(what may be shown, how many people are in the rest).

    A rest of fewer than SMALLEST would follow from the total, so the smallest group shown joins it.
    """
    shown = {key: count for key, count in counts.items() if count >= SMALLEST}
    hidden = counts.total() - sum(shown.values())
    while shown and 0 < hidden < SMALLEST:
        least = min(shown, key=lambda key: (shown[key], key))
        hidden += shown.pop(least)
    return shown, hidden


def _agenda(event):
    """Days with their sessions, by the clock of the place."""
    locale = to_locale(get_language() or "en")
    days = {}
    for session in event.sessions.select_related("event", "room__event"):
        start, end = (wall_clock(moment, event.time_zone) for moment in (session.starts_at, session.ends_at))
        clock = " – ".join(format_time(moment, "short", locale=locale) for moment in (start, end))
        entry = {"clock": clock, "title": _localized(session, "title", event.source_language)}
        entry["is_pause"] = session.kind == Session.Kind.PAUSE
        days.setdefault(format_date(start, "full", locale), []).append(entry)
    return [{"day": name, "sessions": sessions} for name, sessions in days.items()]


def _practices(event):
    """What was shown; of a practice that is not public only what the event itself says of it."""
    reader = current_language()
    shown = event.event_practices.filter(role=EventPractice.Role.SHOWN).select_related("city")
    public = Practice.objects.public().select_related("city").in_bulk([one.practice_id for one in shown])
    rows = []
    for one in shown:
        practice = public.get(one.practice_id)
        city = _city_shown(practice) if practice else one.city
        if practice is None and not one.title:
            continue
        title = localized(practice, "title", reader, practice.source_language).text if practice else one.title
        href = lasting_address(practice, reader) if practice else ""
        rows.append({**_text(title), "text": breakable(title), "href": href, "city": str(city) if city else ""})
    return rows


def _city_shown(practice):
    """Where it is, unless it asked to be told without a place."""
    return None if practice.location_precision == Practice.Precision.HIDDEN else practice.city


def _actions(event):
    items = event.action_items.exclude(state=ActionItem.State.DROPPED).select_related("city")
    return [
        {
            "city": str(one.city),
            "what": _text(one.text),
            "due": day(one.due_on) or "–",
            "state": one.get_state_display(),
        }
        for one in items
    ]


def _outcome(outcome, event):
    title = _localized(outcome, "title", event.source_language)
    description = _localized(outcome, "description", event.source_language)
    return {"title": title, "blocks": plain_tree(description["text"]) if description["text"] else [],
            "spoken": description, "href": outcome.url}  # fmt: skip
