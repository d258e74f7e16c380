"""Translating practices: drafts that only the desk sees, and what is confirmed for readers."""

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.background import enqueue
from common.languages import site_languages
from practices.content import TEXTS
from practices.models import Practice, PracticeVersion, Translation
from practices.rules import can_decide, may_translate
from practices.search.indexing import bump_version, reindex
from practices.services.editing import SaveOutcome, clean_changes, written_in
from practices.services.following import new_translation
from practices.services.versions import keep_former, keep_version
from practices.translating import NEEDED, Stage, follow, hold, measure, source_digest, source_texts


def translation_of(practice: Practice, language: str) -> Translation:
    """The state of a practice in a language, for showing it; not stored where nothing was translated yet."""
    row = practice.translations.filter(language=language).first() or new_translation(practice, language)
    row.practice = practice
    follow(row, practice)
    return row


def _locked(practice, language, actor):
    """(practice, translation) as they are stored now, if the actor may translate it."""
    if language not in site_languages():
        raise PermissionDenied
    practice = Practice.objects.select_for_update(of=["self"]).get(pk=practice.pk)
    is_live = practice.status == Practice.Status.PUBLISHED and language != practice.source_language
    if not is_live or not (actor is None or may_translate(actor, practice, language)):
        raise PermissionDenied
    row = Translation.objects.select_for_update().filter(practice=practice, language=language).first()
    row = row or new_translation(practice, language)
    row.practice = practice
    follow(row, practice)
    return practice, row


# Drafts ------------------------------------------------------------------------------------------


@transaction.atomic
def save_draft(
    practice: Practice, language: str, changes: dict[str, str], *, actor, seen: int, window: str = ""
) -> SaveOutcome:
    """Keep what a translator wrote, field by field; readers see nothing of it until it is confirmed.

    `seen` is the counter of the state the changes were made on, `window` names the page in which they were typed: a field
    that was changed elsewhere after that keeps the text of there and comes back as a conflict.
    Raises ValidationError {field: errors} for texts that do not fit.
    """
    practice, row = _locked(practice, language, actor)
    changes = _cleaned(changes, language)
    conflicts, saved = {}, []
    for name, text in changes.items():
        shown = row.draft.get(name, practice.text(name, language))
        if shown == text and name not in row.machine_fields:
            continue
        last = row.changed_at_save.get(name)
        if shown != text and last and last["at"] > seen and written_in(last) != (actor.pk, window):
            conflicts[name] = {"theirs": shown, "by": last["name"] or _("Former member")}
            continue
        saved.append(name)
    if saved:
        _put(row, practice, {name: changes[name] for name in saved}, by=actor, window=window)
        row.machine_fields = [name for name in row.machine_fields if name not in saved]
        if row.stage != Stage.IN_REVIEW or row.translator_id == actor.pk:
            row.stage = Stage.IN_TRANSLATION
            row.translator = actor
        _keep(row)
    return SaveOutcome(row.counter, saved, conflicts)


def _put(row, practice, texts, *, by, window=""):
    """Write texts into the draft; one that readers have already is no draft."""
    row.counter += 1
    mark = (
        {"at": row.counter, "by": by.pk, "name": str(by), "window": window}
        if by
        else {"at": 0, "by": None, "name": ""}
    )
    for name, text in texts.items():
        if text == practice.text(name, row.language):
            row.draft.pop(name, None)
        else:
            row.draft[name] = text
        row.changed_at_save[name] = mark


def _keep(row):
    if not row.draft:
        row.machine_fields = []
        row.stage = Stage.CONFIRMED if row.confirmed else Stage.IN_TRANSLATION
    measure(row, row.practice)
    row.save()


def _cleaned(changes, language):
    """The texts as they are stored. Raises ValidationError by field, without the language."""
    unknown = set(changes) - set(TEXTS)
    if unknown:
        raise ValidationError(_("Unknown field: %(name)s") % {"name": ", ".join(sorted(unknown))})
    try:
        cleaned = clean_changes({f"{name}_{language}": text for name, text in changes.items()})
    except ValidationError as error:
        raise ValidationError(
            {column.removesuffix(f"_{language}"): errors for column, errors in error.error_dict.items()}
        ) from error
    return {column.removesuffix(f"_{language}"): text for column, text in cleaned.items()}


@transaction.atomic
def mark_as_read(practice: Practice, language: str, names: Iterable[str], *, actor) -> Translation:
    """A person has read these machine drafts and stands by them."""
    practice, row = _locked(practice, language, actor)
    read = set(names) & set(row.machine_fields)
    if read:
        row.machine_fields = [name for name in row.machine_fields if name not in read]
        if row.stage == Stage.MACHINE:
            row.stage = Stage.IN_TRANSLATION
        row.translator = actor
        _keep(row)
    return row


# On the way to readers ---------------------------------------------------------------------------


@transaction.atomic
def send_to_review(practice: Practice, language: str, *, actor) -> Translation:
    """Ask another person who may translate it to look at a draft before readers see it."""
    practice, row = _locked(practice, language, actor)
    _refuse_unread(row)
    if not row.draft:
        raise ValidationError(_("There is no draft to look at."))
    row.stage, row.translator = Stage.IN_REVIEW, actor
    _keep(row)
    return row


@transaction.atomic
def want_second_look(practice: Practice, language: str, wanted: bool, *, actor) -> Translation:
    """A coordinator's wish: whoever wrote a draft does not confirm it."""
    practice, row = _locked(practice, language, actor)
    if not can_decide(actor, practice):
        raise PermissionDenied
    row.second_look = wanted
    _keep(row)
    return row


@transaction.atomic
def confirm_translation(practice: Practice, language: str, *, actor, against: str) -> Translation:
    """Give readers the draft: record, history and index in one transaction.

    `against` is the `source_digest` the translator had before the eyes. Only what was drafted is confirmed by this; a
    field whose source changed and that nobody touched stays as it is marked. Raises ValidationError, by field where it
    is about one: machine drafts nobody has read, texts too long, no title or summary, a source that changed meanwhile.
    """
    practice, row = _locked(practice, language, actor)
    _refuse_changed(practice, against)
    if not row.draft:
        raise ValidationError(_("There is no draft to confirm."))
    _refuse_unread(row)
    if (row.second_look or row.stage == Stage.IN_REVIEW) and row.translator_id == actor.pk:
        raise ValidationError(_("Another person has to confirm this translation: you wrote it."), code="second-look")
    texts = _cleaned(row.draft, language)
    missing = [name for name in NEEDED if not texts.get(name, practice.text(name, language))]
    if missing:
        raise ValidationError(dict.fromkeys(missing, _("Readers need this in their language first.")))
    _write(practice, language, texts)
    sources = source_texts(practice)
    for name, text in texts.items():
        if text:
            hold(row, name, sources.get(name, ""), text)
    row.draft, row.stage = {}, Stage.CONFIRMED
    follow(row, practice)
    _keep(row)
    _tell_readers(practice, actor)
    return row


def _refuse_changed(practice, against):
    if against != source_digest(practice):
        raise ValidationError(
            _("The original changed while you were working. Look at the marked sentences, then confirm again."),
            code="changed",
        )


def _refuse_unread(row):
    if row.machine_fields:
        raise ValidationError(
            dict.fromkeys(row.machine_fields, _("A machine wrote this. Read it, then change it or tick that you did."))
        )


def _write(practice, language, texts):
    keep_former([practice.pk])
    columns = {f"{name}_{language}": text for name, text in texts.items()}
    for column, text in columns.items():
        setattr(practice, column, text)
    practice.save(update_fields=[*columns, "updated_at"])


def _tell_readers(practice, actor):
    reindex([practice.pk])
    keep_version(practice, PracticeVersion.Cause.TRANSLATED, actor=actor)


@transaction.atomic
def still_fine(practice: Practice, language: str, names: Iterable[str], *, actor, against: str) -> Translation:
    """The translation of these fields holds for the source as it is now, though that was changed."""
    practice, row = _locked(practice, language, actor)
    _refuse_changed(practice, against)
    sources = source_texts(practice)
    for name in set(names) & set(row.confirmed):
        hold(row, name, sources.get(name, ""), practice.text(name, language))
    _keep(row)
    bump_version("practices")  # Pages say whether the text is outdated.
    return row


@transaction.atomic
def withdraw_translation(practice: Practice, language: str, *, actor) -> Translation:
    """Take a translation from the readers; its texts stay as a draft, so that nobody's work is lost."""
    practice, row = _locked(practice, language, actor)
    live = {name: text for name in TEXTS if (text := practice.text(name, language))}
    if not live:
        raise ValidationError(_("Readers have no translation in this language."))
    _write(practice, language, dict.fromkeys(live, ""))
    row.draft = live | row.draft
    row.stage = Stage.IN_TRANSLATION
    follow(row, practice)
    _keep(row)
    _tell_readers(practice, actor)
    return row


# Machine drafts ----------------------------------------------------------------------------------


def machine_translation_is_on() -> bool:
    return bool(settings.MACHINE_TRANSLATION["PROVIDER"])


@transaction.atomic
def ask_machine(practice: Practice, language: str, *, actor) -> Translation:
    """Have a worker fetch drafts of the fields that lack; what comes of it stands in the row."""
    practice, row = _locked(practice, language, actor)
    if not machine_translation_is_on():
        raise ValidationError(_("No translation service is set up."))
    if not practice.is_public:
        raise ValidationError(_("What is not public is not sent to a translation service."))
    row.machine_asked_at, row.machine_problem = timezone.now(), ""
    _keep(row)
    enqueue("practices.tasks.translate_by_machine", row.pk)
    return row


def wanted_from_machine(row: Translation) -> dict[str, str]:
    """{field: source text} of the fields that have neither text nor draft."""
    return {
        name: text
        for name, text in source_texts(row.practice).items()
        if name not in row.draft and not row.practice.text(name, row.language)
    }


@transaction.atomic
def store_machine_draft(row: Translation, texts: dict[str, str], sources: dict[str, str]) -> Translation:
    """Keep what a machine made of `sources`, marked as unread. Fields that a person or the source changed are left."""
    practice, row = _locked(row.practice, row.language, None)
    wanted = wanted_from_machine(row)
    kept = {}
    for name, text in texts.items():
        gate = Practice._meta.get_field(f"{name}_{row.language}").gate
        # A machine may write more than fits: a person shortens it before it can be confirmed.
        if wanted.get(name) == sources[name] and (cleaned := gate(text)):
            kept[name] = cleaned
    row.machine_asked_at = None
    if kept:
        is_first = not row.draft
        _put(row, practice, kept, by=None)
        row.machine_fields = [*row.machine_fields, *kept]
        row.stage = Stage.MACHINE if is_first else Stage.IN_TRANSLATION
    _keep(row)
    return row


def note_machine_problem(translation_id: int, problem: str) -> None:
    """Tell the people at the desk why there is no draft."""
    Translation.objects.filter(pk=translation_id).update(machine_asked_at=None, machine_problem=problem)


# From agencies -----------------------------------------------------------------------------------


def drafts_of_others(row: Translation, names: Iterable[str], actor) -> list[str]:
    """Fields whose draft another person wrote: a file must not replace it unseen."""
    return [
        name
        for name in names
        if name in row.draft
        and name not in row.machine_fields
        and row.changed_at_save.get(name, {}).get("by") not in (None, actor.pk)
    ]
