"""Certificates of attendance: hours that were attended, a number, a code by which anybody can check them, until revoked."""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.text import clean_plain
from events.emails.participating import address, tell
from events.models import Attendance, Certificate, Event, Registration
from events.rules import runs
from events.services.attending import OVER, length_of, minutes_of_event, sessions_that_count

LEAST_MINUTES = 30
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits that are not taken for one another when somebody types a code from paper."""


def minutes_by_registration(event: Event, registrations=None) -> dict[int, int]:
    """{registration: minutes attended} of everybody who was marked, or of some, named by their ids.

    The sum of the sessions somebody was in, without pauses: each as long as a log tells, else whole; what ran side by
    side counts once. Who was marked at the event only was there for the whole agenda, or as long as the log tells.
    """
    sessions = sessions_that_count(event)
    whole = length_of(sessions) if sessions else minutes_of_event(event)
    by_id = {session.pk: session for session in sessions}
    rows = Attendance.objects.filter(registration__event=event)
    if registrations is not None:
        rows = rows.filter(registration__in=registrations)
    marks = defaultdict(list)
    for pk, session, minutes in rows.values_list("registration", "session", "minutes"):
        marks[pk].append((by_id.get(session), minutes))
    return {pk: _minutes(of_one, whole) for pk, of_one in marks.items()}


def _minutes(marks, whole):
    of_sessions = [(session, minutes) for session, minutes in marks if session]
    if not of_sessions:
        return min([whole, *(minutes for _none, minutes in marks if minutes is not None)])
    attended = sum(length_of([session]) if minutes is None else minutes for session, minutes in of_sessions)
    return min(attended, length_of([session for session, _minutes in of_sessions]))


def in_hours(minutes: int) -> Decimal:
    return (Decimal(minutes) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP)


def why_not(registration: Registration, minutes: int) -> str:
    """Why somebody gets no certificate, in words; "" for who does."""
    if registration.event.status not in OVER:
        return _("The event was not held yet.")
    if registration.state != Registration.State.ATTENDED:
        return _("Was not there.")
    if minutes < LEAST_MINUTES:
        return _("Was there for less than half an hour.")
    return "" if registration.name else _("The name is missing.")


def new_code() -> str:
    """Random, 80 bits, in groups of four to be typed."""
    return "-".join("".join(secrets.choice(ALPHABET) for _letter in range(4)) for _group in range(4))


def stored_name(certificate: Certificate) -> str:
    return f"events/certificates/{certificate.code}.pdf"


def stored_file(certificate: Certificate) -> bytes:
    """The document as it was issued, byte for byte. Raises FileNotFoundError."""
    with default_storage.open(stored_name(certificate)) as file:
        return file.read()


@transaction.atomic
def issue(registration: Registration, *, actor, printed: Callable[[Certificate], bytes]) -> Certificate:
    """Certify what somebody attended, store the document and send its link; who has a valid one keeps it.

    `printed` sets the document (events.documents.certificate_pdf). Raises ValidationError where nothing can be certified.
    """
    event = Event.objects.select_for_update().get(pk=registration.event_id)
    if not runs(actor, event):
        raise PermissionDenied
    registration = Registration.objects.select_for_update(of=["self"]).select_related("event").get(pk=registration.pk)
    existing = registration.certificates.filter(revoked_at=None).first()
    if existing:
        return existing
    minutes = minutes_by_registration(event, [registration.pk]).get(registration.pk, 0)
    if reason := why_not(registration, minutes):
        raise ValidationError(reason, code="not-entitled")
    now = timezone.now()
    count = Certificate.objects.filter(registration__event=event).count()
    certificate = Certificate(
        registration=registration,
        number=f"{now:%Y}-{event.pk}-{count + 1:03d}",
        code=new_code(),
        name=registration.name,
        hours=in_hours(minutes),
        language=registration.language,
        issued_at=now,
        issued_by=actor,
    )
    content = printed(certificate)
    certificate.file_hash = hashlib.sha256(content).hexdigest()
    certificate.save()
    default_storage.save(stored_name(certificate), ContentFile(content))
    tell(registration, "certificate", certificate.number, link=address(registration, "registration-certificate"))
    return certificate


def lacking(event: Event) -> list[int]:
    """The ids of registrations that are entitled to a certificate and have none, in order."""
    if event.status not in OVER:
        return []
    minutes = minutes_by_registration(event)
    rows = event.registrations.filter(state=Registration.State.ATTENDED).exclude(name="").order_by("pk")
    rows = rows.exclude(pk__in=Certificate.objects.filter(revoked_at=None).values("registration"))
    return [pk for pk in rows.values_list("pk", flat=True) if minutes.get(pk, 0) >= LEAST_MINUTES]


@transaction.atomic
def revoke(certificate: Certificate, *, actor, reason: str) -> Certificate:
    """Declare a certificate void, and tell its holder why; the check says so from now on."""
    certificate = Certificate.objects.select_for_update(of=["self"]).get(pk=certificate.pk)
    if not runs(actor, certificate.registration.event):
        raise PermissionDenied
    reason = clean_plain(reason)
    if not reason:
        raise ValidationError({"reason": _("Say why, so that the holder knows.")}, code="reason")
    if certificate.revoked_at is None:
        certificate.revoked_at, certificate.revoked_reason = timezone.now(), reason
        certificate.save(update_fields=["revoked_at", "revoked_reason"])
        tell(
            certificate.registration, "certificate-revoked", certificate.number, number=certificate.number, note=reason
        )
    return certificate


def certificate_of(code: str) -> Certificate | None:
    """The certificate with a code, however it was typed."""
    plain = "".join(letter for letter in code.upper() if letter in ALPHABET)
    wanted = "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))
    return Certificate.objects.select_related("registration__event").filter(code=wanted).first()
