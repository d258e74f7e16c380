"""Asking for mail: the form, the answer that is the same for everybody, and the button behind the mailed link."""

import time

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from accounts.limits import over_limit, seconds_to_wait, wait_in_words
from accounts.views import token_page
from common.languages import current_language
from newsletters import consents
from newsletters.addresses import spelled
from newsletters.emails import confirm_key, preferences_key
from newsletters.forms.preferences import SubscribeForm
from newsletters.models import ConsentEvent
from newsletters.saved_searches import LONGEST
from newsletters.services import subscribing
from newsletters.wishes import Wishes, in_words
from practices.views.keeping import forgery

LEAST_SECONDS = 0.25
"""No answer comes earlier, so that its time does not tell which addresses are known."""

RETRY_AFTER = 60
SAVED = gettext_lazy("Your changes are saved.")
ASKED = gettext_lazy(
    "One more click: if we may write to this address, a mail is on its way. What you chose counts once you press its button."
)


@csrf_exempt
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request):
    """The footer of every page posts an address here, which only fills the form in: it needs no token and changes nothing."""
    if request.method == "POST" and "from_footer" not in request.POST:
        return _asked(request)
    own = request.user.email if request.user.is_authenticated else ""
    form = SubscribeForm(
        email=request.POST.get("email", own)[:254],
        search=request.GET.get("search", "")[: 2 * LONGEST],
        newsletter=request.GET.get("newsletter", "")[:20],
    )
    return _page(request, form)


def _asked(request):
    form = SubscribeForm(request.POST)
    if refusal := forgery(request):
        if request.headers.get("Origin") != f"{request.scheme}://{request.get_host()}":
            return refusal
        notice = _("Your sign-in is newer than the page you came from. Nothing is lost: please send it once more.")
        return _page(request, form, 403, notice)
    if not form.is_valid():
        return _page(request, form, 422)
    started = time.monotonic()
    try:
        if request.user.is_authenticated and form.cleaned_data["email"] == spelled(request.user.email):
            return _of_account(request, form)
        if _is_too_much(request, form.cleaned_data["email"]):
            return _too_often(request, form)
        if not form.is_trapped:
            subscribing.ask(
                form.cleaned_data["email"], form.wishes(), language=current_language(), text=consents.text()
            )
    except RedisError:
        notice = _("Very many people are asking for this right now. Nothing is lost: please send it once more.")
        return _page(request, form, 503, notice, RETRY_AFTER)
    time.sleep(max(0, LEAST_SECONDS - (time.monotonic() - started)))
    return redirect("newsletters:subscribe-sent")


def _of_account(request, form):
    """With the address of one's account there is nothing to confirm, unless mail is kept from it."""
    subscriber = subscribing.subscriber_of(request.user)
    is_mailed = subscriber and subscribing.is_hard_to_lift(subscriber) and not subscribing.mailed_lately(subscriber)
    if is_mailed and _is_too_much(request, request.user.email):
        return _too_often(request, form)
    outcome = subscribing.subscribe_account(
        request.user, form.wishes(), language=current_language(), text=consents.text()
    )
    messages.success(request, ASKED if outcome == "asked" else SAVED)
    return redirect("newsletters:account")


def _is_too_much(request, address):
    """By visitor, by mailbox, and for all together: each try sends a mail to somebody who may not have asked for it."""
    return over_limit(request, "newsletter_request", key=subscribing.mailbox_of(address)) or over_limit(
        request, "newsletter_requests", key="all"
    )


def _too_often(request, form):
    notice = _("That was very much in a short time. Nothing is lost: please wait %(wait)s, then send it once more.")
    wait = seconds_to_wait(request)
    return _page(request, form, 429, notice % {"wait": wait_in_words(request)}, wait)


def _page(request, form, status=200, notice="", wait=None):
    context = {"form": form, "parts": form.parts(), "consent": consents.text(), "notice": notice}
    response = render(request, "newsletters/subscribe.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@never_cache
@require_safe
def subscribe_sent(request):
    return render(request, "newsletters/subscribe_sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
@token_page
@sensitive_post_parameters()
def confirm(request, key):
    """GET asks, POST says yes: mail gateways open links. Opened again, it says that all is done."""
    asked, is_current = subscribing.request_of(key)
    if asked is None:
        raise Http404
    if request.method == "POST" and is_current and _is_confirmed(asked):
        asked.subscriber.refresh_from_db()
        return redirect("newsletters:confirm", confirm_key(asked))  # Another one where the address has moved.
    if answer := ConsentEvent.objects.filter(answers=asked).first():
        own_page = preferences_key(asked.subscriber) if is_current and asked.subscriber.email else ""
        return render(request, "newsletters/confirmed.html", {"answer": answer, "own_page": own_page})
    if not is_current or not subscribing.is_open(asked):
        return render(request, "newsletters/confirm_closed.html", status=410)
    return render(request, "newsletters/confirm.html", _context(asked))


def _is_confirmed(asked):
    return subscribing.confirm(asked, text=_words(asked), language=current_language())


def _context(asked):
    new_address = asked.wishes.get("address", "")
    return {
        "asked": asked,
        "email": new_address or asked.subscriber.email,
        "is_new_address": bool(new_address),
        "wished": [] if new_address else in_words(Wishes.from_json(asked.wishes)),
        "consent": "" if new_address else consents.text(),
    }


def _words(asked):
    """What stood beside the button, for the proof: without names of searches, which somebody typed."""
    if "address" in asked.wishes:
        return ""
    return "\n".join([*in_words(Wishes.from_json(asked.wishes), names_searches=False), consents.text()]).strip()
