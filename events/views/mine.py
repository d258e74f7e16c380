"""The page of the workspace with one's own events; for everybody who has an account."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.mine import own_events
from networks.rules import roles_of


@require_safe
@never_cache
@login_required
def mine(request):
    upcoming, past = own_events(request.user)
    context = {"section": "workspace", "desk": "events", "roles": roles_of(request.user)}
    return render(request, "workspace/my_events.html", context | {"upcoming": upcoming, "past": past})
