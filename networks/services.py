"""Verbs of the network register that have more than one door."""

import logging
from functools import reduce
from operator import or_

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import CharField, F, Func, Q, Value
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import AccountRequest, Invitation
from accounts.services import (
    approve,
    check_somebody_administers,
    end_sessions,
    invite,
    refuse,
    revoke,
    send_again,
)
from common.languages import site_languages
from common.search.folding import fold
from networks.models import City, Organisation, RoleAssignment, RoleOffer
from networks.rules import (
    Role,
    editable_cities,
    forget_roles,
    may_end_contribution,
    may_grant,
    may_keep_invitation,
    roles_of,
)

logger = logging.getLogger(__name__)


@transaction.atomic
def add_city(place):
    """The city of a GeoNames place, made if it is not there yet. Names that an editor has changed stay as they are.

    Returns (city, whether it was added).
    """
    city = City.objects.filter(geonames_id=place.geonames_id).first()
    if city is not None:
        return city, False
    city = City(
        slug=_free_slug(place.slug or place.name, place.country),
        country=place.country,
        latitude=place.latitude,
        longitude=place.longitude,
        population=place.population,
        geonames_id=place.geonames_id,
    )
    for language in site_languages():
        setattr(city, f"name_{language}", place.names.get(language, ""))
    city.name_en = city.name_en or place.name
    city.save()
    return city, True


def _free_slug(name, country):
    """The folded name; with the country, then with a number, where another city has it."""
    base = slugify(fold(name)) or "city"
    taken = set(City.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = [
        base,
        f"{base}-{country.lower()}",
        *(f"{base}-{country.lower()}-{number}" for number in range(2, 100)),
    ]
    return next(slug for slug in candidates if slug not in taken)


def city_of_address(email) -> str | None:
    """Name of the city whose verified mail domain an address is of, or None."""
    city = City.objects.of_address(email).first()
    return str(city) if city else None


def requests_kept_by(user):
    """Account requests from the mail domains of cities for which a person may invite; administrators see all."""
    roles = roles_of(user)
    if roles.is_administrator:
        return AccountRequest.objects.all()
    domains = City.objects.filter(Q(pk__in=editable_cities(user)) | Q(pk__in=roles.focal_cities)).exclude(
        mail_domain=""
    )
    domain = Func(F("email"), Value("@"), Value(2), function="split_part", output_field=CharField())
    return AccountRequest.objects.alias(domain=domain).filter(domain__in=domains.values("mail_domain"))


@transaction.atomic
def approve_request(account_request, *, actor):
    """Invite an asker as contributor of the city whose mail domain the address is of.

    Returns the invitation, or None where the request waits for no decision. Raises PermissionDenied where the actor
    may not invite for that city; without such a city an administrator invites to an account without a role.
    """
    city = City.objects.of_address(account_request.email).first()
    if not may_grant(actor, Role.CONTRIBUTOR, city=city):
        raise PermissionDenied
    approved = approve(account_request, actor)
    if approved is None:
        return None
    invitation = approved[0]
    if city is not None:
        RoleOffer.objects.create(invitation=invitation, role=Role.CONTRIBUTOR, city=city)
    return invitation


@transaction.atomic
def refuse_request(account_request, *, actor) -> bool:
    """Close a request without an account; raises PermissionDenied where it is not the actor's to decide."""
    if not requests_kept_by(actor).filter(pk=account_request.pk).exists():
        raise PermissionDenied
    return refuse(account_request, actor)


def offers_kept_by(user):
    """Offered roles a person may see: those in the scope one keeps."""
    roles = roles_of(user)
    if roles.is_administrator:
        return RoleOffer.objects.all()
    cities = editable_cities(user).values("pk")
    return RoleOffer.objects.filter(
        Q(network__in=roles.networks) | Q(city__in=cities) | Q(city__in=roles.focal_cities)
    )


def organisation_named(name, language="en"):
    """The organisation with this name in any language, whatever its case; made if there is none."""
    is_called_so = reduce(or_, (Q(**{f"name_{code}__iexact": name}) for code in site_languages()))
    return Organisation.objects.filter(is_called_so).order_by("pk").first() or add_organisation(name, language)


def add_organisation(name, language="en"):
    """A new organisation; its name stands for the English one, which every organisation has."""
    return Organisation.objects.create(**{f"name_{language}": name, "name_en": name})


@transaction.atomic
def grant_role(person, role, *, actor, network=None, city=None, theme=None, language="") -> RoleAssignment:
    """Give a person a role in a scope; what the person has already is returned as it is.

    Raises PermissionDenied where the actor may not grant it, ValidationError where the scope does not fit the role.
    """
    if not may_grant(actor, role, network=network, city=city):
        raise PermissionDenied
    scope = {"person": person, "role": role, "network": network, "city": city, "theme": theme, "language": language}
    existing = RoleAssignment.objects.active().filter(**scope).first()
    if existing:
        return existing
    assignment = RoleAssignment(granted_by=actor, **scope)
    assignment.full_clean()
    assignment.save()
    _follow_roles(person, role)
    return assignment


@transaction.atomic
def invite_to_role(email, role, *, actor, language, name="", network=None, city=None, theme=None, code=""):
    """Invite a person who will have this role on accepting. `language` is that of the mail, `code` of the role.

    Raises PermissionDenied where the actor may not grant the role, ValidationError where something does not fit.
    """
    if not may_grant(actor, role, network=network, city=city):
        raise PermissionDenied
    scope = {"role": role, "network": network, "city": city, "theme": theme, "language": code}
    RoleAssignment(person=actor, granted_by=actor, **scope).clean_fields(exclude=["person"])
    RoleAssignment(person=actor, **scope).validate_constraints(exclude=["person"])
    invitation, __ = invite(email, language, actor, name=name)
    return RoleOffer.objects.create(invitation=invitation, **scope)


@transaction.atomic
def invite_colleague(city, email, role, *, actor, language, name="") -> RoleOffer:
    """Invite somebody to work for a city. Raises PermissionDenied, and ValidationError at the field it is about."""
    if not may_grant(actor, role, city=city):
        raise PermissionDenied
    # Two who invite the same address at once wait for each other here.
    City.objects.select_for_update(no_key=True).get(pk=city.pk)
    held = RoleAssignment.objects.active().filter(city=city, role=role)
    if held.filter(person__email__iexact=email.strip()).exists():
        raise ValidationError({"email": _("This person has this role already.")})
    waiting = Invitation.objects.waiting().filter(offers__city=city, offers__role=role)
    if waiting.filter(email__iexact=email.strip()).exists():
        raise ValidationError({"email": _("This person is invited already. Send that invitation again.")})
    return invite_to_role(email, role, actor=actor, language=language, name=name, city=city)


def send_invitation_again(invitation, *, actor) -> bool:
    """Mail it anew in the actor's name; returns whether it was sent. Raises PermissionDenied."""
    if not may_keep_invitation(actor, invitation):
        raise PermissionDenied
    return send_again(invitation, actor)


def revoke_invitation(invitation, *, actor) -> bool:
    """Close it before it is used; returns whether anything changed. Raises PermissionDenied."""
    if not may_keep_invitation(actor, invitation):
        raise PermissionDenied
    return revoke(invitation, actor)


def end_contribution(assignment, *, actor) -> RoleAssignment:
    """Take the role of a contributor back. Raises PermissionDenied."""
    if not may_end_contribution(actor, assignment):
        raise PermissionDenied
    return end_role(assignment, actor=actor)


def grant_offers(invitation, user) -> None:
    """Give an invited person what was offered, if whoever invited may still give it."""
    for offer in invitation.offers.select_related("network", "city", "theme"):
        try:
            grant_role(
                user,
                offer.role,
                actor=invitation.invited_by,
                network=offer.network,
                city=offer.city,
                theme=offer.theme,
                language=offer.language,
            )
        except PermissionDenied:
            logger.warning("Offer %s is void: who made it may not grant it any more", offer.pk)


@transaction.atomic
def end_role(assignment: RoleAssignment, *, actor) -> RoleAssignment:
    """Take a role back; the person's sessions end at once, the assignment stays as a record.

    Raises PermissionDenied where the actor may not, ValidationError for the last administrator.
    """
    if not may_grant(actor, assignment.role, network=assignment.network, city=assignment.city):
        raise PermissionDenied
    if assignment.ended_at is None:
        if assignment.role == Role.ADMINISTRATOR:
            check_somebody_administers(without=[assignment.person])
        assignment.ended_at = timezone.now()
        assignment.save(update_fields=["ended_at"])
        _follow_roles(assignment.person, assignment.role)
        end_sessions(assignment.person)
    return assignment


def _follow_roles(person, changed):
    """The admin is open to administrators and coordinators."""
    forget_roles(person)
    held = set(RoleAssignment.objects.active().filter(person=person).values_list("role", flat=True))
    if changed == Role.ADMINISTRATOR:
        person.is_superuser = Role.ADMINISTRATOR in held
    person.is_staff = person.is_superuser or Role.COORDINATOR in held
    person.save(update_fields=["is_superuser", "is_staff"])
