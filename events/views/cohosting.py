"""What the coordinators of a network that was asked to host an event see of it, and their answer. GET shows, POST acts."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from events.models import CoHostInvitation
from events.rules import may_answer_for
from events.services.cohosting import accept_cohosting, decline_cohosting
from events.showing import when_in_words, where_in_words
from networks.rules import roles_of
from practices.views.workspace import for_people_with_a_role

VERBS = {"accept": accept_cohosting, "decline": decline_cohosting}


def _invitation(request, pk):
    related = ["event__city", "network", "asked_by", "closed_by"]
    found = get_object_or_404(CoHostInvitation.objects.select_related(*related), pk=pk)
    if not may_answer_for(request.user, found.network):
        raise Http404
    return found


@require_safe
@for_people_with_a_role
def cohosting(request, pk):
    return _page(request, _invitation(request, pk))


def _page(request, invitation, *, problem="", status=200):
    event = invitation.event
    context = {
        "section": "workspace",
        "roles": roles_of(request.user),
        "desk": "events",
        "invitation": invitation,
        "event": event,
        "when": when_in_words(event),
        "where": where_in_words(event),
        "hosts": list(event.networks.all()),
        "problem": problem,
    }
    return render(request, "events/desk/cohosting.html", context, status=status)


@require_POST
@for_people_with_a_role
def answer_cohosting(request, pk):
    invitation = _invitation(request, pk)
    verb = VERBS.get(request.POST.get("answer", ""))
    if verb is None:
        raise Http404
    try:
        verb(invitation, actor=request.user)
    except ValidationError as error:
        return _page(request, _invitation(request, pk), problem=" ".join(error.messages), status=409)
    if verb is accept_cohosting:
        messages.success(request, _("%(network)s hosts the event now.") % {"network": invitation.network})
        return redirect("admin:events_event_overview", invitation.event_id)
    messages.success(request, _("Your answer is sent."))
    return redirect("event_desk:cohosting", invitation.pk)
