"""The people of the own city: who works for it, who is invited, and for its focal points how to change that."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Invitation
from common import refusals
from common.languages import current_language
from common.ordering import sort_key
from networks import services
from networks.forms import ColleagueForm
from networks.models import City, RoleAssignment
from networks.rules import Role, may_end_contribution, may_keep_invitation, roles_of
from practices.views.workspace import for_people_with_a_role

LISTED_AT_MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@for_people_with_a_role
def city(request, slug=""):
    """A city the person works for; without a name in the address the first one."""
    cities = _own_cities(request.user)
    found = next((one for one in cities if slug in ("", one.slug)), None)
    if found is None:
        raise Http404
    speaks = found.pk in roles_of(request.user).focal_cities
    if request.method == "POST" and not speaks:
        raise PermissionDenied
    form = None
    if speaks:
        data = request.POST if request.method == "POST" else None
        form = ColleagueForm(data, actor=request.user, city=found, initial={"language": current_language()})
    if request.method == "POST" and form.is_valid():
        try:
            offer = services.invite_colleague(found, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            refusals.tell(form, error)
        else:
            messages.success(request, _("%(email)s is invited.") % {"email": offer.invitation.email})
            return _to_page(found)
    context = {
        "roles": roles_of(request.user),
        "desk": "city",
        "city": found,
        "cities": cities,
        "speaks": speaks,
        "people": _people(found, request.user),
        "invitations": _invitations(found, request.user) if speaks else [],
        "form": form,
    }
    return render(request, "workspace/city.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@for_people_with_a_role
def city_invitation(request, slug, pk, verb):
    """Send an invitation of the own city again, or revoke it."""
    found = _spoken_for(request.user, slug)
    invitation = Invitation.objects.waiting().filter(offers__city=found, pk=pk).distinct().first()
    if invitation is None or verb not in ("resend", "revoke"):
        raise Http404
    if verb == "resend":
        done = services.send_invitation_again(invitation, actor=request.user)
        told = _("%(email)s is invited again. The link of the former mail no longer opens anything.")
    else:
        done = services.revoke_invitation(invitation, actor=request.user)
        told = _("The invitation of %(email)s is revoked.")
    if done:
        messages.success(request, told % {"email": invitation.email})
    return _to_page(found)


@require_POST
@for_people_with_a_role
def city_role_end(request, slug, pk):
    """End what somebody contributes to the own city."""
    found = _spoken_for(request.user, slug)
    assignment = RoleAssignment.objects.active().select_related("person", "city").filter(city=found, pk=pk).first()
    if assignment is None:
        raise Http404
    services.end_contribution(assignment, actor=request.user)
    messages.success(request, _("%(person)s no longer has this role.") % {"person": assignment.person})
    return _to_page(found)


def _own_cities(user):
    language = current_language()
    cities = City.objects.filter(pk__in=roles_of(user).cities)
    return sorted(cities, key=lambda one: sort_key(str(one), language))


def _spoken_for(user, slug):
    """A city the person is focal point of; others answer as if there were none, colleagues that they may not."""
    found = next((one for one in _own_cities(user) if one.slug == slug), None)
    if found is None:
        raise Http404
    if found.pk not in roles_of(user).focal_cities:
        raise PermissionDenied
    return found


def _people(found, user):
    """The roles held in a city, focal points first; `may_end` says whether this reader may end one."""
    held = RoleAssignment.objects.active().filter(city=found).select_related("person", "city")
    people = list(held.order_by("pk")[:LISTED_AT_MOST])
    for assignment in people:
        assignment.may_end = may_end_contribution(user, assignment)
    language = current_language()
    return sorted(people, key=lambda one: (one.role != Role.FOCAL_POINT, sort_key(str(one.person), language)))


def _invitations(found, user):
    """What waits for an answer, the newest first, with the role it offers here."""
    waiting = Invitation.objects.waiting().filter(offers__city=found).distinct().select_related("invited_by")
    waiting = waiting.prefetch_related("offers__city", "offers__network")[:LISTED_AT_MOST]
    for invitation in waiting:
        invitation.offer = next(one for one in invitation.offers.all() if one.city_id == found.pk)
        invitation.may_keep = may_keep_invitation(user, invitation)
    return waiting


def _to_page(found):
    return redirect("workspace:city-of-several", found.slug)
