"""Hosting an event together: a host asks another network, whose coordinators accept or decline; hosts may leave again.

Each verb locks the event, looks only then, and writes the step into its history. They raise PermissionDenied for who may
not, and ValidationError with a `code` for what cannot be.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.emails.cohosting import ask_to_cohost, tell_cohost_answer, tell_cohosting_withdrawn
from events.models import CoHostInvitation, Event, EventStep
from events.rules import COHOSTING_OPEN, may_answer_for, runs
from networks.models import Network

State, Action = CoHostInvitation.State, EventStep.Action


@transaction.atomic
def ask_network(event: Event, network: Network, *, actor, message="") -> CoHostInvitation:
    """Ask a network to host the event too; its coordinators get a mail. Nothing changes before they accept."""
    event = _locked(event)
    if not runs(actor, event):
        raise PermissionDenied
    _check_open(event)
    if event.networks.filter(pk=network.pk).exists():
        raise ValidationError(_("This network is a host already."), code="host")
    # Of a network that an administrator took off since nothing need be asked back first.
    event.cohost_invitations.filter(network=network, state=State.ACCEPTED).update(
        state=State.LEFT, closed_at=timezone.now()
    )
    if event.cohost_invitations.filter(network=network, state=State.ASKED).exists():
        raise ValidationError(_("This network was asked already."), code="asked")
    invitation = CoHostInvitation(event=event, network=network, asked_by=actor, message=message)
    invitation.full_clean(validate_constraints=False)
    invitation.save()
    _step(event, Action.COHOST_ASKED, network, actor)
    ask_to_cohost(invitation)
    return invitation


@transaction.atomic
def accept_cohosting(invitation: CoHostInvitation, *, actor) -> CoHostInvitation:
    """The network becomes a host: its coordinators run the event like those who asked."""
    event, invitation = _asked(invitation)
    _check_answers(actor, invitation)
    _check_open(event)
    event.networks.add(invitation.network)
    _close(invitation, State.ACCEPTED, actor)
    # Whoever edits the hosts at this moment works on an old state, and is told so.
    event.save(update_fields=["updated_at"])
    _step(event, Action.COHOST_JOINED, invitation.network, actor)
    tell_cohost_answer(invitation)
    return invitation


@transaction.atomic
def decline_cohosting(invitation: CoHostInvitation, *, actor) -> CoHostInvitation:
    event, invitation = _asked(invitation)
    _check_answers(actor, invitation)
    _close(invitation, State.DECLINED, actor)
    _step(event, Action.COHOST_DECLINED, invitation.network, actor)
    tell_cohost_answer(invitation)
    return invitation


@transaction.atomic
def withdraw_invitation(invitation: CoHostInvitation, *, actor) -> CoHostInvitation:
    """Take back what was not answered yet; the asked network is told."""
    event, invitation = _asked(invitation)
    if not runs(actor, event):
        raise PermissionDenied
    _close(invitation, State.WITHDRAWN, actor)
    _step(event, Action.COHOST_WITHDRAWN, invitation.network, actor)
    tell_cohosting_withdrawn(invitation)
    return invitation


@transaction.atomic
def leave_cohosting(event: Event, network: Network, *, actor) -> None:
    """A network stops hosting, by its own coordinators; one host at least stays."""
    event = _locked(event)
    if not may_answer_for(actor, network):
        raise PermissionDenied
    hosts = list(event.networks.values_list("pk", flat=True))
    if network.pk not in hosts:
        raise ValidationError(_("This network is no host."), code="no-host")
    if len(hosts) == 1:
        raise ValidationError(_("An event needs a host: ask another network first."), code="last")
    event.networks.remove(network)
    for invitation in event.cohost_invitations.filter(network=network, state=State.ACCEPTED):
        _close(invitation, State.LEFT, actor)
    event.save(update_fields=["updated_at"])
    _step(event, Action.COHOST_LEFT, network, actor)


def _locked(event):
    return Event.objects.select_for_update(of=["self"], no_key=True).get(pk=event.pk)


def _asked(invitation):
    """(event, invitation) as they are stored now, the event locked; for one that still waits for its answer."""
    event = _locked(invitation.event)
    invitation = CoHostInvitation.objects.select_related("network", "asked_by").get(pk=invitation.pk)
    invitation.event = event
    if invitation.state != State.ASKED:
        raise ValidationError(_("This has been decided already."), code="decided")
    return event, invitation


def _check_answers(actor, invitation):
    if not may_answer_for(actor, invitation.network):
        raise PermissionDenied


def _check_open(event):
    if event.status not in COHOSTING_OPEN:
        text = _("This cannot be done with an event that is: %(status)s.")
        raise ValidationError(text, code="status", params={"status": event.get_status_display()})


def _close(invitation, state, actor):
    invitation.state, invitation.closed_by, invitation.closed_at = state, actor, timezone.now()
    invitation.save(update_fields=["state", "closed_by", "closed_at"])


def _step(event, action, network, actor):
    EventStep.objects.create(event=event, action=action, note=network.slug, sequence=event.sequence, actor=actor)
