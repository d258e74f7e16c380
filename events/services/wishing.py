"""Wishes for groups of break-out sessions, which the planner reads."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event, GroupWish, Registration


@transaction.atomic
def wish_groups(registration: Registration, ranked) -> list[GroupWish]:
    """Store `ranked`, pairs of rank and group of the registration's event, in place of earlier wishes.

    Raises ValidationError where the registration or the event has ended.
    """
    registration = Registration.objects.select_for_update(of=["self"]).select_related("event").get(pk=registration.pk)
    if not registration.is_active or registration.event.status != Event.Status.PUBLISHED:
        raise ValidationError(_("This registration cannot be changed now."), code="closed")
    registration.wishes.all().delete()
    return GroupWish.objects.bulk_create(
        GroupWish(registration=registration, group=group, rank=rank)
        for rank, group in ranked
        if group.session.event_id == registration.event_id
    )
