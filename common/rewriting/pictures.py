"""Pictures and films inside documents: what their files say besides is left out, what they show stays bit for bit.

Pictures are not drawn anew like pictures of a page: a document may hold hundreds, in colours that only print knows.
"""

import re

from common.rewriting import Reason, RefusedError

PNG = b"\x89PNG\r\n\x1a\n"
JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_PNG_CHUNKS = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"pHYs"),
    *(b"bKGD", b"hIST", b"acTL", b"fcTL", b"fdAT"),
}
_WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_FLAGS = 0x04 | 0x08
"""The header says that XMP (4) and EXIF (8) follow."""
_FILM_TOLD = {b"udta", b"meta", b"uuid"}
_FILM_FOLDERS = {b"moov", b"trak", b"mdia", b"moof", b"traf"}
_PICTURE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif"}
"""Pictures in the form of a film, which keep the picture itself among what films tell."""
_ORIENTATION = 0x0112


def bare(data: bytes) -> bytes:
    """A JPEG, PNG, WebP or JPEG 2000 picture without EXIF, XMP, IPTC, comments, thumbnails and what follows its end; an MP4
    or QuickTime film without place, camera and names.

    A JPEG keeps which side is up, where it says so. Other content comes back as it is. Raises RefusedError (UNREADABLE).
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return b"".join(_jpeg(data))
        if data.startswith(PNG):
            return b"".join(_png(data))
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data.startswith(JP2):
            return b"".join(_jp2(data))
        if data[4:8] == b"ftyp" and data[8:12] not in _PICTURE_BRANDS:
            return _film(data)
    except (IndexError, ValueError) as error:
        raise RefusedError(Reason.UNREADABLE) from error
    return data


def _jpeg(data):
    yield data[:2]
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            yield b"\xff\xd9"
            return
        length = int.from_bytes(data[at : at + 2])
        if length < 2:
            raise ValueError("no segment")
        segment = data[at : at + length]
        at += length
        if marker == 0xDA:
            end = _SCAN_END.search(data, at)
            stop = end.start() if end else len(data)
            yield b"\xff\xda" + segment + data[at:stop]
            at = stop
        elif kept := _segment(marker, segment[2:]):
            yield bytes([0xFF, marker]) + (len(kept) + 2).to_bytes(2) + kept


def _segment(marker, content):
    if marker == 0xE1:
        return _upright(content)
    if marker == 0xE0:
        # Without the thumbnail that may follow.
        return content[:12] + b"\0\0" if content.startswith(b"JFIF\0") and len(content) >= 14 else b""
    if marker == 0xE2:
        return content if content.startswith(b"ICC_PROFILE\0") else b""
    if marker == 0xEE:
        return content[:12] if content.startswith(b"Adobe") else b""
    is_metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
    return b"" if is_metadata else content


def _upright(content):
    """EXIF that says which side is up and nothing else; empty where it is the usual one."""
    if not content.startswith(b"Exif\0\0"):
        return b""
    from PIL import Image

    try:
        found = Image.Exif()
        found.load(content)
        side = found.get(_ORIENTATION)
    except Exception:
        # Pillow given hostile bytes may raise nearly anything.
        return b""
    if side not in range(2, 9):
        return b""
    kept = Image.Exif()
    kept[_ORIENTATION] = side
    return kept.tobytes()


def _png(data):
    yield PNG
    at = len(PNG)
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + length + 12
        if end > len(data):
            raise ValueError("cut off")
        if kind in _PNG_CHUNKS:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end


def _webp(data):
    chunks = []
    at, end = 12, min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while at + 8 <= end:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = bytearray(data[at : at + 8 + length + length % 2])
        if kind == b"VP8X":
            chunk[8] &= ~_WEBP_FLAGS
        if kind in _WEBP_CHUNKS:
            chunks.append(bytes(chunk))
        at += 8 + length + length % 2
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def _film(data):
    """What tells is overwritten where it stands: the film names the places of its pictures."""
    film = bytearray(data)
    parts = [(0, len(film))]
    while parts:
        at, end = parts.pop()
        while at + 8 <= end:
            length, kind, head = int.from_bytes(film[at : at + 4]), bytes(film[at + 4 : at + 8]), 8
            if length == 1:
                length, head = int.from_bytes(film[at + 8 : at + 16]), 16
            elif length == 0:
                length = end - at
            if not head <= length <= end - at:
                raise ValueError("no box")
            if kind in _FILM_TOLD:
                film[at + 4 : at + 8] = b"free"
                film[at + head : at + length] = bytes(length - head)
            elif kind in _FILM_FOLDERS:
                parts.append((at + head, at + length))
            at += length
    return bytes(film)


def _jp2(data):
    at = 0
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        elif length == 0:
            length = len(data) - at
        if length < 8:
            raise ValueError("no box")
        if kind not in (b"xml ", b"uuid", b"uinf"):
            yield data[at : at + length]
        at += length
