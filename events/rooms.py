"""Who is in which group of the break-out sessions, for the hosts' planner and for each participant's own page."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from common.spreadsheets import Table
from events.finding import folded
from events.models import BreakoutGroup, GroupPlace, GroupWish, Registration, SeatAllocation, SeatPool, Session
from events.planning import Group, Person, follows
from events.rules import has_place

LONGEST_ROOM_NAME = 32


@dataclass(frozen=True)
class OwnRoom:
    """Where one participant goes in a break-out session. The link is for nobody else."""

    session: Session
    group: BreakoutGroup

    @property
    def room(self):
        """The one of the group, else that of the whole session; None where there is none."""
        return self.group.room or self.session.room

    @property
    def link(self):
        return self.room.join_link if self.room else ""


def own_rooms(registrations) -> dict[int, list[OwnRoom]]:
    """{registration: its rooms in the order of the day}, of registrations that know their event; in one statement.

    A room and its link are told to who has a place at the event now and, where the session has seats of its own, holds one
    of them. The planner puts nobody else into a group; but a session may get its seats when its groups are filled already,
    and then a place in a group is no longer enough.
    """
    known = {registration.pk: registration for registration in registrations if has_place(registration)}
    found = {pk: [] for pk in known}
    seats = SeatAllocation.objects.filter(pool__session=OuterRef("session"), registration=OuterRef("registration"))
    pools = SeatPool.objects.filter(session=OuterRef("session"))
    places = GroupPlace.objects.filter(~Exists(pools) | Exists(seats.filter(state=SeatAllocation.State.HELD)))
    places = places.filter(registration__in=list(known)).select_related("session__room", "group__room")
    for place in places.order_by("session__starts_at", "pk"):
        session, group = place.session, place.group
        # Their names need the language of the event.
        session.event = known[place.registration_id].event
        group.session = session
        for room in filter(None, (session.room, group.room)):
            room.event = session.event
        found[place.registration_id].append(OwnRoom(session, group))
    return found


def break_out_sessions(event):
    return event.sessions.filter(kind=Session.Kind.BREAKOUT).select_related("event")


def participants(session: Session):
    """Registrations that are placed into groups: who has a place and, where the session has seats, one of those."""
    asked_again = Q(state=Registration.State.CONFIRMED, reconfirm_until__isnull=False, reconfirmed_at__isnull=True)
    found = Registration.objects.filter(event=session.event_id).taking_part().exclude(asked_again)
    pool = SeatPool.objects.filter(session=session).first()
    if pool is not None:
        seats = SeatAllocation.objects.filter(pool=pool, state=SeatAllocation.State.HELD)
        found = found.filter(pk__in=seats.values("registration"))
    return found.order_by("pk")


def groups_of(session: Session) -> list[BreakoutGroup]:
    return list(session.groups.select_related("room__event", "session__event").order_by("order", "pk"))


def person_of(registration: Registration, wishes=()) -> Person:
    """A participant as the planner sees one; who named no languages follows the one of the mails."""
    city = registration.city
    return Person(
        registration.pk,
        frozenset(registration.spoken or [registration.language]),
        str(city.country if city else registration.country),
        str(registration.stakeholder_id or ""),
        tuple(wishes),
    )


def wishes_by_registration(session: Session) -> dict[int, list[int]]:
    """{registration: groups, the dearest first}."""
    found: dict[int, list[int]] = {}
    rows = GroupWish.objects.filter(group__session=session).order_by("rank", "group__order", "group")
    for registration, group in rows.values_list("registration", "group"):
        found.setdefault(registration, []).append(group)
    return found


# The planner's page ------------------------------------------------------------------------------


@dataclass
class Row:
    """A participant on the planner's page. `wish` is the rank of the group among the wishes, 0 where it is none."""

    registration: Registration
    languages: tuple[str, ...]
    country: str
    wishes: list[str]
    wish: int = 0
    is_fixed: bool = False
    is_foreign: bool = False
    """Sits in a group whose language the person does not follow."""

    @property
    def searched(self):
        return folded(f"{self.registration.name} {self.registration.email} {self.registration.city or ''}")

    @property
    def has_wishes(self):
        return bool(self.wishes)


@dataclass
class Column:
    """A group with those who are in it."""

    group: BreakoutGroup
    title: str
    """In the reader's language, made once: every participant's row offers all groups."""
    rows: list[Row] = field(default_factory=list)
    shown: list[Row] = field(default_factory=list)

    @property
    def left_out(self):
        return len(self.rows) - len(self.shown)

    @property
    def is_full(self):
        return self.group.places is not None and len(self.rows) >= self.group.places

    @property
    def countries(self):
        return len({row.country for row in self.rows if row.country})


@dataclass
class Board:
    """`shown` are those of the rows that the page has; see `show`."""

    columns: list[Column]
    unplaced: list[Row]
    shown: list[Row] = field(default_factory=list)

    @property
    def left_out(self):
        return len(self.unplaced) - len(self.shown)

    def show(self, text="", most=400):
        """Choose who is shown: all while they are few, else the first of each group, of those who match a text."""
        wanted = folded(text)
        each = max(10, most // (1 + len(self.columns)))
        for part in (self, *self.columns):
            rows = self.unplaced if part is self else part.rows
            found = [row for row in rows if wanted in row.searched] if wanted else rows
            part.shown = found if self.count <= most else found[:each]

    @property
    def count(self):
        return len(self.unplaced) + sum(len(column.rows) for column in self.columns)

    @property
    def wishes_met(self):
        """How many of those with wishes got their first one."""
        return sum(row.wish == 1 for column in self.columns for row in column.rows)

    @property
    def with_wishes(self):
        return sum(row.has_wishes for rows in (self.unplaced, *(one.rows for one in self.columns)) for row in rows)


def board(session: Session) -> Board:
    """All groups and participants of a session, in five statements whatever their number; all are shown while few."""
    columns = {group.pk: Column(group, str(group)) for group in groups_of(session)}
    places = {place.registration_id: place for place in GroupPlace.objects.filter(session=session)}
    wishes = wishes_by_registration(session)
    titles = {pk: column.title for pk, column in columns.items()}
    found = Board(list(columns.values()), [])
    for registration in participants(session).select_related("city", "stakeholder"):
        wanted = wishes.get(registration.pk, [])
        person = person_of(registration, wanted)
        row = Row(registration, tuple(sorted(person.languages)), _country(registration), [titles[pk] for pk in wanted])
        place = places.get(registration.pk)
        if place is None:
            found.unplaced.append(row)
            continue
        row.is_fixed = place.is_fixed
        row.wish = wanted.index(place.group_id) + 1 if place.group_id in wanted else 0
        row.is_foreign = not follows(person, planned(columns[place.group_id].group))
        columns[place.group_id].rows.append(row)
    found.show()
    return found


def planned(group: BreakoutGroup) -> Group:
    return Group(group.pk, group.places, group.language)


def _country(registration):
    country = registration.city.country if registration.city else registration.country
    return str(country.name) if country else ""


def occupied(session: Session) -> Counter:
    """{group: participants in it}; places of those who take part no more do not count."""
    places = GroupPlace.objects.filter(session=session, registration__in=participants(session))
    return Counter(places.values_list("group", flat=True))


# For programs of video conferences ---------------------------------------------------------------


def zoom_table(session: Session) -> Table:
    """As Zoom reads pre-assigned rooms: its column names, its order."""
    return Table(
        ("Pre-assign Room Name", "Email Address"),
        [[room, person.email] for room, person in _rooms_with_people(session)],
    )


def people_table(session: Session) -> Table:
    """For programs without an import, such as Teams: names beside rooms, to assign by hand."""
    return Table(
        ("RoomName", "ParticipantName", "EmailAddress"),
        [[room, person.name, person.email] for room, person in _rooms_with_people(session)],
    )


def _rooms_with_people(session):
    """(name of the room, participant). Zoom cuts names at 32 characters; the number in front keeps them apart."""
    names = {
        group.pk: f"{number}. {group}"[:LONGEST_ROOM_NAME] for number, group in enumerate(groups_of(session), start=1)
    }
    places = GroupPlace.objects.filter(session=session, registration__in=participants(session))
    places = places.exclude(registration__email="").select_related("registration")
    for place in places.order_by("group__order", "group", "registration"):
        yield names[place.group_id], place.registration
