"""Registering for an event: the form, and the answer that is the same for everybody."""

import time

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from accounts.limits import over_limit, seconds_to_wait, wait_in_words
from common import refusals
from events.forms.registering import RegistrationForm
from events.models import Event
from events.rules import closed_because
from events.services.entering import CLOSED
from events.services.registering import register as note_registration
from events.standings import availability_of
from events.tokens import token_of
from events.views.retrying import RETRY_AFTER, is_locked
from practices.views.keeping import forgery

LEAST_SECONDS = 0.25
"""No answer to somebody unknown comes earlier, so that its time does not tell whose address is registered."""


def event_for(request, pk):
    event = Event.objects.visible_to(request.user).select_related("city").filter(pk=pk).first()
    if event is None:
        raise Http404
    return event


@csrf_exempt
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def register(request, pk, slug):
    """Where the token is gone, as after signing in in another tab, the answer still holds all that was typed."""
    event = event_for(request, pk)
    if slug != event.slug and request.method != "POST":
        return redirect("events:register", event.pk, event.slug)
    return registering(request, event, reverse("events:register-sent", args=[event.pk, event.slug]))


def registering(request, event, sent, nomination=None):
    """The form for an event that the visitor may see; `sent` is the page that follows it. Exempt from Django's own check
    of forged forms: it is made here, so that what was typed survives it."""
    refusal = forgery(request) if request.method == "POST" else None
    if refusal and request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
        return refusal
    availability = availability_of(event)
    reason = closed_because(event) or _full(event, availability)
    if reason:
        return closed(request, event, reason, status=409 if request.method == "POST" else 200)
    form = RegistrationForm(
        request.POST or None, event=event, availability=availability, user=request.user, nomination=nomination
    )
    if refusal:
        notice = _("Your sign-in is newer than the page you came from. Nothing is lost: please send it once more.")
        return _page(request, event, form, 403, notice)
    if request.method == "POST" and form.is_valid():
        return _answered(request, event, form, sent)
    return _page(request, event, form, status=422 if form.errors else 200)


def _full(event, availability):
    modes = [one for one in availability if one.pool.session_id is None]
    return "full" if modes and all(one.is_shut for one in modes) else ""


def closed(request, event, reason, status=200):
    words = CLOSED.get(reason) or _("All places are taken, and there is no waiting list.")
    context = {"section": "events", "event": event, "reason": reason, "words": words}
    return render(request, "events/registration_closed.html", context, status=status)


def _answered(request, event, form, sent):
    """Whoever registers with another address than the account's is told to look into the mail, known or not."""
    started = time.monotonic()
    try:
        if over_limit(request, "event_registration", key=form.cleaned_data["email"].lower()):
            return _too_often(request, event, form)
        found = None if form.is_trapped else _registered(request, event, form)
    except ValidationError as error:
        if error_code(error) in CLOSED:
            return closed(request, event, error_code(error), status=409)
        refusals.tell(form, error)
        return _page(request, event, form, status=422)
    except RedisError:
        return _later(request, event, form)
    except OperationalError as error:
        if not is_locked(error):
            raise
        return _later(request, event, form)
    if found and form.is_own:
        messages.success(request, _("Your registration has arrived."))
        return redirect("events:manage", found.uid, token_of(found))
    time.sleep(max(0, LEAST_SECONDS - (time.monotonic() - started)))
    return redirect(sent)


def _registered(request, event, form):
    """The registration, or None where no more than "look into your mail" may be told."""
    person = request.user if form.is_own else None
    try:
        return note_registration(
            event,
            form.values(),
            consents=form.consents(),
            language=form.cleaned_data["language"],
            person=person,
            sessions=form.cleaned_data.get("sessions", ()),
        )
    except ValidationError as error:
        code = error_code(error)
        if code == "again":
            # Somebody was quicker with the same address, and that one's mail is on its way.
            return event.registrations.active().filter(email__iexact=form.cleaned_data["email"]).first()
        if code == "not-nominated" and person is None:
            return None
        raise


def error_code(error) -> str:
    return getattr(error, "code", None) or ""


def _page(request, event, form, status, notice="", wait=None):
    context = {
        "section": "events",
        "event": event,
        "form": form,
        "parts": form.parts(),
        "notice": notice,
        "modes": form.modes,
    }
    response = render(request, "events/register.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _too_often(request, event, form):
    notice = _("That was very much in a short time. Nothing is lost: please wait %(wait)s, then send it once more.")
    wait = seconds_to_wait(request)
    return _page(request, event, form, 429, notice % {"wait": wait_in_words(request)}, wait)


def _later(request, event, form):
    notice = _("Very many people are registering right now. Nothing is lost: please send it once more.")
    return _page(request, event, form, 503, notice, RETRY_AFTER)


@never_cache
@require_safe
def register_sent(request, pk, slug):
    context = {"section": "events", "event": event_for(request, pk)}
    return render(request, "events/register_sent.html", context)
