"""Filling the groups of a break-out session, by the planner and by hand. The session's row is locked meanwhile."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import BreakoutGroup, GroupPlace, Registration, Session
from events.planning import plan
from events.rooms import groups_of, occupied, participants, person_of, planned, wishes_by_registration
from events.rules import runs


@dataclass(frozen=True)
class Filled:
    placed: int
    unplaced: int


def _locked(session, actor) -> Session:
    """The session as it is stored now; whoever else moves people waits until this transaction ends."""
    session = Session.objects.select_for_update(of=["self"], no_key=True).select_related("event").get(pk=session.pk)
    if not runs(actor, session.event):
        raise PermissionDenied
    return session


@transaction.atomic
def fill_groups(session: Session, *, actor) -> Filled:
    """Plan anew everybody who is not fixed; places of those who take part no more are given up."""
    session = _locked(session, actor)
    registrations = list(participants(session).select_related("city"))
    wishes = wishes_by_registration(session)
    people = [person_of(registration, wishes.get(registration.pk, ())) for registration in registrations]
    present = {person.key for person in people}
    kept = GroupPlace.objects.filter(session=session, is_fixed=True, registration__in=present)
    fixed = dict(kept.values_list("registration", "group"))
    found = plan(people, [planned(group) for group in groups_of(session)], fixed)
    GroupPlace.objects.filter(session=session).exclude(registration__in=fixed).delete()
    GroupPlace.objects.bulk_create(
        GroupPlace(registration_id=person, session=session, group_id=group)
        for person, group in sorted(found.items())
        if person not in fixed
    )
    return Filled(len(found), len(people) - len(found))


@transaction.atomic
def clear_groups(session: Session, *, actor) -> int:
    """Take everybody out who is not fixed; returns how many."""
    session = _locked(session, actor)
    removed, _by_model = GroupPlace.objects.filter(session=session, is_fixed=False).delete()
    return removed


@transaction.atomic
def place(registration: Registration, session: Session, group: BreakoutGroup | None, *, actor) -> GroupPlace | None:
    """Put a participant into a group by hand, where the planner leaves the person; None: into no group.

    Raises ValidationError "full" where all places of the group are taken, "absent" for who is no participant.
    """
    session = _locked(session, actor)
    own = GroupPlace.objects.filter(session=session, registration=registration)
    if group is None:
        own.delete()
        return None
    if group.session_id != session.pk:
        raise ValidationError(_("This group belongs to another session."), code="foreign")
    if not participants(session).filter(pk=registration.pk).exists():
        raise ValidationError(_("%(person)s does not take part any more.") % {"person": registration}, code="absent")
    group = BreakoutGroup.objects.select_related("room", "session__event").get(pk=group.pk)
    is_there = own.filter(group=group).exists()
    if not is_there and group.places is not None and occupied(session)[group.pk] >= group.places:
        told = _("“%(group)s” is full: all %(places)s places are taken.")
        raise ValidationError(told % {"group": group, "places": group.places}, code="full")
    found, _is_new = GroupPlace.objects.update_or_create(
        registration=registration, session=session, defaults={"group": group, "is_fixed": True}
    )
    return found


@transaction.atomic
def unfix(registration: Registration, session: Session, *, actor) -> bool:
    """Let the planner move somebody again; the place stays until it does."""
    session = _locked(session, actor)
    return bool(GroupPlace.objects.filter(session=session, registration=registration).update(is_fixed=False))
