"""What is wrong with a newsletter before it is sent, told per language."""

import html
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.languages import current_language, name_in, site_languages
from events.models import Event
from newsletters.composing import KEY
from newsletters.models import Block
from newsletters.rendering import MOST_BYTES, blocks_of, languages_of, rendered
from newsletters.services.recipients import dry_run
from practices.models import Practice

Kind = Block.Kind


@dataclass(frozen=True, slots=True)
class Problem:
    """`language` is "" for what concerns all. A hint keeps nothing from being sent."""

    code: str
    text: str
    language: str = ""
    is_hint: bool = False
    number: int = 0
    """The block's, where it is about one."""

    def __str__(self):
        if not self.language:
            return self.text
        return f"{name_in(self.language, current_language())}: {self.text}"

    @property
    def note(self):
        """What is kept of it, in no language; `in_words` reads it."""
        return f"{self.code}:{self.language}:{self.number}"


TEXTS = {
    "no-recipients": gettext_lazy("Nobody gets this newsletter: it has no subscribers yet."),
    "empty": gettext_lazy("Block %(number)s is empty."),
    "practice-not-public": gettext_lazy("The practice in block %(number)s is not public."),
    "event-not-public": gettext_lazy("The event in block %(number)s is not public."),
    "no-subject": gettext_lazy("The subject is missing."),
    "no-content": gettext_lazy("No block has a text."),
    "key-in-subject": gettext_lazy("The subject or the preview line holds “%(key)s”: take it out."),
    "key": gettext_lazy("Block %(number)s holds “%(key)s”: take it out."),
    "no-alt": gettext_lazy("Block %(number)s does not say what the picture shows."),
    "too-long": gettext_lazy("The mail is longer than %(most)s kB: mail programs would cut it off."),
}
"""What keeps a newsletter from being sent."""


def _problem(code, language="", number=0) -> Problem:
    values = {"number": number, "key": KEY, "most": MOST_BYTES // 1000}
    return Problem(code, TEXTS[code] % values, language, number=number)


def in_words(note: str) -> str | None:
    """The problems of a note, "code:language:number code:…", in the reader's language; None for another note."""
    found = [item.split(":") for item in note.split()]
    if not found or any(len(item) != 3 or item[0] not in TEXTS or not item[2].isdecimal() for item in found):
        return None
    return " ".join(str(_problem(code, language, int(number))) for code, language, number in found)


def problems_of(campaign) -> list[Problem]:
    """All that speaks against sending it, then hints; in the reader's language."""
    blocks = blocks_of(campaign)
    found = [*_of_blocks(blocks), *_of_recipients(campaign)]
    for language in languages_of(campaign):
        found += _of_language(campaign, language, blocks)
    return sorted(found, key=lambda problem: problem.is_hint)


def refuse_problems(campaign) -> None:
    """Raise ValidationError (code "problems") where the newsletter cannot be sent as it is."""
    found = [problem for problem in problems_of(campaign) if not problem.is_hint]
    if found:
        raise ValidationError([ValidationError(str(problem), code="problems") for problem in found])


def _of_recipients(campaign):
    if not dry_run(campaign).recipients:
        yield _problem("no-recipients")


def _of_blocks(blocks):
    practices = _public(Practice, [block.practice_id for block in blocks])
    events = _public(Event, [block.event_id for block in blocks])
    for number, block in enumerate(blocks, start=1):
        lacking = {Kind.PRACTICE: block.practice, Kind.EVENT: block.event, Kind.PICTURE: block.picture}
        has_words = any(getattr(block, f"{name}_{code}") for name in ("heading", "text") for code in site_languages())
        if (block.kind == Kind.TEXT and not has_words) or not lacking.get(block.kind, True):
            yield _problem("empty", number=number)
        if block.kind == Kind.PRACTICE and block.practice and block.practice_id not in practices:
            yield _problem("practice-not-public", number=number)
        if block.kind == Kind.EVENT and block.event and block.event_id not in events:
            yield _problem("event-not-public", number=number)


def _public(model, ids):
    return set(model.objects.public().filter(pk__in=[pk for pk in ids if pk]).values_list("pk", flat=True))


def _of_language(campaign, language, blocks):
    if not getattr(campaign, f"subject_{language}"):
        yield _problem("no-subject", language)
    if any(KEY in getattr(campaign, f"{name}_{language}") for name in ("subject", "preheader")):
        yield _problem("key-in-subject", language)
    mail = rendered(campaign, language, blocks)
    if not mail.parts:
        yield _problem("no-content", language)
    numbers = {block.pk: number for number, block in enumerate(blocks, start=1)}
    for part in mail.parts:
        number = numbers[part.block.pk]
        if any(KEY in words for words in _words_of(part)):
            yield _problem("key", language, number)
        if part.picture and not part.picture.alt:
            yield _problem("no-alt", language, number)
        if part.title.is_fallback:
            values = {"number": number, "language": name_in(part.title.language, current_language())}
            yield Problem("fallback", _("Block %(number)s is told in %(language)s.") % values, language, is_hint=True)
    shown = {part.block.pk for part in mail.parts}
    if mail.parts:
        for block in blocks:
            if block.pk not in shown:
                text = _("Block %(number)s has no text and is left out.") % {"number": numbers[block.pk]}
                yield Problem("left-out", text, language, is_hint=True)
    if mail.size > MOST_BYTES:
        yield _problem("too-long", language)


def _words_of(part):
    """All that a part shows, as it is written and as mail programs would read it."""
    alt = part.picture.alt if part.picture else ""
    yield from (part.heading, part.text, html.unescape(part.text), part.text_as_plain, alt)
    yield from map(str, (part.title, part.summary, *part.facts))
