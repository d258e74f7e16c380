"""Addresses that somebody else collected: each is asked, none is subscribed."""

import csv
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from common.languages import site_languages
from newsletters.addresses import address_hash, spelled
from newsletters.models import Channel, ConsentEvent, Subscriber, Suppression
from newsletters.rules import keeps_newsletter
from newsletters.services.subscribing import ask
from newsletters.wishes import Wishes

MOST = 500
"""Addresses of one import: each gets a mail of its own, made while the coordinator waits."""

_ADDRESS_COLUMNS = ("email", "e-mail", "mail", "address")


@dataclass
class Outcome:
    """What became of a file. Who of those left out is subscribed, waits or once said no is nobody's business."""

    asked: int = 0
    left_out: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)
    """(line, what is wrong)."""


def read_addresses(text: str, language: str) -> tuple[list[tuple[str, str]], list[tuple[int, str]]]:
    """([(address, language)], problems) of a CSV text: one column, or one that is called "email" and one "language".

    Raises ValidationError where it holds too many, or is no CSV.
    """
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(text)))
    except csv.Error as error:
        words = _("This cannot be read as a list of addresses: a line is too long, or a quotation mark is not closed.")
        raise ValidationError(words, code="no-list") from error
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((head.index(name) for name in _ADDRESS_COLUMNS if name in head), None)
    tongue = head.index("language") if column is not None and "language" in head else None
    found, problems = {}, []
    for line, row in enumerate(rows, start=1):
        cell = row[column or 0].strip() if len(row) > (column or 0) else ""
        if not cell or (line == 1 and column is not None):
            continue
        try:
            own = row[tongue].strip().lower() if tongue is not None and len(row) > tongue else ""
            found.setdefault(spelled(cell), own if own in site_languages() else language)
        except ValidationError as error:
            problems.append((line, " ".join(error.messages)))
    if len(found) > MOST:
        raise ValidationError(_("At most %(most)s addresses at a time.") % {"most": MOST}, code="too-many")
    return list(found.items()), problems


def _delimiter(text):
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def import_addresses(text: str, *, network, language: str, source: str, actor) -> Outcome:
    """Mail everybody in a CSV text the question whether they want a newsletter (None: the hub's own).

    Nobody is asked who gets it, was asked lately, left it, complained or was erased. Raises PermissionDenied, and
    ValidationError for a file that will not do.
    """
    if not keeps_newsletter(actor, network):
        raise PermissionDenied
    addresses, problems = read_addresses(text, language)
    known = _not_to_ask([address_hash(address) for address, _language in addresses], network)
    outcome = Outcome(problems=problems)
    for address, own in addresses:
        if address_hash(address) in known:
            outcome.left_out += 1
            continue
        wishes = Wishes(languages=(own,), newsletters=(network.pk if network else None,))
        ask(address, wishes, language=own, way=ConsentEvent.Way.IMPORT, note=source, actor=actor)
        outcome.asked += 1
    return outcome


def _not_to_ask(hashes, network):
    suppressed = Suppression.objects.filter(email_hash__in=hashes).values_list("email_hash", flat=True)
    of_newsletter = Q(subscriptions__channel=Channel.NEWSLETTER, subscriptions__network=network)
    people = Subscriber.objects.filter(of_newsletter | Q(erased_at__isnull=False), email_hash__in=hashes)
    return {*suppressed, *people.values_list("email_hash", flat=True)}
