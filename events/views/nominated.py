"""An event as its nominated people find it by the link of their mail, whoever else may see it. Nobody else learns of it."""

from dataclasses import replace
from functools import wraps

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.views import token_page
from common.languages import site_languages
from events.models import Event, Nomination
from events.presentation import with_programme
from events.tokens import is_token_of
from events.views.pages import detail_context
from events.views.registering import registering


def for_the_nominated(view):
    """Decorate `view(request, nomination, token)`: 404 for a wrong link, one that was taken back, and a draft."""

    @wraps(view)
    def answer(request, uid, token):
        nomination = get_object_or_404(Nomination.objects.select_related("event__city", "city"), uid=uid)
        if not is_token_of(nomination, token, "nomination") or nomination.event.status == Event.Status.DRAFT:
            raise Http404
        response = view(request, nomination, token)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return token_page(answer)


@require_safe
@for_the_nominated
def nominated(request, nomination, token):
    """The page of the event. What would lead to pages that the visitor does not see is left out."""
    event = with_programme(Event.objects.announced()).get(pk=nomination.event_id)
    context = detail_context(request, event, _in_all_languages(nomination, token))
    is_visible = Event.objects.visible_to(request.user).filter(pk=event.pk).exists()
    if not is_visible:
        context["reading"] = replace(context["reading"], documents=[])
    context |= {
        "structured": None,
        "existing": [],
        "canonical": event.get_absolute_url(),
        "nomination": nomination,
        "may_fetch": is_visible,
        "register_address": reverse("events:nominated-register", args=[nomination.uid, token]),
    }
    return render(request, "events/event_detail.html", context)


def _in_all_languages(nomination, token):
    found = {}
    for code in site_languages():
        with translation.override(code):
            found[code] = reverse("events:nominated", args=[nomination.uid, token])
    return found


@csrf_exempt
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@for_the_nominated
def nominated_register(request, nomination, token):
    """The form, for the address that was nominated and no other."""
    sent = reverse("events:nominated-sent", args=[nomination.uid, token])
    return registering(request, nomination.event, sent, nomination)


@require_safe
@for_the_nominated
def nominated_sent(request, nomination, token):
    return render(request, "events/register_sent.html", {"section": "events", "event": nomination.event})
