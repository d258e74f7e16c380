"""The state of translations, computed from texts alone: never from when something was saved.

A field is up to date while the source text is what it was when the translation was confirmed. A published change of
the source weighs minor, medium or major; a change taken back leaves no trace. Nothing here touches the database.
"""

from common.text import plain_from_rich
from practices.content import TEXTS, digest
from practices.models import Practice, Revision, Translation
from practices.search.vectors import RICH_FIELDS
from practices.wording import changed_words

State, Stage = Translation.State, Translation.Stage
Weight = Revision.Weight

NEEDED = ("title", "summary")
"""What a practice has in every language in which it exists."""

_URGENCY = (State.OUTDATED, State.NEEDS_UPDATE, State.MISSING)


# What the source says ----------------------------------------------------------------------------


def source_texts(practice: Practice) -> dict[str, str]:
    """{field: text} in the language the practice was written in; fields that say nothing are left out."""
    return {name: text for name in TEXTS if (text := practice.text(name, practice.source_language))}


def source_digest(practice: Practice) -> str:
    """Names what a translator had before the eyes, so that nobody confirms against a text that changed meanwhile."""
    return digest([practice.source_language, source_texts(practice)])


# Keeping up with the practice --------------------------------------------------------------------


def follow(translation: Translation, practice: Practice, before: dict[str, str] | None = None, weight="") -> None:
    """Bring a translation in line with what the practice says now.

    A text that came by another way than the translator's (an import, the administration, a revision) counts as
    confirmed against the source of this moment. `before` are the source texts of the former live version and `weight`
    that of the change since; where they are not known, a change weighs medium.
    """
    sources = source_texts(practice)
    if translation.source_language != practice.source_language:
        # Nothing can be compared across languages: what is there counts as holding.
        translation.source_language = practice.source_language
        translation.confirmed, translation.weights = {}, {}
    for name in TEXTS:
        source, target = sources.get(name, ""), practice.text(name, translation.language)
        known = translation.confirmed.get(name)
        if not target:
            translation.confirmed.pop(name, None)
            translation.weights.pop(name, None)
        elif known is None or known["target"] != digest(target):
            hold(translation, name, source, target)
        elif known["source"] == source:
            translation.weights.pop(name, None)
        else:
            _weigh(translation, name, known, source, target, None if before is None else before.get(name, ""), weight)
    measure(translation, practice)


def _weigh(translation, name, known, source, target, former, weight):
    """What a source text that differs from the confirmed one means for a field."""
    changed_now = former is not None and former != source
    if changed_now and weight == Weight.MINOR and known["source"] == former:
        hold(translation, name, source, target)
    elif changed_now and weight == Weight.MAJOR:
        translation.weights[name] = Weight.MAJOR.value
    else:
        translation.weights.setdefault(name, Weight.MEDIUM.value)


def hold(translation: Translation, name: str, source: str, target: str) -> None:
    """Note that the translation of a field holds for this source text."""
    translation.confirmed[name] = {"source": source, "target": digest(target)}
    translation.weights.pop(name, None)


# States ------------------------------------------------------------------------------------------


def field_state(translation: Translation, practice: Practice, name: str) -> State | None:
    """The state of one field; None where neither source nor translation say anything."""
    if name in translation.machine_fields:
        return State.MACHINE
    if name in translation.draft:
        return State.IN_REVIEW if translation.stage == Stage.IN_REVIEW else State.IN_TRANSLATION
    return _live_state(translation, practice, name)


def _live_state(translation, practice, name):
    source, target = practice.text(name, practice.source_language), practice.text(name, translation.language)
    if not target:
        return State.MISSING if source else None
    known = translation.confirmed.get(name)
    if known is None or known["source"] == source:
        return State.UP_TO_DATE
    return State.OUTDATED if translation.weights.get(name) == Weight.MAJOR else State.NEEDS_UPDATE


def measure(translation: Translation, practice: Practice) -> None:
    """Set the state of the whole language, what readers are told, and the words of work that are left."""
    live = {name: state for name in TEXTS if (state := _live_state(translation, practice, name))}
    exists = all(practice.text(name, translation.language) for name in NEEDED)
    translation.is_outdated = exists and State.OUTDATED in live.values()
    translation.state = _state(translation, live, exists)
    translation.words_missing = translation.words_changed = 0
    for name, state in live.items():
        if name in translation.draft and name not in translation.machine_fields:
            continue
        source = words_of(name, practice.text(name, practice.source_language))
        if state == State.MISSING:
            translation.words_missing += len(source.split())
        elif state != State.UP_TO_DATE:
            former = words_of(name, translation.confirmed[name]["source"])
            translation.words_changed += changed_words(former, source)


def _state(translation, live, exists):
    if translation.draft:
        if translation.stage == Stage.IN_REVIEW:
            return State.IN_REVIEW
        is_untouched = set(translation.draft) <= set(translation.machine_fields)
        return State.MACHINE if is_untouched else State.IN_TRANSLATION
    if not exists:
        return State.MISSING
    found = set(live.values())
    # A section that lacks in a language that readers have is an update to be made, not a missing language.
    urgent = next((state for state in _URGENCY if state in found), State.UP_TO_DATE)
    return State.NEEDS_UPDATE if urgent == State.MISSING else urgent


def words_of(name: str, text: str) -> str:
    """The words of a field without its markup, one line per block."""
    return plain_from_rich(text) if name in RICH_FIELDS else text
