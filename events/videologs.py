"""Attendance lists that Zoom, Teams and BigBlueButton give out: who was in the conference, from when to when.

Such files are not made for programs: tables stand below headings, columns are named in the language of whoever saved the
file, days are written in two orders, and no zone is told. What is read here is only shown, until somebody confirms it.
"""

import csv
import io
import re
import tempfile
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from common.spreadsheets import undefused
from common.text import clean_line
from common.uploads import check_size
from practices.imports.encodings import BinaryFileError, detect_encoding

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELL = 2_000
MAX_FILES = 10
AROUND = timedelta(days=1)
"""Rows so far from the event are of another meeting, or their day was read in the wrong order."""

ROUNDED = timedelta(minutes=2)

COLUMNS = {
    "name": {
        *("name", "full name", "user name", "name (original name)", "participant", "participant name", "display name"),
        *("nom", "nom complet", "nome", "nome completo", "namn", "fullständigt namn", "nume", "nume complet"),
        *("الاسم", "الاسم الكامل"),
    },
    "email": {
        *("email", "e-mail", "user email", "email address", "e-mail address", "mail"),
        *(
            "adresse e-mail",
            "adresse de messagerie",
            "indirizzo e-mail",
            "posta elettronica",
            "e-postadress",
            "e-post",
        ),
        *("adresă de e-mail", "e-mailul utilizatorului", "البريد الإلكتروني"),
    },
    "join": {
        *("join time", "join", "joined", "joined at", "joining time", "start time", "heure d'arrivée"),
        *("heure de connexion", "ora di accesso", "ora di ingresso", "anslutningstid", "ora intrării", "وقت الانضمام"),
    },
    "leave": {
        *("leave time", "left", "leave", "left at", "leaving time", "end time", "heure de départ", "ora di uscita"),
        *("utloggningstid", "lämnade", "ora ieșirii", "وقت المغادرة"),
    },
    "first": {"first join", "first join time", "première connexion", "primo accesso", "första anslutning"},
    "last": {"last leave", "last leave time", "dernier départ", "ultima uscita", "sista utloggning"},
    "duration": {
        *("duration", "duration (minutes)", "total duration (minutes)", "in-meeting duration", "meeting duration"),
        *("online time", "time in session", "durée", "durée (minutes)", "durata", "durata (minuti)", "varaktighet"),
        *("durată", "المدة"),
    },
    "upn": {"participant id (upn)", "id du participant (upn)", "id partecipante (upn)", "deltagar-id (upn)"},
    "waited": {"in waiting room", "waiting room", "en salle d'attente", "in sala d'attesa", "i väntrummet"},
    "action": {"user action", "action", "action de l'utilisateur", "azione utente", "användaråtgärd"},
    "at": {"timestamp", "time", "horodatage", "data e ora", "tidsstämpel"},
}
_OF_HEADING = {heading: name for name, headings in COLUMNS.items() for heading in headings}
_OF_THE_MEETING = {"user name", "start time", "end time"}
"""Zoom calls so the host and the times of the whole meeting, in the block above the participants or left of them."""

_LISTS_MEETINGS = {"topic", "meeting id", "participants"}
_YES = {"yes", "true", "oui", "sì", "ja", "da", "نعم"}
_LEFT = ("left", "leave", "parti", "uscito", "lämn")
_UNITS = {"h": 3600, "t": 3600, "o": 3600, "m": 60, "s": 1}
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DAY_ORDERS = {
    "month-first": ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"),
    "day-first": ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%d.%m.%y"),
}
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d")
_LONGEST_NAME = 300
_LONGEST_TIME = 40
_SAMPLE = 200
_TIMES = ("join", "leave", "first", "last", "at")
_REMARK = re.compile(r" ?\((?:guest|external|unverified|host|co-host|me|invité|ospite|gäst|ضيف)\) ?$", re.IGNORECASE)


@dataclass
class Attendee:
    """One person of a log, by e-mail address where it tells one, else by name."""

    name: str
    email: str = ""
    intervals: list = field(default_factory=list)
    seconds: int = 0


@dataclass
class Log:
    people: list[Attendee]
    skipped: int = 0
    """Rows of which nothing could be made, or of another day."""


def read_logs(files, *, zone: str, starts_at: datetime, ends_at: datetime) -> Log:
    """The people in some files of one meeting. Times without a zone of their own are clock times of `zone`.

    Raises ValidationError for files that are too large, or in which no list of participants is found.
    """
    if len(files) > MAX_FILES:
        raise ValidationError(_("At most %(most)s files at once.") % {"most": MAX_FILES}, code="files")
    window = (starts_at - AROUND, ends_at + AROUND)
    people, skipped, room = {}, 0, MAX_ROWS
    for file in files:
        rows = _rows(_text(file), room)
        room -= len(rows)
        skipped += _read_into(people, rows, ZoneInfo(zone), window)
    if not people:
        raise ValidationError(_("No list of participants of this event was found in the file."), code="empty")
    return Log(sorted(people.values(), key=lambda one: (one.name.casefold(), one.email)), skipped)


def _text(file):
    check_size(file, MAX_BYTES)
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        copy.write(file.read())
        copy.flush()
        try:
            return Path(copy.name).read_bytes().decode(detect_encoding(Path(copy.name)), errors="replace")
        except BinaryFileError as error:
            raise ValidationError(_("This is not a readable text file."), code="binary") from error


def _rows(text, room):
    """All rows of a file with commas, semicolons or tabs, whichever it has most of; refused if more than `room`."""
    text = text.lstrip("\ufeff")
    mark = max(",;\t", key=lambda one: sum(1 for line in text.splitlines()[:200] if line.count(one) > 1))
    csv.field_size_limit(100_000)
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            if len(row) > MAX_COLUMNS:
                raise ValidationError(_("This file has too many columns."), code="large")
            if len(rows) >= room:
                message = _("At most %(most)s rows at once. Divide the log by session.")
                raise ValidationError(message % {"most": MAX_ROWS}, code="large")
            rows.append([clean_line(undefused(cell[:MAX_CELL])) for cell in row])
    except csv.Error as error:
        raise ValidationError(_("This is not a readable text file."), code="csv") from error
    return rows


def _tables(rows):
    """(columns by name, rows below) of each list of participants; others and loose lines are passed over."""
    tables, columns, body = [], None, []
    for row in rows:
        found = _columns(row)
        if found or not any(row) or (columns and sum(map(bool, row)) < 2):
            if columns and body:
                tables.append((columns, body))
            columns, body = found, []
        elif columns:
            body.append(row)
    if columns and body:
        tables.append((columns, body))
    return tables


def _columns(row):
    """{name: place} where a row is the heading of a list of participants, else None.

    What is told of the participant stands right of the name, what is told of the meeting left of it.
    """
    headings = [_heading(cell) for cell in row]
    first = next((at for at, one in enumerate(headings) if one in COLUMNS["name"] - _OF_THE_MEETING), 0)
    places = [*range(first, len(row)), *range(first)]
    found = {}
    for place in sorted(places, key=lambda at: headings[at] in _OF_THE_MEETING):
        name = _OF_HEADING.get(headings[place])
        if name:
            found.setdefault(name, place)
    if "name" not in found or (
        headings[found["name"]] in _OF_THE_MEETING and not _LISTS_MEETINGS.isdisjoint(headings)
    ):
        return None
    tells_when = {"join", "duration", "first"} & found.keys() or {"action", "at"} <= found.keys()
    return found if tells_when else None


def _heading(cell):
    return cell.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _read_into(people, rows, zone, window):
    tables = _tables(rows)
    # Teams tells each coming and going below a summary of the same people.
    detailed = [table for table in tables if {"join", "leave"} <= table[0].keys() or "action" in table[0]]
    skipped, wanted = 0, detailed or tables
    read = _reader_of_times(wanted, zone, window)
    for columns, body in wanted:
        if "action" in columns:
            skipped += _read_actions(people, columns, body, read, window)
            continue
        for row in body:
            skipped += not _read_row(people, columns, row, read, window)
    return skipped


def _read_row(people, columns, row, read, window):
    """Whether something could be made of a row; time in Zoom's waiting room is none in the meeting."""
    cell = _cells(columns, row)
    if cell("waited").casefold() in _YES:
        return True
    start, end = (
        read(one, cell(one)) or read(other, cell(other)) for one, other in (("join", "first"), ("leave", "last"))
    )
    seconds = _seconds(cell("duration"))
    if start and not end and seconds:
        end = start + timedelta(seconds=seconds)
    if start and end:
        if not (end > start and start >= window[0] and end <= window[1]):
            return False
        person = _person(people, cell)
        if person and seconds and end - start > timedelta(seconds=seconds) + ROUNDED:
            # First coming and last leaving, with absences between that nobody told: only the length is certain.
            person.seconds += seconds
        elif person:
            person.intervals.append((start, end))
        return bool(person)
    person = _person(people, cell) if seconds and not start else None
    if person:
        person.seconds += seconds
    return bool(person)


def _read_actions(people, columns, body, read, window):
    """Lists with a row for each "Joined" and "Left"; who never left was there for no known time."""
    came, skipped = {}, 0
    for row in body:
        cell = _cells(columns, row)
        person, at = _person(people, cell), read("at", cell("at"))
        if person is None or at is None or not window[0] <= at <= window[1]:
            skipped += 1
        elif cell("action").casefold().startswith(_LEFT):
            start = came.pop(id(person), None)
            if start and at > start:
                person.intervals.append((start, at))
        else:
            came.setdefault(id(person), at)
    return skipped


def _cells(columns, row):
    return lambda name: row[columns[name]] if name in columns and columns[name] < len(row) else ""


def _person(people, cell):
    name = real_name(cell("name"))[:150]
    email = next((one.lower()[:254] for one in (cell("email"), cell("upn")) if _is_address(one)), "")
    if not (name or email):
        return None
    return people.setdefault(email or f"name:{name_key(name)}", Attendee(name, email))


def _is_address(text):
    # Teams invents "anna_example.org#EXT#@host.onmicrosoft.com" for guests.
    return "@" in text and "#ext#" not in text.lower()


def real_name(name: str) -> str:
    """Without what programs add: "Anna Berg (Guest)", and Zoom's "Anna (Anna Berg)"."""
    name = _REMARK.sub("", name[:_LONGEST_NAME])
    shown, opened, real = name.removesuffix(")").rpartition(" (")
    return real if shown and opened and name.endswith(")") and len(real) > 2 else name


def name_key(name: str) -> str:
    """Names that differ in capitals and spaces alone are the same; accents make a difference."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


# Times -------------------------------------------------------------------------------------------


def _reader_of_times(tables, zone, window):
    """A function from (name of a column, cell) to an instant or None.

    One format for each column, and for all the order of day and month, are found by what fits the day of the event.
    """
    samples = {name: _sample(tables, name) for name in _TIMES}
    by_order = [_fitting_formats(order, samples, zone, window) for order in _DAY_ORDERS]
    fitting = max(by_order, key=lambda formats: sum(fit for fit, _form in formats.values()))
    return lambda name, cell: _moment(cell, fitting[name][1], zone) if cell else None


def _sample(tables, name):
    """Some cells of a column, from all over the file."""
    cells = [
        row[at] for columns, body in tables if (at := columns.get(name)) is not None for row in body if at < len(row)
    ]
    cells = [cell for cell in cells if cell]
    return cells[:: max(1, len(cells) // _SAMPLE)][: 2 * _SAMPLE]


def _fitting_formats(order, samples, zone, window):
    """{column: (how well it fits, the best format)}."""
    return {
        name: max(((_fit(form, cells, zone, window), form) for form in _formats(order)), key=itemgetter(0))
        for name, cells in samples.items()
    }


def _formats(order):
    """Patterns for strptime; None is that of ISO 8601."""
    return [None, *(f"{day} {clock}" for clock in _CLOCKS for day in (*_YEAR_FIRST, *_DAY_ORDERS[order]))]


def _fit(form, cells, zone, window):
    """One for each cell about the day of the event, and little for one that can be read at least."""
    moments = [moment for cell in cells if (moment := _moment(cell, form, zone))]
    return sum(1 if window[0] <= moment <= window[1] else 0.001 for moment in moments)


def _moment(cell, form, zone):
    text = " ".join(cell[:_LONGEST_TIME].replace(",", " ").split())
    # A year 1 in another zone would be before all years.
    with suppress(ValueError, OverflowError):
        moment = datetime.strptime(text.upper(), form) if form else parse_datetime(text)
        if moment:
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return None


def _seconds(cell):
    """A length as "61", "1:01:05", "1h 1m 5s", "1 tim 5 min" or "PT1H1M"; a bare number is minutes."""
    text = cell[:_LONGEST_TIME].lower().removeprefix("pt").strip()
    if re.fullmatch(r"\d{1,5}([.,]\d+)?", text):
        return round(float(text.replace(",", ".")) * 60)
    if re.fullmatch(r"\d{1,3}:\d\d(:\d\d)?", text):
        parts = [int(part) for part in text.split(":")]
        return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) == 3 else 0)
    found = re.findall(r"(\d{1,5}) ?([htoms])", text)
    return sum(int(number) * _UNITS[unit] for number, unit in found)
