"""Who the people in the log of a video conference are among those who take part: told by address or name, never guessed."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.core import signing

from events.models import Event, Registration
from events.services.attending import Presence
from events.videologs import Attendee, name_key

SALT = "events.videolog"
KEPT_SECONDS = 2 * 60 * 60
"""So long a preview can be confirmed. Nothing of it is stored: what was read travels in the page, signed."""


@dataclass
class Found:
    """Somebody of a log. Without a `registration` there are `candidates` among whom a person has to choose, or none."""

    attendee: Attendee
    registration: Registration | None = None
    by: str = ""
    """"email" or "name"."""
    candidates: list = field(default_factory=list)


def find_people(event: Event, attendees: list[Attendee]) -> list[Found]:
    """First by e-mail address, then by exact name; what fits several people, or one whom others fit too, is left open."""
    registrations = list(event.registrations.taking_part().order_by("name", "pk"))
    by_email = {one.email.lower(): one for one in registrations if one.email}
    by_name = defaultdict(list)
    for one in registrations:
        by_name[name_key(one.name)].append(one)
    by_name.pop("", None)
    namesakes = defaultdict(set)
    for attendee in attendees:
        namesakes[name_key(attendee.name)].add(attendee.email)
    found = []
    for attendee in attendees:
        named = by_name.get(name_key(attendee.name), [])
        if attendee.email in by_email:
            found.append(Found(attendee, by_email[attendee.email], "email"))
        elif len(named) == 1 and len(namesakes[name_key(attendee.name)] - {"", named[0].email.lower()}) < 2:
            found.append(Found(attendee, named[0], "name"))
        else:
            found.append(Found(attendee, candidates=named))
    return found


def sealed(event: Event, found: list[Found], session=None) -> str:
    """What a preview shows, to come back with the confirmation."""
    people = [
        [
            one.registration.pk if one.registration else None,
            [[start.timestamp(), end.timestamp()] for start, end in one.attendee.intervals],
            one.attendee.seconds,
        ]
        for one in found
    ]
    content = {"event": event.pk, "session": session.pk if session else None, "people": people}
    return signing.dumps(content, salt=SALT, compress=True)


def unsealed(event: Event, text: str, chosen: dict[int, int]) -> tuple[dict[int, Presence], int | None]:
    """({registration: presence}, id of the session) of a preview.

    `chosen` are registrations by the number of a line that was left open.
    Raises signing.BadSignature for what was changed, is too old, or is of another event.
    """
    content = signing.loads(text, salt=SALT, max_age=KEPT_SECONDS)
    if content["event"] != event.pk:
        raise signing.BadSignature
    intervals, seconds = defaultdict(list), defaultdict(int)
    for number, (registration, spans, length) in enumerate(content["people"]):
        pk = registration or chosen.get(number)
        if pk:
            intervals[pk] += [(_instant(start), _instant(end)) for start, end in spans]
            seconds[pk] += length
    presences = {pk: Presence(tuple(intervals[pk]), seconds[pk]) for pk in intervals}
    return presences, content["session"]


def _instant(timestamp):
    return datetime.fromtimestamp(timestamp, UTC)
