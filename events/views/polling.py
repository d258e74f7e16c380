"""What participants answer by a mailed link: which dates suit, and whether they come on the new one.

GET shows, POST acts: mail gateways follow links.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.views import token_page
from events.forms.polling import PollForm
from events.models import Event, PollResponse
from events.notices import told_of
from events.services.polls import answer_poll
from events.services.registering import reconfirm as say_whether_one_comes
from events.services.registering import withdraw
from events.showing import moment_in_words, when_in_words
from events.views.participating import registration_of
from events.views.retrying import can_be_sent_again

METHODS = ["GET", "HEAD", "POST"]


def _page(request, template, registration, token, *, status=200, **context):
    context |= {
        "section": "events",
        "registration": registration,
        "event": registration.event,
        "token": token,
        "when": when_in_words(registration.event, registration),
    }
    return render(request, f"events/{template}.html", context, status=status)


@token_page
@can_be_sent_again
@require_http_methods(METHODS)
def poll(request, uid, token):
    """Which dates suit; the answer can be changed until the poll closes."""
    registration = registration_of(uid, token)
    found = registration.event.polls.order_by("-created_at").first()
    if found is None:
        raise Http404
    is_open = found.is_open and told_of(registration.event).filter(pk=registration.pk).exists()
    if request.method == "POST" and "withdraw" in request.POST:
        withdraw(registration)
        messages.success(request, _("Your registration is withdrawn. Thank you for telling us."))
        return redirect("events:poll", uid, token)
    form = PollForm(found, registration, request.POST or None) if is_open else None
    status = 200
    if request.method == "POST":
        status = 422
        if form is not None and form.is_valid() and _is_stored(form, registration):
            messages.success(request, _("Thank you, your answer is stored. You can change it until the poll closes."))
            return redirect("events:poll", uid, token)
    own = found.responses.filter(registration=registration).first()
    return _page(
        request,
        "poll",
        registration,
        token,
        status=status,
        poll=found,
        form=form,
        until=moment_in_words(found.closes_at, registration.event.time_zone),
        is_leaving=registration.is_active and own is not None and own.interest == PollResponse.Interest.NO,
    )


def _is_stored(form, registration):
    try:
        answer_poll(registration, form.cleaned_data["interest"], form.choices, form.cleaned_data["comment"])
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


@token_page
@can_be_sent_again
@require_http_methods(METHODS)
def reconfirm(request, uid, token):
    """Whether the new date suits. A no gives the place back, and can be taken back by registering again only."""
    registration = registration_of(uid, token)
    if registration.reconfirm_until is None:
        raise Http404
    event = registration.event
    is_asked = registration.is_active and event.status == Event.Status.PUBLISHED
    status = 200
    if request.method == "POST":
        answer = request.POST.get("comes")
        if is_asked and answer in ("yes", "no"):
            say_whether_one_comes(registration, comes=answer == "yes")
            return redirect("events:reconfirm", uid, token)
        status = 422
    until = moment_in_words(registration.reconfirm_until, event.time_zone)
    return _page(request, "reconfirm", registration, token, status=status, is_asked=is_asked, until=until)
