"""Newsletters for tests: one text block in English and a reader each way, unless the test says otherwise."""

from io import BytesIO
from itertools import count

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from newsletters.addresses import address_hash, domain_of
from newsletters.models import Block, Campaign, Channel, Subscriber, Subscription, Suppression
from newsletters.services import campaigning

_numbers = count(1)


def make_campaign(*, network=None, blocks=True, **values):
    """A draft with one text, of the hub's own newsletter where no network is named."""
    campaign = Campaign.objects.create(
        network=network,
        **{"source_language": "en", "languages": ["en"], "subject_en": f"News {next(_numbers)}"} | values,
    )
    if blocks:
        make_block(campaign, heading_en="Hello", text_en="<p>What cities tried this month.</p>")
    return campaign


def make_block(campaign, kind="text", **values):
    values.setdefault("position", campaign.blocks.count() + 1)
    return Block.objects.create(campaign=campaign, kind=kind, **values)


def make_picture(*, size=(40, 30), kind="JPEG", exif=False, name="holiday.jpg"):
    image, content = Image.new("RGB", size, "#0a5c63"), BytesIO()
    options = {}
    if exif:
        options["exif"] = Image.Exif()
        options["exif"][0x010E] = "Taken at the house of Ada"
    image.save(content, kind, **options)
    return SimpleUploadedFile(name, content.getvalue(), content_type=f"image/{kind.lower()}")


def make_reader(email=None, *, network=None, languages=("en",), state="active", **values):
    """A subscriber of one newsletter: of the network's, or of the hub's own."""
    email = email or f"reader-of-news-{next(_numbers)}@city.example"
    person, _is_new = Subscriber.objects.get_or_create(
        email_hash=address_hash(email),
        defaults={"email": email, "domain": domain_of(email), "languages": list(languages)},
    )
    Subscription.objects.create(
        subscriber=person,
        channel=Channel.NEWSLETTER,
        network=network,
        state=state,
        **{"active_from": timezone.now()} | values,
    )
    return person


def suppress(person):
    return Suppression.objects.create(email_hash=person.email_hash, reason="bounced")


def make_sending_campaign(actor, **values):
    """Begun, all recipients gathered, nothing sent."""
    campaign = make_campaign(**values)
    campaigning.begin(campaign, actor=actor)
    campaigning.advance()
    campaign.refresh_from_db()
    return campaign
