"""Pictures that people upload, checked by what is in them. What a browser says about a file is not asked."""

from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_IMAGE_PIXELS = 40_000_000
LONGEST_SIDE = 2400
"""Larger pictures are made smaller: no page shows more."""

IMAGE_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}


def clean_image(upload, *, longest=LONGEST_SIDE) -> ContentFile:
    """The picture drawn anew: without metadata, place and owner of the camera, upright, no side longer than `longest`.

    Raises ValidationError for what is no JPEG, PNG or WebP picture, is too large, or would unpack into too many pixels.
    """
    check_size(upload, MAX_IMAGE_BYTES)
    try:
        with Image.open(upload, formats=list(IMAGE_SUFFIXES)) as image:
            kind = image.format
            # The header alone has been read: a bomb is refused before it is unpacked.
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise ValidationError(_("This picture has too many pixels."))
            # A photograph is unpacked no larger than needed; the others are drawn in place: one worker, little memory.
            image.draft("RGB", (longest, longest))
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            drawn = image.copy() if max(image.size) <= longest else _smaller(image, longest)
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


def _smaller(image, longest):
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    image.thumbnail((longest, longest))
    return image


def check_size(upload, most: int) -> None:
    """Raise ValidationError where an upload has more bytes than `most`."""
    if upload.size > most:
        raise ValidationError(_("This file is too large: at most %(size)s.") % {"size": filesizeformat(most)})
