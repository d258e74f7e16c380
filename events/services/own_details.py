"""What participants tell of themselves, with the proof of what they agreed to."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.consents import CONSENTS
from events.models import Event, Registration, RegistrationConsent
from events.services.registering import change_details

LISTING = next(consent for consent in CONSENTS if consent.kind == "list")


@transaction.atomic
def tell_details(registration: Registration, values: dict) -> Registration:
    """Store `values` as `change_details` does; being named to others is noted as a consent, and its end too.

    Raises ValidationError where the registration or the event has ended.
    """
    registration = Registration.objects.select_for_update(of=["self"]).select_related("event").get(pk=registration.pk)
    open_events = (Event.Status.PUBLISHED, Event.Status.POSTPONED)
    event = registration.event
    is_over = event.ends_at is not None and event.ends_at <= timezone.now()
    if not registration.is_active or event.status not in open_events or is_over:
        raise ValidationError(_("This registration cannot be changed now."), code="closed")
    change_details(registration, values)
    if "is_listed" in values:
        _note_listing(registration)
    return registration


def _note_listing(registration):
    if not registration.is_listed:
        registration.consents.filter(kind=LISTING.kind).delete()
        return
    with translation.override(registration.language):
        RegistrationConsent.objects.get_or_create(
            registration=registration,
            kind=LISTING.kind,
            defaults={"version": LISTING.version, "language": registration.language, "text": str(LISTING.text)},
        )
