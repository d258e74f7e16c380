"""The letters of iCalendar (RFC 5545): lines that every calendar program reads, and the rules of a zone's clock.

Whatever a text contains, it stays inside its line: what would end a line, a value or a parameter is escaped. The rules
of a zone are written for the years that matter, as a yearly rule where there is one and as single dates where, as in
Morocco, there is none.
"""

import calendar
import re
import zoneinfo
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.utils.encoding import iri_to_uri

from common.text import clean_characters

LONGEST = 75
"""Octets of a line (RFC 5545, 3.1)."""

_PARAMETER = str.maketrans({"^": "^^", "\n": "^n", '"': "^'"})  # RFC 6868
_NO_TEXT = re.compile(r"[\x00-\x20\x7f]")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def folded(line: str) -> str:
    """The line with its end, broken so that no part has more than LONGEST octets; never within a character."""
    if len(line) <= LONGEST and line.isascii():
        return line + "\r\n"
    octets, parts, start, room = line.encode(), [], 0, LONGEST
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(octets[start:end])
        # What follows begins with a space, which counts.
        start, room = end, LONGEST - 1
    parts.append(octets[start:])
    return b"\r\n ".join(parts).decode() + "\r\n"


def plain(name: str, value, /, **parameters) -> str:
    """A line whose value is a keyword, a number or a moment, written as it is."""
    return folded(f"{name}{_parameters(parameters)}:{value}")


def text(name: str, value, /, **parameters) -> str:
    """A line of literal text."""
    return folded(f"{name}{_parameters(parameters)}:{_literal(value)}")


def texts(name: str, values, /, **parameters) -> str:
    """A line of several literal texts."""
    return folded(f"{name}{_parameters(parameters)}:{','.join(map(_literal, values))}")


def uri(name: str, address: str, /, **parameters) -> str:
    """A line with an address."""
    return folded(f"{name}{_parameters(parameters)}:{_NO_TEXT.sub('', iri_to_uri(address))}")


def utc(name: str, moment: datetime) -> str:
    return plain(name, f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}")


def local(name: str, moment: datetime, zone: str) -> str:
    """A moment by the clock of a zone, which is named; UTC has a form of its own."""
    if zone == "UTC":
        return utc(name, moment)
    return f"{name};TZID={zone}:{moment.astimezone(zoneinfo.ZoneInfo(zone)):%Y%m%dT%H%M%S}\r\n"


def _literal(value):
    value = str(value)
    # What is printable has nothing that could break a line; cleaning takes longer than all the rest.
    if not value.replace("\n", "").isprintable():
        value = clean_characters(value)
    return value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _parameters(parameters):
    found = ""
    for name, value in parameters.items():
        value = clean_characters(str(value)).translate(_PARAMETER)
        found += f";{name.upper()}=" + (f'"{value}"' if not value.replace("-", "").isalnum() else value)
    return found


# Zones ---------------------------------------------------------------------------------------


def time_zone(zone: str, first: int, last: int) -> str:
    """The VTIMEZONE of a zone for all moments from the year `first` to the year `last`; "" for UTC, which needs none."""
    if zone == "UTC":
        return ""
    rules = zoneinfo.ZoneInfo(zone)
    begin = datetime(first - 1, 1, 1, tzinfo=UTC)
    changes = list(_changes(rules, begin, datetime(last + 2, 1, 1, tzinfo=UTC)))
    offset = begin.astimezone(rules).utcoffset()
    # The offset at the beginning counts as summer time if the first change turns the clocks back.
    is_summer = bool(changes) and changes[0][2] < offset
    lines = _observance(is_summer, offset, offset, _name(rules, begin), [begin.replace(tzinfo=None) + offset])
    groups = defaultdict(list)
    for moment, before, after, name in changes:
        groups[before, after, name].append(moment.replace(tzinfo=None) + before)
    for (before, after, name), clocks in groups.items():
        lines += _observance(after > before, before, after, name, clocks, last + 1)
    return f"BEGIN:VTIMEZONE\r\nTZID:{zone}\r\n{lines}END:VTIMEZONE\r\n"


def _changes(rules, moment, end):
    """(instant, offset before, offset after, name) of each change of the clocks."""
    before = moment.astimezone(rules).utcoffset()
    while moment < end:
        following = moment + timedelta(days=1)
        after = following.astimezone(rules).utcoffset()
        if after != before:
            low, high = moment, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(rules).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            yield high, before, after, _name(rules, high)
        moment, before = following, after


def _name(rules, moment):
    return moment.astimezone(rules).tzname()


def _observance(is_summer, before, after, name, clocks, last=None):
    """One offset of a zone and when it begins, by the clock that was in force until then."""
    kind = "DAYLIGHT" if is_summer else "STANDARD"
    rule = _yearly(clocks) if last and clocks[-1].year == last else ""
    again = ""
    if rule:
        again = plain("RRULE", rule)
    elif len(clocks) > 1:
        again = plain("RDATE", ",".join(f"{clock:%Y%m%dT%H%M%S}" for clock in clocks[1:]))
    return (
        f"BEGIN:{kind}\r\nDTSTART:{clocks[0]:%Y%m%dT%H%M%S}\r\n{again}"
        f"TZOFFSETFROM:{_offset(before)}\r\nTZOFFSETTO:{_offset(after)}\r\n{text('TZNAME', name)}END:{kind}\r\n"
    )


def _yearly(clocks):
    """The rule by which the changes come each year on one weekday of one month, or ""."""
    first = clocks[0]
    years = [clock.year for clock in clocks]
    same = {(clock.month, clock.weekday(), clock.time()) for clock in clocks}
    if len(clocks) < 2 or len(same) > 1 or years != list(range(years[0], years[0] + len(years))):
        return ""
    if all(clock.day + 7 > calendar.monthrange(clock.year, clock.month)[1] for clock in clocks):
        place = -1
    elif len(weeks := {(clock.day + 6) // 7 for clock in clocks}) == 1:
        place = weeks.pop()
    else:
        return ""
    return f"FREQ=YEARLY;BYMONTH={first.month};BYDAY={place}{_DAYS[first.weekday()]}"


def _offset(offset):
    seconds = round(offset.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{rest // 60:02}" + (f"{rest % 60:02}" if rest % 60 else "")
