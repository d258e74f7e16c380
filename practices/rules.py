"""Who may do what with practices. Each predicate has its list in `PracticeQuerySet`; a test holds both together."""

import rules
from django.db.models import Q

from networks.models import City, Membership
from networks.rules import roles_of
from practices import harm
from practices.models import Adaptation, HarmRelease, Practice, Revision


@rules.predicate
def is_public(user, practice):
    return practice.is_public


@rules.predicate
def is_administrator(user, practice):
    return roles_of(user).is_administrator


@rules.predicate
def works_for_its_city(user, practice):
    return practice.city_id in roles_of(user).cities


@rules.predicate
def coordinates_it(user, practice):
    """A coordinator of one of its networks or, while it names none, of a network its city is in."""
    held = roles_of(user).networks
    return bool(held & responsible_networks(practice)) if held else False


@rules.predicate
def is_shared_with(user, practice):
    """Published for the members or the coordinators of its networks, and the person is one."""
    if practice.status != Practice.Status.PUBLISHED:
        return False
    if practice.visibility != Practice.Visibility.NETWORK:
        return False
    return bool(roles_of(user).member_networks & set(practice.networks.values_list("pk", flat=True)))


@rules.predicate
def reviews_it(user, practice):
    """Has been asked to review a revision of it that is still open; never for the own city."""
    if not user.is_authenticated or practice.city_id in roles_of(user).cities:
        return False
    return practice.revisions.open().filter(reviews__reviewer=user).exists()


def responsible_networks(practice) -> frozenset[int]:
    """Networks whose coordinators bring a practice to publication."""
    named = frozenset(practice.networks.values_list("pk", flat=True) if practice.pk else ())
    if named or practice.city_id is None:
        return named
    return frozenset(practice.city.memberships.active().values_list("network", flat=True))


def may_claim_adaptation(user, practice) -> bool:
    """Officers of another city than the one that a public practice comes from."""
    return practice.is_public and bool(roles_of(user).cities - {practice.city_id})


def may_answer_adaptation(user, adaptation) -> bool:
    """The people of the city it comes from, and those who coordinate the original."""
    return adaptation.state == Adaptation.State.CLAIMED and can_write(user, adaptation.origin)


def may_translate(user, practice, language) -> bool:
    """Translators of the language (in any network, or one that cares for it), its writers and its coordinators."""
    if can_write(user, practice):
        return True
    held = roles_of(user).translates
    scopes = [network for network, code in held if code == language]
    if not scopes or not practice.is_public:
        return False
    return None in scopes or bool(responsible_networks(practice) & set(scopes))


def may_review(user, revision) -> bool:
    """A person who has an open assignment for it and does not work for its city."""
    return (
        user.is_authenticated
        and user.is_active
        and revision.stage in Revision.WITH_REVIEWERS
        and revision.practice.city_id not in roles_of(user).cities
        and revision.reviews.filter(reviewer=user, finished_at__isnull=True).exists()
    )


def may_be_asked_to_review(roles, practice, network_ids, theme_ids) -> bool:
    """Whether a person's roles make them a possible reviewer of a practice."""
    if practice.city_id in roles.cities:
        return False
    if roles.networks & network_ids:
        return True
    return any(
        (network is None or network in network_ids)
        and (theme is None or theme in theme_ids)
        and language in ("", practice.source_language)
        for network, theme, language in roles.reviews
    )


judges_own_city = works_for_its_city & ~is_administrator
"""A judgement would be about the person's own city; administrators stand above that."""


def involved_in(revision) -> set[int]:
    """Who began, wrote or approved a revision, by id: none of them is the second person who releases a risk."""
    writers = {mark["by"] for mark in revision.changed_at_save.values()}
    approval = revision.steps.filter(to_stage=Revision.Stage.APPROVED).order_by("-at", "-pk").first()
    return {revision.author_id, approval.actor_id if approval else None, *writers} - {None}


def may_release(user, revision) -> bool:
    return (
        revision.stage == Revision.Stage.APPROVED
        and can_decide(user, revision.practice)
        and not judges_own_city(user, revision.practice)
        and user.pk not in involved_in(revision)
    )


def needs_release(revision) -> bool:
    """Whether a second coordinator has to consent: a risk is named, and what was released is not what stands now."""
    checklist = revision.content.get("harm_checklist", {})
    if not harm.risks(checklist):
        return False
    release = HarmRelease.objects.filter(revision=revision).first()
    return release is None or release.checklist != checklist


can_write = is_administrator | works_for_its_city | coordinates_it
"""May draft and revise it."""

can_decide = is_administrator | coordinates_it
"""May assign reviewers, ask for changes, approve, reject, withdraw and publish it."""

can_view = is_public | can_write | is_shared_with | reviews_it
can_change = can_decide
"""May change the live record without a revision, as in the admin."""

rules.add_perm("practices.read_practice", can_view)
rules.add_perm("practices.edit_practice", can_change)
rules.add_perm("practices.write_practice", can_write)
rules.add_perm("practices.decide_practice", can_decide)


def writable_cities(user):
    """Cities for which a person may begin a practice."""
    roles = roles_of(user)
    if roles.is_administrator:
        return City.objects.all()
    coordinated = Membership.objects.active().filter(network__in=roles.networks).values("city")
    return City.objects.filter(Q(pk__in=roles.cities) | Q(pk__in=coordinated))
