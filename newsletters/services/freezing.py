"""From a newsletter that may still change to the editions that are sent: once, and never in two versions."""

import hashlib
import uuid

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from newsletters.models import Edition, Link
from newsletters.rendering import Rendered, blocks_of, fragment, languages_of, parts_of, rendered

LONGEST_URL = 1000


def freeze(campaign) -> str:
    """Store the finished text of every language and its links; returns the hash of all of it."""
    blocks, links = blocks_of(campaign), {}
    mails = [rendered(campaign, code, blocks, _counted(campaign, code, links)) for code in languages_of(campaign)]
    editions = [_edition(campaign, mail, blocks) for mail in mails]
    Edition.objects.bulk_create(editions)
    Link.objects.bulk_create(
        Link(uid=link_uid(campaign, url), campaign=campaign, url=url, languages=languages)
        for url, languages in links.items()
    )
    return hash_of_all(editions)


def link_uid(campaign, url) -> uuid.UUID:
    return uuid.uuid5(campaign.uid, url)


def hash_of_all(editions) -> str:
    """Of the texts themselves, not of what was noted about them."""
    found = sorted(f"{edition.language}:{hash_of(edition)}" for edition in editions)
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


def hash_of(edition) -> str:
    """Of a text in one language: an Edition or what becomes one."""
    words = (edition.language, edition.subject, edition.html, edition.text)
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def is_as_frozen(campaign) -> bool:
    """Whether what would be sent is what was frozen."""
    return hash_of_all(campaign.editions.all()) == campaign.content_hash


def _counted(campaign, language, links):
    """Links through the page that counts; `links` gathers {address: languages}."""

    def link(url):
        if len(url) > LONGEST_URL or not url.startswith(("https://", "http://")):
            return url
        languages = links.setdefault(url, [])
        if language not in languages:
            languages.append(language)
        return absolute(reverse("newsletters_plain:click", args=[link_uid(campaign, url)]))

    return link


def _edition(campaign, mail: Rendered, blocks):
    with translation.override(mail.language):
        parts = parts_of(blocks, mail.language)
    return Edition(
        campaign=campaign,
        language=mail.language,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        parts=[
            {"practice": part.block.practice_id, "event": part.block.event_id, "html": _for_page(part, mail.language)}
            for part in parts
        ],
        content_hash=hash_of(mail),
    )


def _for_page(part, language):
    """Within the site its own addresses need no host."""
    return fragment(part, language).replace(f'="{absolute("/")}', '="/')
