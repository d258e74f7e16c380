"""The private calendar of an address. Whoever has the link sees it; a new secret closes the links that were given out."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from events.emails.participating import announce_calendar
from events.mine import own_addresses
from events.models import PersonalCalendar, Registration


def personal_calendar_of(email: str) -> PersonalCalendar:
    """The calendar of an address, in whatever case it is written; made where there is none.

    To be asked for whoever has shown that the address is the own one. Raises ValueError for none.
    """
    email = email.strip()
    if not email:
        raise ValueError("A personal calendar belongs to an address.")
    existing = PersonalCalendar.objects.filter(email__iexact=email).first()
    if existing:
        return existing
    try:
        with transaction.atomic():
            return PersonalCalendar.objects.create(email=email)
    except IntegrityError:
        return PersonalCalendar.objects.get(email__iexact=email)


def mail_calendar(registration: Registration) -> None:
    """Send the address of the private calendar to the address it belongs to, once a day however often it is asked for."""
    announce_calendar(registration, personal_calendar_of(registration.email), f"{timezone.localdate():%Y%m%d}")


def rotate_calendar(calendar: PersonalCalendar) -> None:
    """Give the calendar a new secret: every address of it that was given out answers 404 from now on."""
    PersonalCalendar.objects.filter(pk=calendar.pk).update(token_version=F("token_version") + 1)
    calendar.refresh_from_db()


def existing_calendar(email: str) -> PersonalCalendar | None:
    """The calendar of an address, if it was ever asked for."""
    return PersonalCalendar.objects.filter(email__iexact=email.strip()).first() if email.strip() else None


def calendars_of(user) -> list[PersonalCalendar]:
    """Those of the verified addresses of a person."""
    calendars = PersonalCalendar.objects.annotate(lower_email=Lower("email"))
    return list(calendars.filter(lower_email__in=own_addresses(user)).order_by("lower_email"))


@transaction.atomic
def renew_calendar(registration: Registration) -> bool:
    """Close the address of the calendar and mail a new one to whom it belongs; False where there is no calendar.

    For whoever has the link of a registration of that address: more than the mail nobody gains by it.
    """
    calendar = existing_calendar(registration.email)
    if calendar is None:
        return False
    rotate_calendar(calendar)
    announce_calendar(registration, calendar, f"{timezone.localdate():%Y%m%d}")
    return True


def renew_own_calendar(calendar: PersonalCalendar, *, actor) -> None:
    """The same for a signed-in person, who sees the new address at once."""
    if calendar.email.lower() not in own_addresses(actor):
        raise PermissionDenied
    rotate_calendar(calendar)
