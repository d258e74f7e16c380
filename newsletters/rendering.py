"""From the blocks of a newsletter to the finished text of one language.

Nothing here is stored or sent. What links become is the caller's: straight ones for previews, counted ones for mails.
"""

import html
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html

from common.addresses import absolute
from common.languages import direction
from common.localized import NOTHING, LocalizedText, localized, proper_name
from common.phrases import listed
from common.text import plain_from_rich
from events.addresses import address_in
from events.models import Event
from events.showing import when_in_words
from newsletters.composing import KEY, without_key
from newsletters.frames import preferences_address
from newsletters.models import Block, Campaign
from practices.models import Practice

MOST_BYTES = 100_000
"""Longer mails are cut off by large providers."""

SHOWN_WIDTH = 576
"""Of a picture in a mail, in CSS pixels; files have up to twice as many."""

_HREF = re.compile(r'(<a\s[^>]*?href=")([^"]*)(")')
_LINK = re.compile(r'<a\s[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_ITEM = re.compile(r"<li>")
_TOLD_STATES = (Event.Status.POSTPONED, Event.Status.CANCELLED)

Link = Callable[[str], str]
"""From an absolute address to the one that stands in the text."""


@dataclass(frozen=True, slots=True)
class Picture:
    url: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class Part:
    """One block as readers of a language get it. `title` and `summary` are of the practice or event it shows."""

    block: Block
    heading: str = ""
    text: str = ""
    title: LocalizedText = NOTHING
    summary: LocalizedText = NOTHING
    mark: str = ""
    """What one must know of an event before going there."""
    facts: tuple[str, ...] = ()
    url: str = ""
    picture: Picture | None = None

    @property
    def text_as_plain(self):
        """The own words without tags, the address of each link after it."""
        return plain_from_rich(_ITEM.sub("<li>– ", _LINK.sub(_told_with_address, self.text)))


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` and `text` hold newsletters.composing.KEY where the reader's own key goes."""

    language: str
    subject: str
    preheader: str
    html: str
    text: str
    parts: list[Part]

    @property
    def size(self):
        """Bytes of the HTML part."""
        return len(self.html.encode())


def straight(url: str) -> str:
    return url


def blocks_of(campaign) -> list[Block]:
    """The blocks with what they show, in a fixed number of statements."""
    return list(campaign.blocks.select_related("practice__city", "event__city"))


def languages_of(campaign) -> list[str]:
    """Those it is sent in, the one it was written in first."""
    return list(dict.fromkeys([campaign.source_language, *campaign.languages]))


def rendered(campaign: Campaign, language: str, blocks, link: Link = straight) -> Rendered:
    """The mail in one language, of the blocks from `blocks_of`; those without words in the language are left out.

    Readers' keys go into the layout's own links alone, wherever the words of coordinators and cities hold KEY.
    """
    own = secrets.token_hex(16)
    with translation.override(language):
        parts = parts_of(blocks, language, link)
        values = {
            "subject": getattr(campaign, f"subject_{language}"),
            "preheader": getattr(campaign, f"preheader_{language}"),
            "parts": parts,
            "browser_link": issue_address(campaign, language) if campaign.is_public else "",
            **surroundings(campaign, language, own),
        }
        page = render_to_string("mail/bulk/newsletter.html", values)
        text = render_to_string("mail/bulk/newsletter.txt", values).strip() + "\n"
    inlined = css_inline.inline(page, load_remote_stylesheets=False)
    inlined, text = (without_key(part).replace(own, KEY) for part in (inlined, _without_gaps(text)))
    subject, preheader = (without_key(values[name]) for name in ("subject", "preheader"))
    return Rendered(language, subject, preheader, inlined, text, parts)


def surroundings(campaign, language, key) -> dict:
    """What the layout of all bulk mail needs; `key` stands in its links."""
    network = campaign.network
    name = proper_name(network, language) if network else settings.SITE_NAME
    address = preferences_address(language).replace(KEY, key)
    return {
        "language": language,
        "direction": direction(language),
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL.rstrip("/"),
        "list_name": name,
        "isolated_name": format_html("<bdi>{}</bdi>", name),
        "preferences_url": address,
        "unsubscribe_url": address,
        "legal": settings.SENDER_ADDRESS,
    }


def issue_address(campaign, language) -> str:
    """Where anyone reads it in the browser, once it is sent."""
    with translation.override(language):
        return absolute(reverse("newsletters:issue", args=[campaign.pk]))


def fragment(part: Part, language: str) -> str:
    """One part by itself, for the page of the issue."""
    with translation.override(language):
        return render_to_string("mail/bulk/_part.html", {"part": part, "language": language})


# Parts -------------------------------------------------------------------------------------------


def parts_of(blocks, language, link: Link = straight) -> list[Part]:
    """What readers of a language get of the blocks, to be called in that language."""
    return [part for block in blocks if (part := part_of(block, language, link))]


def part_of(block, language, link: Link) -> Part | None:
    """None for a block that has nothing to say in the language."""
    heading, text = getattr(block, f"heading_{language}"), _linked(getattr(block, f"text_{language}"), link)
    words = {"block": block, "heading": heading, "text": text}
    match block.kind:
        case Block.Kind.PRACTICE if block.practice:
            return Part(**words, **_of_practice(block.practice, language, link))
        case Block.Kind.EVENT if block.event:
            return Part(**words, **_of_event(block.event, language, link))
        case Block.Kind.PICTURE if block.picture:
            return Part(**words, picture=_picture(block, language))
        case Block.Kind.TEXT if heading or text:
            return Part(**words)
    return None


def _of_practice(practice: Practice, language, link):
    city = practice.city
    place = () if practice.location_precision == Practice.Precision.HIDDEN or not city else _place(city, language)
    return _told(practice, language) | {"facts": place, "url": link(absolute(address_in(practice, language)))}


def _of_event(event: Event, language, link):
    mark = str(event.get_status_display()) if event.status in _TOLD_STATES else ""
    place = _place(event.city, language) if event.city and event.is_in_person else (event.get_mode_display(),)
    facts = (when_in_words(event), *map(str, place))
    url = link(absolute(address_in(event, language)))
    return _told(event, language) | {"mark": mark, "facts": facts, "url": url}


def _told(record, language):
    source = record.source_language
    return {name: localized(record, name, language, source) for name in ("title", "summary")}


def _place(city, language):
    return (listed(filter(None, (proper_name(city, language), str(city.country.name)))),)


def _picture(block, language):
    return Picture(
        urljoin(absolute("/"), block.picture.url),
        getattr(block, f"alt_{language}"),
        min(block.picture_width or SHOWN_WIDTH, SHOWN_WIDTH),
    )


def _linked(markup, link):
    """Sanitised HTML whose links lead where `link` says; addresses within the site become absolute."""

    def replaced(found):
        url = html.unescape(found[2])
        if not url.startswith("mailto:"):
            url = link(urljoin(absolute("/"), url))
        return f"{found[1]}{html.escape(url)}{found[3]}"

    return _HREF.sub(replaced, markup or "")


def _told_with_address(found):
    address, words = html.unescape(found[1]).removeprefix("mailto:"), found[2]
    return words if html.unescape(words) == address else f"{words} ({html.escape(address)})"


def _without_gaps(text):
    return re.sub(r"\n{3,}", "\n\n", text)
