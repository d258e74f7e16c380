"""A newsletter to the own address before anybody else gets it: one mail of the outbox, never a delivery."""

from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from common.outbox.queueing import queue_mail
from newsletters.frames import preferences_address
from newsletters.models import Campaign
from newsletters.rendering import Rendered, blocks_of, rendered
from newsletters.rules import edits_campaign


def send_test(campaign: Campaign, language: str, *, actor) -> None:
    """Queue the mail in one language for the actor. Its link to leave leads nowhere: there is no subscription."""
    if not edits_campaign(actor, campaign):
        raise PermissionDenied
    mail = shown(campaign, language)
    with translation.override(language):
        address = preferences_address(language)
        context = {
            "about": mail.subject,
            "page": mark_safe(mail.html.replace(address, "#")),
            "words": mail.text.replace(address, "–"),
        }
    now = timezone.now()
    queue_mail(
        "newsletter-test",
        to=actor.email,
        language=language,
        context=context,
        key=f"newsletter-test:{campaign.pk}:{actor.pk}:{now:%Y%m%d%H%M%S%f}",
        name=actor.name,
        person=actor,
        essential=True,
        about=f"newsletter:{campaign.pk}",
    )


def shown(campaign: Campaign, language: str) -> Rendered:
    """The mail in one language: as it was frozen, or as it would be now."""
    edition = campaign.editions.filter(language=language).first()
    if edition is None:
        return rendered(campaign, language, blocks_of(campaign))
    preheader = getattr(campaign, f"preheader_{language}")
    return Rendered(language, edition.subject, preheader, edition.html, edition.text, [])
