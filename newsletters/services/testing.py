"""A newsletter to the own address before anybody else gets it: one mail of the outbox, never a delivery."""

from datetime import timedelta
from urllib.parse import urljoin

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from common.addresses import absolute
from common.outbox.queueing import queue_mail
from events.models import Event
from newsletters.frames import preferences_address
from newsletters.models import Campaign
from newsletters.rendering import Rendered, blocks_of, rendered
from newsletters.rules import edits_campaign
from practices.models import Practice

PICTURES_SHOWN = timedelta(days=30)
"""In a test mail, before the newsletter is sent."""

_SALT = "newsletters.test.picture"


def send_test(campaign: Campaign, language: str, *, actor) -> None:
    """Queue the mail in one language for the actor. Its link to leave leads nowhere: there is no subscription."""
    if not edits_campaign(actor, campaign):
        raise PermissionDenied
    mail = shown(campaign, language)
    with translation.override(language):
        address = preferences_address(language)
        context = {
            "about": mail.subject,
            "page": mark_safe(_with_pictures(mail.html.replace(address, "#"), campaign)),
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


def _with_pictures(page, campaign):
    """Mail programs have no session: the addresses of pictures are signed."""
    for block in campaign.blocks.exclude(picture=""):
        url = urljoin(absolute("/"), block.picture.url)
        page = page.replace(f'src="{url}"', f'src="{url}?key={signing.dumps(block.picture.name, salt=_SALT)}"')
    return page


def opens_picture(key: str, name: str) -> bool:
    """Whether a key is of a test mail with this picture."""
    try:
        return signing.loads(key, salt=_SALT, max_age=PICTURES_SHOWN) == name
    except signing.BadSignature:
        return False


def shown(campaign: Campaign, language: str) -> Rendered:
    """The mail in one language: as it was frozen, or as it would be now without what is not public any more."""
    edition = campaign.editions.filter(language=language).first()
    if edition is None:
        hidden = set(hidden_blocks(campaign).values_list("pk", flat=True))
        return rendered(campaign, language, [block for block in blocks_of(campaign) if block.pk not in hidden])
    preheader = getattr(campaign, f"preheader_{language}")
    return Rendered(language, edition.subject, preheader, edition.html, edition.text, [])


def hidden_blocks(campaign: Campaign):
    """Those of a newsletter that may still change whose practice or event is not public: nobody is shown its text."""
    if campaign.state not in Campaign.OPEN:
        return campaign.blocks.none()
    is_hidden = Q(practice__isnull=False) & ~Q(practice__in=Practice.objects.public().values("pk"))
    is_hidden |= Q(event__isnull=False) & ~Q(event__in=Event.objects.public().values("pk"))
    return campaign.blocks.filter(is_hidden)
