"""Documents that people upload, checked by what is in them and written anew without metadata."""

import subprocess
import sys
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from common.rewriting import Reason
from common.uploads import check_size

MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 20
"""Of the clock. The web server in front waits 30."""
REWRITTEN_SUFFIXES = (".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
TEXT_SUFFIXES = (".txt", ".csv")
DOCUMENT_SUFFIXES = (*REWRITTEN_SUFFIXES, *TEXT_SUFFIXES)
_CHECKOUT = Path(__file__).resolve().parent.parent


def clean_document(upload) -> ContentFile:
    """The document without names of people, programs and machines, times and hidden parts; texts as they are.

    Raises ValidationError where the content is not what the name's ending says, cannot be read, is encrypted, would
    unpack without end, or holds macros or other files.
    """
    check_size(upload, MAX_DOCUMENT_BYTES)
    suffix = Path(upload.name).suffix.lower()
    if suffix not in DOCUMENT_SUFFIXES:
        raise ValidationError(
            _("Only these files are possible: %(endings)s.") % {"endings": " ".join(DOCUMENT_SUFFIXES)}
        )
    upload.seek(0)
    data = upload.read()
    if suffix in REWRITTEN_SUFFIXES:
        data = _rewritten(data, suffix)
    elif not _is_text(data):
        raise ValidationError(_told(Reason.CONTENT, suffix))
    return ContentFile(data, name=f"document{suffix}")


def _is_text(data):
    start = data[: 64 * 1024]
    return b"\0" not in start and start.lstrip()[:1] != b"<"


def _rewritten(data, suffix):
    """By a process of its own, which has little memory and time, and none of our secrets in its environment."""
    command = [sys.executable, "-m", "common.rewriting", suffix]
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_CHECKOUT,
            env={"PYTHONIOENCODING": "utf-8"},
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValidationError(_told(Reason.TOO_MUCH, suffix)) from error
    if done.returncode == 0:
        return done.stdout
    # A negative status: ended by the system, at the limit of time or, in a library, of memory.
    reason = Reason.TOO_MUCH if done.returncode < 0 else done.returncode
    if reason not in list(Reason):
        raise RuntimeError(f"The process that rewrites documents ended with {reason}.")
    raise ValidationError(_told(reason, suffix))


def _told(reason, suffix):
    if reason == Reason.CONTENT:
        return _("The content of this file is not what its name says (%(ending)s).") % {"ending": suffix}
    if reason == Reason.ENCRYPTED:
        return _("This file is protected by a password. Please save it without one.")
    if reason == Reason.TOO_MUCH and suffix == ".pdf":
        return _("This PDF is too long or too complicated to be checked. Please make it shorter or simpler.")
    if reason == Reason.TOO_MUCH:
        return _("This file would unpack into far too much.")
    if reason == Reason.MACROS:
        return _("Files with macros cannot be taken.")
    if reason == Reason.EMBEDDED:
        return _(
            "Another file is embedded in this one, and we cannot remove the names of people from it."
            " Please take it out, or save the document as a PDF."
        )
    return _("This file is damaged or cut off. Please open it, save it again and try once more.")
