"""Bringing in the log of a video conference: files, then who was found, and only after a yes anything is stored."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from events.attendees import find_people, sealed, unsealed
from events.forms.afterwards import VideoLogForm
from events.models import Session
from events.services.attending import (
    Presence,
    attended_minutes,
    seats_by_registration,
    sessions_that_count,
    store_log,
)
from events.views.attending import list_address
from events.views.retrying import can_be_sent_again
from events.views.running import desk_context, for_who_runs_the_event

MOST_CHOICES = 12_000
"""People of a log whom nobody resembles get a choice among all participants, while that makes no more lines than these."""

MOST_IN_DOUBT = 500
MOST_ALIKE = 20
MOST_CERTAIN = 200
"""So many of those who were found without doubt are shown; all of them are stored."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_runs_the_event
def attendance(request, event):
    """Choose the files, and see who was found in them."""
    if event.starts_at is None:
        messages.error(request, _("The event has no date."))
        return redirect(list_address(event))
    sessions = event.sessions.exclude(kind=Session.Kind.PAUSE)
    form = VideoLogForm(request.POST or None, request.FILES or None, event=event, sessions=sessions)
    context = desk_context(request, event, "attendance") | {"form": form}
    if request.method != "POST":
        return render(request, "events/desk/attendance.html", context)
    if not form.is_valid():
        return render(request, "events/desk/attendance.html", context, status=422)
    session = form.cleaned_data["session"]
    found = find_people(event, form.log.people)
    rows = _rows(event, found, session)
    shown = [row for row in rows if not row["registration"]][:MOST_IN_DOUBT]
    certain = [row for row in rows if row["registration"]]
    context |= {
        "rows": shown + certain[:MOST_CERTAIN],
        "more": len(certain[MOST_CERTAIN:]),
        "more_in_doubt": len(rows) - len(certain) - len(shown),
        "session": session,
        "skipped": form.log.skipped,
        "sealed": sealed(event, found, session),
    }
    return render(request, "events/desk/attendance.html", context)


def _rows(event, found, session):
    """What the preview shows: people by their number in the sealed list, those left open first."""
    sessions = sessions_that_count(event)
    known = {one.registration.pk for one in found if one.registration}
    others = [one for one in event.registrations.taking_part().order_by("name", "pk") if one.pk not in known]
    seats = seats_by_registration(known)
    nobody_alike = sum(1 for one in found if not (one.registration or one.candidates))
    is_few = nobody_alike * len(others) <= MOST_CHOICES
    rows = []
    for number, one in enumerate(found):
        presence = Presence(tuple(one.attendee.intervals), one.attendee.seconds)
        held = frozenset(seats.get(one.registration.pk, ())) if one.registration else frozenset()
        minutes = attended_minutes(presence, sessions, event, seats=held, only=session)
        rows.append(
            {
                "number": number,
                "attendee": one.attendee,
                "registration": one.registration,
                "by": one.by,
                "minutes": sum(minutes.values()),
                "is_ambiguous": bool(one.candidates),
                "choices": [] if one.registration else one.candidates[:MOST_ALIKE] or (others if is_few else []),
            }
        )
    return sorted(rows, key=lambda row: (row["registration"] is not None, not row["is_ambiguous"]))


@can_be_sent_again
@require_POST
@for_who_runs_the_event
def store_attendance(request, event):
    """Store what the preview showed."""
    allowed = set(event.registrations.taking_part().values_list("pk", flat=True))
    chosen = {}
    for name, value in request.POST.items():
        number = name.removeprefix("person-")
        if name != number and number.isdecimal() and value.isdecimal() and int(value) in allowed:
            chosen[int(number)] = int(value)
    try:
        presences, session = unsealed(event, request.POST.get("sealed", ""), chosen)
        session = event.sessions.filter(pk=session).first() if session else None
        count = store_log(event, presences, actor=request.user, session=session)
    except BadSignature:
        messages.error(request, _("This preview is too old. Please choose the file again."))
        return redirect("event_desk:attendance", event.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("event_desk:attendance", event.pk)
    messages.success(
        request,
        ngettext("Attendance of %(count)s person is stored.", "Attendance of %(count)s people is stored.", count)
        % {"count": count},
    )
    return redirect(list_address(event, session))
