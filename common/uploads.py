"""Files that people upload, checked by what is in them. What a browser says about a file is not asked."""

import zipfile
from io import BytesIO
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_IMAGE_PIXELS = 40_000_000
LONGEST_SIDE = 2400
"""Larger pictures are made smaller: no page shows more."""

MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_RATIO = 100
MAX_ENTRIES = 5000
IMAGE_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
OFFICE_PARTS = {
    ".docx": "word/document.xml",
    ".xlsx": "xl/workbook.xml",
    ".pptx": "ppt/presentation.xml",
}
OPEN_DOCUMENT = {
    ".odt": b"application/vnd.oasis.opendocument.text",
    ".ods": b"application/vnd.oasis.opendocument.spreadsheet",
    ".odp": b"application/vnd.oasis.opendocument.presentation",
}
DOCUMENT_SUFFIXES = (".pdf", *OFFICE_PARTS, *OPEN_DOCUMENT, ".txt", ".csv")


def clean_image(upload) -> ContentFile:
    """The picture drawn anew: without metadata, place and owner of the camera, upright, in a size for pages.

    Raises ValidationError for what is no JPEG, PNG or WebP picture, is too large, or would unpack into too many pixels.
    """
    _check_size(upload, MAX_IMAGE_BYTES)
    try:
        with Image.open(upload, formats=list(IMAGE_SUFFIXES)) as image:
            kind = image.format
            # The header alone has been read: a bomb is refused before it is unpacked.
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise ValidationError(_("This picture has too many pixels."))
            # A photograph is unpacked no larger than needed; the others are drawn in place: one worker, little memory.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            drawn = image.copy() if max(image.size) <= LONGEST_SIDE else _smaller(image)
    except ValidationError:
        raise
    except Exception as error:
        # A decoder given hostile bytes may raise nearly anything.
        raise ValidationError(_("This is not a JPEG, PNG or WebP picture that can be read.")) from error
    drawn = drawn.convert("RGBA" if drawn.has_transparency_data and kind != "JPEG" else "RGB")
    bare = Image.new(drawn.mode, drawn.size)
    bare.paste(drawn)
    content = BytesIO()
    bare.save(content, kind, **({} if kind == "PNG" else {"quality": 85}))
    return ContentFile(content.getvalue(), name=f"picture{IMAGE_SUFFIXES[kind]}")


def _smaller(image):
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image


def check_document(upload) -> None:
    """Raise ValidationError where the content is not what the name's ending says, or would unpack without end."""
    _check_size(upload, MAX_DOCUMENT_BYTES)
    suffix = Path(upload.name).suffix.lower()
    if suffix not in DOCUMENT_SUFFIXES:
        raise ValidationError(
            _("Only these files are possible: %(endings)s.") % {"endings": " ".join(DOCUMENT_SUFFIXES)}
        )
    upload.seek(0)
    is_what_it_says = _is_pdf if suffix == ".pdf" else _is_text if suffix in (".txt", ".csv") else _is_office
    if not is_what_it_says(upload, suffix):
        raise ValidationError(
            _("The content of this file is not what its name says (%(ending)s).") % {"ending": suffix}
        )
    upload.seek(0)


def _check_size(upload, most):
    if upload.size > most:
        raise ValidationError(_("This file is too large: at most %(size)s.") % {"size": filesizeformat(most)})


def _is_pdf(upload, suffix):
    return upload.read(5) == b"%PDF-"


def _is_text(upload, suffix):
    start = upload.read(64 * 1024)
    return b"\0" not in start and start.lstrip()[:1] != b"<"


def _is_office(upload, suffix):
    try:
        with zipfile.ZipFile(upload) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries) or 1
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES or unpacked / packed > MAX_RATIO:
                raise ValidationError(_("This file would unpack into far too much."))
            names = archive.namelist()
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise ValidationError(_("Files with macros cannot be taken."))
            if suffix in OFFICE_PARTS:
                return OFFICE_PARTS[suffix] in names
            return "mimetype" in names and archive.open("mimetype").read(100) == OPEN_DOCUMENT[suffix]
    except ValidationError:
        raise
    except Exception:
        # As with pictures: zlib, struct and others each raise their own.
        return False
