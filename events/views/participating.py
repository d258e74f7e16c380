"""The pages of a participant: whoever has the mailed link. GET shows, POST acts: mail gateways follow links."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from redis.exceptions import RedisError

from accounts.limits import over_limit
from accounts.views import token_page
from events.forms.participating import DetailsForm, SessionsForm, WishesForm
from events.models import Registration
from events.participation import Participation
from events.services import registering
from events.services.entering import confirm_in_turn
from events.services.own_details import tell_details
from events.services.personal_calendars import existing_calendar, mail_calendar, renew_calendar
from events.services.wishing import wish_groups
from events.standings import availability_of
from events.tokens import is_token_of, token_of
from events.views.retrying import can_be_sent_again

State = Registration.State


def registration_of(uid, token):
    """The registration that a mailed link names; 404 for a wrong or closed link."""
    rows = Registration.objects.select_related("event__city", "city")
    registration = get_object_or_404(rows.prefetch_related("allocations__pool__session"), uid=uid)
    if not is_token_of(registration, token):
        raise Http404
    return registration


def key_of(uid, token):
    """As `registration_of`, with no more than what names it."""
    registration = get_object_or_404(Registration.objects.only("uid", "token_version", "event"), uid=uid)
    if not is_token_of(registration, token):
        raise Http404
    return registration


def participant_page(methods, find=registration_of):
    """Decorate a page or button of a participant: the view gets the registration in place of the link's parts."""

    def decorate(view):
        @methods
        @token_page
        @sensitive_post_parameters()
        @can_be_sent_again
        @wraps(view)
        def answer(request, uid, token, **kwargs):
            return view(request, find(uid, token), **kwargs)

        return answer

    return decorate


page = participant_page(require_safe)
button = participant_page(require_POST)


def own_page(registration):
    return redirect("events:manage", registration.uid, token_of(registration))


def done(request, registration, words):
    messages.success(request, words)
    return own_page(registration)


# Confirming the address --------------------------------------------------------------------------


@participant_page(require_http_methods(["GET", "HEAD", "POST"]), find=key_of)
def confirm(request, registration):
    status, problem = 200, ""
    if request.method == "POST":
        try:
            confirm_in_turn(registration)
        except ValidationError as error:
            status, problem = 409, " ".join(error.messages)
        else:
            return own_page(registration)
    registration = registration_of(registration.uid, token_of(registration))
    context = _context(registration) | {"problem": problem}
    return render(request, "events/registration_confirm.html", context, status=status)


# The own page ------------------------------------------------------------------------------------


@page
def manage(request, registration):
    return show(request, registration)


def show(request, registration, *, status=200, problem="", **forms):
    """The page, with forms that were refused in place of fresh ones."""
    context = _context(registration)
    own, options = context["own"], {"registration": registration}
    if own.may_edit:
        context["details"] = forms.get("details") or DetailsForm(**options)
    if own.may_change:
        availability = availability_of(registration.event)
        sessions = forms.get("sessions") or SessionsForm(availability=availability, **options)
        context["sessions"] = sessions if sessions.fields["sessions"].choices else None
        wishes = forms.get("wishes") or WishesForm(**options)
        context["wishes"] = wishes if wishes.sessions else None
        context["other_mode"] = next((one for one in availability if one.pool.kind == own.other_mode), None)
    context |= {"problem": problem, "has_calendar": bool(own.is_settled and registration.email)}
    context["calendar"] = existing_calendar(registration.email)
    return render(request, "events/registration.html", context, status=status)


def _context(registration):
    return {
        "section": "events",
        "registration": registration,
        "event": registration.event,
        "token": token_of(registration),
        "own": Participation(registration),
        "certificate": registration.certificates.filter(revoked_at=None).exists(),
    }


def refused(request, registration, error):
    """What cannot be any more, said on the page as it stands now."""
    return show(request, registration_of(registration.uid, token_of(registration)), status=409, problem=_words(error))


def _words(error):
    return " ".join(error.messages)


# Buttons -----------------------------------------------------------------------------------------


@button
def withdraw(request, registration):
    if registering.withdraw(registration):
        messages.success(request, _("You have withdrawn. Thank you for telling us."))
    return own_page(registration)


@button
def accept(request, registration, pool):
    pool = get_object_or_404(registration.event.pools, pk=pool)
    try:
        registering.accept_offer(registration, pool)
    except ValidationError as error:
        return refused(request, registration, error)
    return done(request, registration, _("The place is yours."))


@button
def decline(request, registration, pool):
    pool = get_object_or_404(registration.event.pools, pk=pool)
    if registering.stop_waiting(registration, pool):
        messages.success(request, _("You have given it back. Thank you for telling us."))
    return own_page(registration)


@button
def change_mode(request, registration):
    try:
        seat = registering.change_mode(registration, request.POST.get("mode", ""))
    except ValidationError as error:
        return refused(request, registration, error)
    if seat.state == seat.State.HELD:
        return done(request, registration, _("Your place is changed."))
    return done(request, registration, _("You are on the waiting list; until then you keep what you have."))


@button
def choose_sessions(request, registration):
    availability = availability_of(registration.event)
    form = SessionsForm(request.POST, registration=registration, availability=availability)
    if not form.is_valid():
        return show(request, registration, status=422, sessions=form)
    wanted = form.cleaned_data["sessions"]
    try:
        seats = registering.choose_sessions(registration, wanted)
    except ValidationError as error:
        return refused(request, registration, error)
    got = {seat.pool.session_id for seat in seats}
    for session in wanted:
        if session.pk not in got:
            messages.warning(request, _("No place is left in %(session)s.") % {"session": session})
    return done(request, registration, _("Your changes are saved."))


@button
def change_details(request, registration):
    form = DetailsForm(request.POST, registration=registration)
    if not form.is_valid():
        return show(request, registration, status=422, details=form)
    try:
        tell_details(registration, form.cleaned_data)
    except ValidationError as error:
        return refused(request, registration, error)
    return done(request, registration, _("Your changes are saved."))


@button
def choose_wishes(request, registration):
    form = WishesForm(request.POST, registration=registration)
    if not form.is_valid():
        return show(request, registration, status=422, wishes=form)
    try:
        wish_groups(registration, form.ranked())
    except ValidationError as error:
        return refused(request, registration, error)
    return done(request, registration, _("Your changes are saved."))


@button
def make_calendar(request, registration):
    """Mail the address of the private calendar to whom it belongs: this page may have been forwarded, the mailbox not."""
    if not (Participation(registration).is_settled and registration.email):
        return own_page(registration)
    mail_calendar(registration)
    return done(request, registration, _("The address of your calendar is on its way to your mailbox."))


@participant_page(require_http_methods(["GET", "HEAD", "POST"]))
def new_calendar(request, registration):
    """Whether the old address of the calendar is to be closed; then the new one goes to the mailbox, as the first did."""
    if existing_calendar(registration.email) is None:
        return own_page(registration)
    if request.method == "POST":
        try:
            if over_limit(request, "event_calendar", key=registration.email.lower()):
                return _wait(request, registration)
        except RedisError:
            return _wait(request, registration)
        renew_calendar(registration)
        return done(request, registration, _("The old address is closed. The new one is on its way to your mailbox."))
    return render(request, "events/calendar_renew.html", _context(registration))


def _wait(request, registration):
    problem = _("That was very much in a short time. Nothing has changed: please try again later.")
    return render(request, "events/calendar_renew.html", _context(registration) | {"problem": problem}, status=429)
