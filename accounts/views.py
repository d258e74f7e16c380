"""The pages of accounts that allauth does not have, and what is added around those it has."""

from functools import wraps

from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.core.ratelimit import consume_or_429
from allauth.mfa.base.views import IndexView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.forms import AcceptForm, AccountRequestForm, EraseForm, ProfileForm
from accounts.models import User
from common.languages import current_language
from common.text import clean_line


def token_page(view):
    """The address is a key: it is neither sent on to other pages nor kept by caches.

    With "no-referrer" browsers would also hide the origin of the page's own form, which is refused then.
    """

    @wraps(view)
    def without_traces(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        return response

    return never_cache(without_traces)


def _page(request, template, context=None, form=None):
    status = 422 if form is not None and form.errors else 200
    return render(request, f"accounts/{template}.html", {"form": form, **(context or {})}, status=status)


# The admin's doors -----------------------------------------------------------------------------


@never_cache
def admin_login(request):
    """Sign in for the admin as everywhere else."""
    target = get_next_redirect_url(request) or reverse("admin:index")
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
    if not request.user.is_staff:
        raise PermissionDenied
    return HttpResponseRedirect(target)


def admin_password_change(request):
    return redirect("account_change_password")


# One's own account -----------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request):
    # The form works on a record of its own: a refused name must not stand in the page's head.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(person.language):
            messages.success(request, _("Your changes are saved."))
            return redirect("accounts:me")
    return _page(request, "me", form=form)


class SecondFactors(IndexView):
    def get_context_data(self, **kwargs):
        must_set_up = settings.REQUIRE_SECOND_FACTOR and services.needs_second_factor(self.request.user)
        return super().get_context_data(must_set_up=must_set_up and not services.has_second_factor(self.request.user))


@login_required
@require_POST
def end_sessions(request):
    services.end_sessions(request.user)
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("account_login")


@never_cache
@login_required
@require_safe
def data(request):
    return _page(request, "data")


@never_cache
@login_required
@require_POST
def data_json(request):
    response = JsonResponse(
        services.export_personal_data(request.user), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="personal-data.json"'
    return response


@never_cache
@login_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request):
    if limited := consume_or_429(request, action="reauthenticate", user=request.user):
        return limited
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not request.user.check_password(form.cleaned_data["password"]):
            form.add_error("password", _("This is not your password."))
            return _page(request, "erase", form=form)
        try:
            services.erase(request.user, request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            logout(request)
            return _page(request, "erased")
    return _page(request, "erase", form=form)


# Invitations -----------------------------------------------------------------------------------


@token_page
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request, token):
    """GET asks; POST accepts. Mail scanners open links, and must not use them up."""
    if limited := consume_or_429(request, action="invitation"):
        return limited
    try:
        found = services.invitation_of(token)
        if User.objects.filter(email=found.email).exists():
            return _invitation_of_member(request, token, found)
        return _invitation_of_newcomer(request, token, found)
    except services.Closed as closed:
        return _closed(request, "invitation", closed)


def _invitation_of_newcomer(request, token, found):
    if request.user.is_authenticated:
        return _page(request, "invitation_member", {"invitation": found, "is_other": True})
    form = AcceptForm(
        request.POST or None, initial={"name": found.name}, user=User(email=found.email, name=found.name)
    )
    if request.method == "POST" and form.is_valid():
        try:
            user = services.accept(token, form.cleaned_data["password"], clean_line(form.cleaned_data["name"]))
        except services.SignInFirst:
            return redirect(request.path)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            with translation.override(user.language):
                return perform_login(request, user, email_verification="none")
    return _page(request, "invitation", {"invitation": found}, form)


def _invitation_of_member(request, token, found):
    is_theirs = request.user.is_authenticated and request.user.email == found.email
    if request.method == "POST":
        try:
            services.accept(token, actor=request.user)
        except services.SignInFirst:
            return redirect(request.path)
        messages.success(request, _("You have accepted the invitation."))
        return HttpResponseRedirect(get_adapter(request).get_login_redirect_url(request))
    context = {
        "invitation": found,
        "is_theirs": is_theirs,
        "is_other": request.user.is_authenticated and not is_theirs,
    }
    return _page(request, "invitation_member", context)


def _closed(request, kind, closed):
    return render(request, f"accounts/{kind}_closed.html", {"reason": closed.reason}, status=410)


# Requests for an account -----------------------------------------------------------------------


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def request_account(request):
    form = AccountRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        if limited := consume_or_429(request, action="account_request", key=email):
            return limited
        services.request_account(email, form.cleaned_data["name"], current_language(), form.cleaned_data["message"])
        return redirect("accounts:request_sent")
    return _page(request, "request", form=form)


@require_safe
def request_sent(request):
    """The same for everybody: whether an address is known is nobody else's business."""
    return _page(request, "request_sent")


@token_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_request(request, token):
    if limited := consume_or_429(request, action="invitation"):
        return limited
    try:
        if request.method == "POST":
            services.confirm_request(token)
            return _page(request, "request_confirmed")
        services.request_of(token)
        return _page(request, "request_confirm")
    except services.Closed as closed:
        return _closed(request, "request", closed)


def signup(request):
    """allauth names this address in its mails; accounts are asked for, not made."""
    return redirect("accounts:request")


def start(request):
    return redirect("accounts:me")
