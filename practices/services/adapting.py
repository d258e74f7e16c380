"""“Our city adapted this”: claimed by the city that did, confirmed or declined by the people of the origin."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from networks.rules import roles_of
from practices.emails import announce_adaptation
from practices.models import Adaptation, Practice
from practices.rules import may_answer_adaptation, may_claim_adaptation
from practices.search.indexing import bump_version

State = Adaptation.State


@transaction.atomic
def claim_adaptation(
    origin: Practice,
    *,
    actor,
    city,
    source_language: str,
    kept: str,
    changed: str,
    result: str = "",
    practice: Practice | None = None,
) -> Adaptation:
    """Record that a city adapted a practice; the origin city is asked. What was declined may be claimed anew.

    Raises PermissionDenied unless the actor works for the city and it is another one, ValidationError by field.
    """
    if not may_claim_adaptation(actor, origin) or city.pk not in roles_of(actor).cities - {origin.city_id}:
        raise PermissionDenied
    if practice is not None and practice.city_id != city.pk:
        raise ValidationError({"practice": _("Choose a practice of that city.")})
    declined = Adaptation.objects.filter(origin=origin, city=city, state=State.DECLINED).first()
    adaptation = declined or Adaptation(origin=origin, city=city)
    adaptation.practice, adaptation.source_language = practice, source_language
    adaptation.kept, adaptation.changed, adaptation.result = kept, changed, result
    adaptation.state, adaptation.claimed_by = State.CLAIMED, actor
    adaptation.decided_by = adaptation.decided_at = None
    adaptation.note = ""
    adaptation.full_clean()
    adaptation.save()
    announce_adaptation(adaptation, actor=actor)
    return adaptation


@transaction.atomic
def confirm_adaptation(adaptation: Adaptation, *, actor, note: str = "") -> Adaptation:
    """Vouch for it; both practice pages and the cards show it from now on."""
    return _answer(adaptation, State.CONFIRMED, actor, note)


@transaction.atomic
def decline_adaptation(adaptation: Adaptation, *, actor, note: str) -> Adaptation:
    if not note.strip():
        raise ValidationError({"note": _("Say why, so that the other city understands.")})
    return _answer(adaptation, State.DECLINED, actor, note)


def _answer(adaptation, state, actor, note):
    adaptation = Adaptation.objects.select_for_update(of=["self"]).select_related("origin").get(pk=adaptation.pk)
    if not may_answer_adaptation(actor, adaptation):
        raise PermissionDenied
    adaptation.state, adaptation.note = state, note
    adaptation.decided_by, adaptation.decided_at = actor, timezone.now()
    adaptation.full_clean()
    adaptation.save()
    # Kept cards and revalidated pages follow the number of the library.
    bump_version("practices")
    announce_adaptation(adaptation, actor=actor)
    return adaptation
