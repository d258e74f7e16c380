"""The own page of a subscriber: by the key in a mail, or signed in. GET shows, POST acts."""

from dataclasses import dataclass
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from redis.exceptions import RedisError

from accounts.limits import over_limit
from accounts.views import token_page
from common.languages import current_language
from newsletters import consents, emails, keys
from newsletters.clocks import known_zone
from newsletters.forms.preferences import NewAddressForm, PauseForm, PreferencesForm, SearchLabelForm
from newsletters.models import Channel, ConsentEvent, Subscriber, Subscription
from newsletters.services import forgetting, leaving, preferring, subscribing
from newsletters.views.subscribing import ASKED, SAVED
from newsletters.wishes import Wishes, channel_in_words, newsletter_names, usual_zone

Way = ConsentEvent.Way


@dataclass(frozen=True)
class Door:
    """Through which somebody came to the page: `subscriber` is None for an account to which nothing goes yet."""

    subscriber: Subscriber | None
    way: str
    key: str = ""
    scope: int = keys.EVERYTHING
    user: object = None

    def url(self, verb="", *args):
        prefix = "account" if self.user else "preferences"
        name = f"newsletters:{prefix}-{verb}" if verb else f"newsletters:{prefix}"
        return reverse(name, args=[*([] if self.user else [self.key]), *args])

    @property
    def addresses(self):
        """{verb: where its button posts to}."""
        verbs = ("leave", "pause", "resume", "erase", *(() if self.user else ("address", "mail")))
        return {verb: self.url(verb) for verb in verbs}

    @property
    def email(self):
        return self.user.email if self.user else self.subscriber.email

    @property
    def zone(self):
        return self.subscriber.time_zone if self.subscriber else ""

    @property
    def is_narrow(self):
        """Whether the key came with a newsletter or digest, which people forward: it ends and pauses that alone."""
        return self.scope != keys.EVERYTHING


def of_key(methods=require_POST, *, narrow=False):
    """Decorate a view that takes (request, door, …): found by the key in the address.

    `narrow`: the view knows what to do with a key of one list. Others are not reached by it.
    """

    def decorate(view):
        @methods
        @token_page
        @sensitive_post_parameters()
        @wraps(view)
        def answer(request, key, **kwargs):
            subscriber, scope = leaving.subscriber_of_key(key)
            if subscriber is None:
                raise Http404
            door = Door(subscriber, Way.LINK, key, scope)
            if door.is_narrow and not narrow:
                return show(request, door, status=403)
            return view(request, door, **kwargs)

        return answer

    return decorate


def of_account(methods=require_POST):
    """The same for whoever is signed in, by the address of the account."""

    def decorate(view):
        @methods
        @never_cache
        @login_required
        @wraps(view)
        def answer(request, **kwargs):
            subscriber = subscribing.subscriber_of(request.user)
            return view(request, Door(subscriber, Way.ACCOUNT, user=request.user), **kwargs)

        return answer

    return decorate


page = require_http_methods(["GET", "HEAD", "POST"])


# The page ----------------------------------------------------------------------------------------


def own_page(request, door):
    if request.method != "POST":
        return show(request, door)
    return show(request, door, status=403) if door.is_narrow else _save(request, door)


def _save(request, door):
    wishes, searches = _present(door)
    form = PreferencesForm(request.POST, wishes=wishes, searches=bool(searches))
    if not form.is_valid():
        return show(request, door, status=422, form=form)
    wishes = form.wishes()
    if door.subscriber is None and not wishes.subscriptions():
        return _done(request, door, SAVED)
    subscriber = subscribing.ensure_subscriber(door.user) if door.user else door.subscriber
    if preferring.needs_mail(subscriber, wishes) and (refused := _refused_mail(request, subscriber.email)):
        status, problem = refused
        return show(request, door, status=status, problem=problem, form=form)
    outcome = preferring.prefer(subscriber, wishes, way=door.way, text=consents.text(), language=current_language())
    return _done(request, door, ASKED if outcome == "asked" else SAVED)


def _refused_mail(request, address):
    """(status, why) where no further mail may go to an address now; None where it may. Counts the try."""
    try:
        if over_limit(request, "newsletter_request", key=subscribing.mailbox_of(address)):
            return 429, _("That was very much in a short time. Please try again tomorrow.")
    except RedisError:
        return 503, _("Very many people are asking for this right now. Nothing is lost: please send it once more.")
    return None


def _present(door):
    if door.subscriber is None or door.subscriber.email is None:
        language = current_language()
        zone = (door.user.time_zone if door.user else "") or usual_zone(language)
        return Wishes(languages=(language,), time_zone=zone), []
    return preferring.wishes_of(door.subscriber), list(door.subscriber.saved_searches.all())


def show(request, door, *, status=200, problem="", **forms):
    """The page, with forms that were refused in place of fresh ones."""
    if door.is_narrow:
        return _show_narrow(request, door, status=status, problem=problem, **forms)
    wishes, searches = _present(door)
    form = forms.get("form") or PreferencesForm(wishes=wishes, searches=bool(searches))
    rows = _live(door)
    context = {
        "door": door,
        "form": form,
        "parts": form.parts(),
        "has_two_filters": door.subscriber is not None and preferring.has_two_filters(door.subscriber),
        "consent": consents.text(),
        "searches": [_search(door, search, forms.get("search")) for search in searches],
        "subscribed": [(_scope_of(row), words) for row, words in rows],
        "paused_until": _end_of_pause(door, rows),
        "pause": forms.get("pause") or _pause_form(door),
        "new_address": forms.get("new_address") or NewAddressForm(auto_id="address_%s", label_suffix=""),
        "problem": problem,
    }
    return render(request, "newsletters/preferences.html", context, status=status)


def _show_narrow(request, door, *, status, problem="", **forms):
    """What a forwarded mail opens: no address, no choices, no other list."""
    rows = _live(door)
    context = {
        "door": door,
        "subscribed": [(_scope_of(row), words) for row, words in rows],
        "paused_until": _end_of_pause(door, rows),
        "pause": forms.get("pause") or _pause_form(door),
        "problem": problem,
    }
    return render(request, "newsletters/narrow.html", context, status=status)


def _pause_form(door, data=None):
    return PauseForm(data, zone=door.zone, auto_id="pause_%s", label_suffix="")


def _live(door):
    """[(subscription, in words)] of what is sent, or paused, as far as the key reaches."""
    if door.subscriber is None:
        return []
    names = newsletter_names()
    rows = leaving.in_scope(door.subscriber, door.scope).filter(state__in=Subscription.LIVE).order_by("pk")
    return [(row, channel_in_words(row.channel, row.frequency, names.get(row.network_id, ""))) for row in rows]


def _end_of_pause(door, rows):
    """The day on which mail comes again, by the subscriber's clock; None where there is no pause."""
    ends = [row.paused_until for row, _words in rows if row.state == Subscription.State.PAUSED]
    last = max(ends, default=None)
    return last.astimezone(known_zone(door.zone)) if last and last > timezone.now() else None


def _scope_of(row):
    if row.channel == Channel.NEWSLETTER:
        return keys.scope_of_newsletter(row.network_id)
    return keys.PRACTICES if row.channel == Channel.PRACTICES else keys.EVENTS


def _search(door, search, refused):
    is_refused = refused is not None and refused[0] == search.pk
    form = (
        refused[1]
        if is_refused
        else SearchLabelForm(initial={"label": search.label}, auto_id=f"search-{search.pk}_%s", label_suffix="")
    )
    return {
        "search": search,
        "form": form,
        "url": door.url("search", search.pk),
        "list": f"{reverse('practices:list')}?{search.query}",
    }


# Buttons -----------------------------------------------------------------------------------------


def _done(request, door, words):
    messages.success(request, words)
    return redirect(door.url())


def leave(request, door):
    """Ends all that the key reaches, or what `what` names: the scope of one list."""
    what = request.POST.get("what", "")
    scope = int(what) if what.isascii() and what.isdigit() and len(what) < 10 else door.scope
    if not leaving.reaches(door.scope, scope):
        return show(request, door, status=403)
    if door.subscriber is not None:
        leaving.end(door.subscriber, scope, way=door.way, language=current_language())
    if scope == keys.EVERYTHING:
        return _done(request, door, _("You are unsubscribed from everything. No more mail will come."))
    return _done(request, door, _("You are unsubscribed."))


def pause(request, door):
    form = _pause_form(door, request.POST)
    if form.is_valid() and door.subscriber is not None:
        try:
            leaving.pause(
                door.subscriber, form.cleaned_data["until"], door.scope, way=door.way, language=current_language()
            )
        except ValidationError as error:
            form.add_error("until", error)
        else:
            return _done(request, door, _("Nothing will come before that day."))
    return show(request, door, status=422, pause=form)


def resume(request, door):
    if door.subscriber is not None:
        leaving.resume(door.subscriber, way=door.way, language=current_language())
    return _done(request, door, _("The pause is over."))


def search(request, door, pk):
    if door.subscriber is None:
        raise Http404
    if "remove" in request.POST:
        preferring.remove_search(door.subscriber, pk)
        return _done(request, door, _("The search is removed."))
    form = SearchLabelForm(request.POST, auto_id=f"search-{pk}_%s", label_suffix="")
    if not form.is_valid():
        return show(request, door, status=422, search=(pk, form))
    preferring.rename_search(door.subscriber, pk, form.cleaned_data["label"])
    return _done(request, door, SAVED)


def address(request, door):
    """The answer is the same whether mail goes to the new address already or not."""
    form = NewAddressForm(request.POST, auto_id="address_%s", label_suffix="")
    if form.is_valid():
        new = form.cleaned_data["email"]
        if refused := _refused_mail(request, new):
            status, problem = refused
            return show(request, door, status=status, problem=problem, new_address=form)
        try:
            subscribing.ask_for_address(door.subscriber, new, language=current_language())
        except ValidationError as error:
            form.add_error("email", error)
        else:
            words = _(
                "One more click: if we may write to the new address, a mail is on its way. "
                "Until you press its button, all stays as it is."
            )
            return _done(request, door, words)
    return show(request, door, status=422, new_address=form)


def mail_link(request, door):
    """To the mailbox goes the key that opens everything: who was forwarded a newsletter does not read it there."""
    if refused := _refused_mail(request, door.email):
        status, problem = refused
        return show(request, door, status=status, problem=problem)
    emails.mail_preferences(door.subscriber)
    return _done(request, door, _("A mail with the link to all your choices is on its way."))


def erase(request, door):
    if door.subscriber is not None and door.subscriber.email:
        forgetting.erase(door.subscriber, way=door.way)
    if door.user:
        return _done(request, door, _("All that was stored about your subscriptions is erased."))
    return render(request, "newsletters/erased.html")
