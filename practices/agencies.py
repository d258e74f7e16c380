"""Work for translation agencies: files for a selection of practices, and what comes back, as drafts."""

import io
import zipfile
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from practices.models import Practice
from practices.rules import may_translate
from practices.services import drafts_of_others, save_draft, translation_of
from practices.xliff import MAX_BYTES, UnreadableXliffError, read_xliff, translated_text, write_xliff

MOST_PRACTICES = 200
MAX_UPLOAD = 5 * 1024 * 1024
MAX_UNPACKED = 20 * 1024 * 1024


def file_name(practice: Practice, language: str) -> str:
    return f"practice-{practice.pk}-{practice.source_language}-{language}.xlf"


def export(practices: list[Practice], language: str) -> tuple[str, str, bytes]:
    """(file name, content type, data): one file, or a ZIP archive of several."""
    files = {
        file_name(practice, language): write_xliff(practice, translation_of(practice, language))
        for practice in practices
    }
    if len(files) == 1:
        [(name, data)] = files.items()
        return name, "application/x-xliff+xml", data
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return f"practices-{language}.zip", "application/zip", packed.getvalue()


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a file or (`field`) with one unit of it."""

    file: str
    field: str
    reason: str


@dataclass
class ImportOutcome:
    """What came of an upload. With any complaint nothing was stored."""

    complaints: list[Complaint] = field(default_factory=list)
    practices: list[Practice] = field(default_factory=list)
    texts: int = 0


def import_files(name: str, data: bytes, *, language: str, actor) -> ImportOutcome:
    """Keep the translations of a file or an archive as drafts: all of them or none. `language` is what is expected."""
    outcome = ImportOutcome()
    try:
        files = _unpacked(name, data)
    except UnreadableXliffError as error:
        outcome.complaints.append(Complaint(name, "", str(error)))
        return outcome
    with transaction.atomic():
        for file, content in files:
            try:
                entries = read_xliff(content)
            except UnreadableXliffError as error:
                outcome.complaints.append(Complaint(file, "", str(error)))
                continue
            for entry in entries:
                _import_entry(file, entry, language, actor, outcome)
        if outcome.complaints:
            transaction.set_rollback(True)
            outcome.practices, outcome.texts = [], 0
    return outcome


def _unpacked(name, data):
    """[(file name, content)]; an archive is bounded by what it says and by what comes out of it."""
    if len(data) > MAX_UPLOAD:
        raise UnreadableXliffError(_("The upload is too large: at most 5 MB."))
    if not data.startswith(b"PK\x03\x04"):
        return [(name, data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_PRACTICES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise UnreadableXliffError(_("The archive holds too much."))
            files = []
            for entry in entries:
                with archive.open(entry) as packed:
                    files.append((entry.filename, packed.read(MAX_BYTES + 1)))
            return files
    except UnreadableXliffError:
        raise
    except Exception as error:
        # Hostile bytes make zlib, struct and others raise errors of their own.
        raise UnreadableXliffError(_("The archive cannot be read.")) from error


def _import_entry(file, entry, language, actor, outcome):
    def complain(reason, unit=""):
        outcome.complaints.append(Complaint(file, unit, str(reason)))

    practice = Practice.objects.published().filter(pk=entry.practice_id).first()
    if practice is None or not may_translate(actor, practice, language):
        complain(_("There is no practice %(number)s that you translate.") % {"number": entry.practice_id})
        return
    if entry.target_language != language or entry.source_language != practice.source_language:
        complain(
            _("The file translates from “%(source)s” to “%(target)s”; expected: “%(wanted)s” to “%(language)s”.")
            % {
                "source": entry.source_language[:10],
                "target": entry.target_language[:10],
                "wanted": practice.source_language,
                "language": language,
            }
        )
        return
    for unit in entry.unknown:
        complain(_("There is no such field, or it is there twice."), unit)
    texts = {}
    for name, unit in entry.units.items():
        text, problem = translated_text(practice, name, unit)
        if problem:
            complain(problem, name)
        elif text:
            texts[name] = text
    row = translation_of(practice, language)
    for name in drafts_of_others(row, texts, actor):
        if row.draft[name] != texts[name]:
            complain(_("Somebody else is translating this field at the desk."), name)
    if outcome.complaints:
        return
    try:
        saved = save_draft(practice, language, texts, actor=actor, seen=row.counter).saved
    except ValidationError as error:
        for name, reasons in error.message_dict.items():
            complain(" ".join(reasons), name)
        return
    outcome.practices.append(practice)
    outcome.texts += len(saved)
