"""The page of the workspace with one's own events; for everybody who has an account."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from events.calendars import personal_address, subscribed
from events.mine import own_events
from events.services.personal_calendars import calendars_of, renew_own_calendar
from networks.rules import roles_of


@require_safe
@never_cache
@login_required
def mine(request):
    upcoming, past = own_events(request.user)
    context = {"section": "workspace", "desk": "events", "roles": roles_of(request.user)}
    context |= {"upcoming": upcoming, "past": past, "calendars": calendars_of(request.user)}
    return render(request, "workspace/my_events.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def my_calendar(request, pk):
    """The address of one's calendar; POST makes a new one and closes the old."""
    calendar = next((one for one in calendars_of(request.user) if one.pk == pk), None)
    if calendar is None:
        raise Http404
    if request.method == "POST":
        renew_own_calendar(calendar, actor=request.user)
        messages.success(request, _("The old address is closed. This is the new one."))
        return redirect("event_desk:calendar", pk)
    address = personal_address(calendar)
    context = {"section": "workspace", "desk": "events", "roles": roles_of(request.user), "calendar": calendar}
    context |= {"address": address, "subscribed": subscribed(address)}
    return render(request, "workspace/my_calendar.html", context)
