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
        *("email", "e-mail", "user email", "email address", "e-mail address", "participant id (upn)", "mail"),
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
    "action": {"user action", "action", "action de l'utilisateur", "azione utente", "användaråtgärd"},
    "at": {"timestamp", "time", "horodatage", "data e ora", "tidsstämpel"},
}
_OF_HEADING = {heading: name for name, headings in COLUMNS.items() for heading in headings}
_LEFT = ("left", "leave", "parti", "uscito", "lämn")
_UNITS = {"h": 3600, "m": 60, "s": 1}
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_DAY_ORDERS = {
    "month-first": ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"),
    "day-first": ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%d.%m.%y"),
}
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d")
_REMARK = re.compile(r"\s*\((?:guest|external|unverified|host|co-host|me|invité|ospite|gäst|ضيف)\)\s*$", re.IGNORECASE)
_REAL_NAME = re.compile(r"^.+ \((.{3,})\)$")


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
    people, skipped = {}, 0
    for file in files:
        skipped += _read_into(people, _rows(_text(file)), ZoneInfo(zone), window)
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


def _rows(text):
    """All rows of a file with commas, semicolons or tabs, whichever it has most of."""
    text = text.lstrip("\ufeff")
    mark = max(",;\t", key=lambda one: sum(1 for line in text.splitlines()[:200] if line.count(one) > 1))
    csv.field_size_limit(100_000)
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            if len(row) > MAX_COLUMNS or len(rows) >= MAX_ROWS:
                raise ValidationError(_("This file has too many rows or columns."), code="large")
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
    """{name: place} where a row is the heading of a list of participants, else None."""
    found = {}
    for place, cell in enumerate(row):
        name = _OF_HEADING.get(_heading(cell))
        if name:
            found.setdefault(name, place)
    tells_when = {"join", "duration", "first"} & found.keys() or {"action", "at"} <= found.keys()
    return found if "name" in found and tells_when else None


def _heading(cell):
    return cell.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _read_into(people, rows, zone, window):
    tables = _tables(rows)
    # Teams tells each coming and going below a summary of the same people.
    detailed = [table for table in tables if {"join", "leave"} <= table[0].keys() or "action" in table[0]]
    skipped = 0
    for columns, body in detailed or tables:
        read = _reader_of_times(columns, body, zone, window)
        if "action" in columns:
            skipped += _read_actions(people, columns, body, read, window)
            continue
        for row in body:
            skipped += not _read_row(people, columns, row, read, window)
    return skipped


def _read_row(people, columns, row, read, window):
    cell = _cells(columns, row)
    start, end = read(cell("join") or cell("first")), read(cell("leave") or cell("last"))
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
        person, at = _person(people, cell), read(cell("at"))
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
    name, email = real_name(cell("name"))[:150], cell("email").lower()[:254]
    email = email if "@" in email else ""
    if not (name or email):
        return None
    return people.setdefault(email or f"name:{name_key(name)}", Attendee(name, email))


def real_name(name: str) -> str:
    """Without what programs add: "Anna Berg (Guest)", and Zoom's "Anna (Anna Berg)"."""
    name = _REMARK.sub("", name)
    real = _REAL_NAME.match(name)
    return real[1] if real else name


def name_key(name: str) -> str:
    """Names that differ in capitals and spaces alone are the same; accents make a difference."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


# Times -------------------------------------------------------------------------------------------


def _reader_of_times(columns, body, zone, window):
    """A function from a cell to an instant or None, with the order of day and month that fits the day of the event."""
    places = [columns[name] for name in ("join", "first", "at") if name in columns]
    sample = [row[place] for row in body[:500] for place in places if place < len(row) and row[place]]

    def fitting(order):
        moments = (_moment(cell, order, zone) for cell in sample)
        return sum(1 for moment in moments if moment and window[0] <= moment <= window[1])

    order = max(_DAY_ORDERS, key=fitting)
    return lambda cell: _moment(cell, order, zone)


def _moment(cell, order, zone):
    text = " ".join(cell.replace(",", " ").split())
    formats = (*_YEAR_FIRST, *_DAY_ORDERS[order])
    for read in (parse_datetime, *(_by(day, clock) for clock in _CLOCKS for day in formats)):
        # A year 1 in another zone would be before all years.
        with suppress(ValueError, OverflowError):
            if moment := read(text):
                return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return None


def _by(day, clock):
    return lambda text: datetime.strptime(text.upper(), f"{day} {clock}")


def _seconds(cell):
    """A length as "61", "1:01:05", "1h 1m 5s" or "PT1H1M"; a bare number is minutes."""
    text = cell.lower().removeprefix("pt").strip()
    if re.fullmatch(r"\d{1,5}([.,]\d+)?", text):
        return round(float(text.replace(",", ".")) * 60)
    if re.fullmatch(r"\d{1,3}:\d\d(:\d\d)?", text):
        parts = [int(part) for part in text.split(":")]
        return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) == 3 else 0)
    found = re.findall(r"(\d{1,5})\s*([hms])", text)
    return sum(int(number) * _UNITS[unit] for number, unit in found)
