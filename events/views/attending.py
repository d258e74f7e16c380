"""The list at the door, and the code that a participant shows there. GET shows, POST marks."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views import token_page
from common.addresses import absolute
from events.documents.certificate import qr_svg
from events.finding import matching
from events.models import Attendance, Registration
from events.rules import has_place, runs
from events.services.attending import TAKES_ATTENDANCE, check_in, sessions_that_count, undo_check_in
from events.tokens import is_token_of, token_of
from events.views.participating import registration_of
from events.views.retrying import can_be_sent_again
from events.views.running import asked_for, desk_context, for_who_runs_the_event, pages_of

PER_PAGE = 50


@can_be_sent_again
@require_http_methods(["GET", "HEAD", "POST"])
@for_who_runs_the_event
def check_in_list(request, event, session=None):
    """Everybody with a place, by name; one button each, at the event or in one session."""
    sessions = sessions_that_count(event)
    session = _session(sessions, session)
    people = event.registrations.taking_part()
    if request.method == "POST":
        return _mark(request, event, session, people)
    asked = asked_for(request)
    found = matching(people, asked).select_related("city").order_by("name", "email", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    marks = Attendance.objects.filter(registration__event=event, session=session)
    here = set(marks.filter(registration__in=list(page)).values_list("registration", flat=True))
    for registration in page:
        registration.is_here = registration.pk in here
    context = desk_context(request, event, "check-in") | {
        "sessions": sessions,
        "session": session,
        "asked": asked,
        "page": page,
        "pages": pages_of(page, asked),
        "total": people.count(),
        "here": marks.count(),
        "is_open": event.status in TAKES_ATTENDANCE,
    }
    return render(request, "events/desk/check_in.html", context)


def _session(sessions, pk):
    if pk is None:
        return None
    found = next((one for one in sessions if one.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _mark(request, event, session, people):
    pk = request.POST.get("registration", "")
    registration = get_object_or_404(people, pk=pk if pk.isdecimal() and len(pk) < 19 else 0)
    act = undo_check_in if "undo" in request.POST else check_in
    try:
        act(registration, actor=request.user, session=session)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    address = list_address(event, session)
    kept = {name: value for name in ("q", "page") if (value := request.POST.get(name, "")[:100])}
    return redirect(f"{address}?{urlencode(kept)}#person-{registration.pk}")


def list_address(event, session=None):
    if session is None:
        return reverse("event_desk:check-in", args=[event.pk])
    return reverse("event_desk:check-in-session", args=[event.pk, session.pk])


# The code ----------------------------------------------------------------------------------------


@token_page
@require_safe
def registration_code(request, uid, token):
    """The participant's own code, to show at the door on a phone or printed."""
    registration = registration_of(uid, token)
    if not has_place(registration):
        raise Http404
    context = {"registration": registration, "event": registration.event, "code": _code(registration)}
    return render(request, "events/registration_code.html", context)


def _code(registration):
    with translation.override(registration.event.source_language):
        path = reverse("events:check-in", args=[registration.uid, token_of(registration, "check-in")])
    return mark_safe(qr_svg(absolute(path)))


@token_page
@can_be_sent_again
@require_http_methods(["GET", "HEAD", "POST"])
def check_in_by_code(request, uid, token):
    """What a scanned code leads to: a question to those who run the event, a plain page to everybody else."""
    registration = get_object_or_404(Registration.objects.select_related("event", "city"), uid=uid)
    if not is_token_of(registration, token, "check-in"):
        raise Http404
    event = registration.event
    if not runs(request.user, event):
        if request.method == "POST":
            raise Http404
        return render(request, "events/code_of_somebody.html", {"event": event})
    sessions, problem = sessions_that_count(event), ""
    if request.method == "POST":
        try:
            session = next((one for one in sessions if str(one.pk) == request.POST.get("session")), None)
            check_in(registration, actor=request.user, session=session, source=Attendance.Source.QR)
            return redirect(request.path)
        except ValidationError as error:
            problem = " ".join(error.messages)
    marks = list(registration.attendances.select_related("session__event").order_by("at"))
    context = desk_context(request, event, "check-in") | {
        "registration": registration,
        "sessions": sessions,
        "now": _running(sessions),
        "marks": marks,
        "is_here": any(mark.session_id is None for mark in marks),
        "problem": problem,
    }
    return render(request, "events/desk/check_in_code.html", context, status=422 if problem else 200)


def _running(sessions):
    """The session that goes on, to be offered first."""
    now = timezone.now()
    return next((one for one in sessions if one.starts_at <= now < one.ends_at), None)
