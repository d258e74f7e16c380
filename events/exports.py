"""Registrations as a table, and the totals of what participants need, for the host.

What people need is in the totals alone: a list that goes to many hands never says who eats what.
"""

from collections import Counter
from collections.abc import Iterable

from babel import Locale
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from common.languages import current_language, in_all_languages
from common.spreadsheets import Table, in_batches
from events.models import Event, Registration, RegistrationConsent, SeatAllocation
from events.times import wall_clock
from networks.models import City

BATCH = 500
COLUMNS = (
    *("event", "event_title", "uid", "name", "email", "city", "country", "organisation", "organisation_type"),
    *("mode", "state", "language", "spoken", "break_out_sessions", "listed", "photos", "registered", "time_zone"),
)


def registration_table(registration_ids: Iterable[int]) -> Table:
    """The registrations of these ids, which must be of events the actor runs; moments by the clock of the event's place."""
    held = SeatAllocation.objects.filter(state=SeatAllocation.State.HELD, pool__kind="breakout")
    registrations = Registration.objects.select_related("event", "stakeholder").prefetch_related(
        Prefetch("city", City.objects.only("slug", "country", *in_all_languages("name"))),
        Prefetch("allocations", held.select_related("pool__session__event"), to_attr="held_breakouts"),
        Prefetch("consents", RegistrationConsent.objects.filter(kind="photos"), to_attr="photo_consents"),
    )
    return Table(COLUMNS, map(_cells, in_batches(registrations, registration_ids, BATCH)))


def _cells(registration):
    event, city = registration.event, registration.city
    created = wall_clock(registration.created_at, event.time_zone)
    return [
        *(event.pk, str(event), str(registration.uid), registration.name, registration.email),
        str(city) if city else "",
        registration.country.code or (city.country.code if city else ""),
        registration.organisation,
        registration.stakeholder.code if registration.stakeholder else "",
        *(registration.mode, registration.state, registration.language, list(registration.spoken)),
        [str(allocation.pool.session) for allocation in registration.held_breakouts],
        *("yes" if given else "no" for given in (registration.is_listed, registration.photo_consents)),
        f"{created:%Y-%m-%d %H:%M}",
        event.time_zone,
    ]


def needs_of(event: Event) -> dict[str, list[tuple[str, int]]]:
    """What those who have or are offered a place need: {"access", "food", "interpretation": [(words, people)]}.

    Empty once the needs were deleted. Nobody is named.
    """
    if event.needs_purged_at:
        return {"access": [], "food": [], "interpretation": []}
    states = [*Registration.WITH_PLACE, Registration.State.OFFERED]
    rows = event.registrations.filter(state__in=states).values_list(
        "needs_access", "needs_diet", "needs_interpretation"
    )
    access, food, spoken = zip(*rows, strict=True) if rows else ((), (), ())
    names = Locale.parse(current_language()).languages
    return {
        "access": _totals(access),
        "food": _totals(food),
        "interpretation": _totals(names.get(code, code) for code in spoken),
    }


def _totals(texts):
    """The most frequent first; the same words in capitals or with other spaces count as one."""
    counts, words = Counter(), {}
    for text in texts:
        if key := " ".join(text.split()).casefold():
            counts[key] += 1
            words.setdefault(key, text.strip())
    return [(words[key], count) for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def needs_table(event: Event) -> Table:
    """The totals for the host."""
    names = {"access": _("access needs"), "food": _("food"), "interpretation": _("interpretation into")}
    rows = [[names[kind], text, count] for kind, totals in needs_of(event).items() for text, count in totals]
    return Table(("need", "words", "people"), rows)
