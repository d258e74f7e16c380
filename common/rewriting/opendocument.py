"""Texts, tables and presentations of LibreOffice (OpenDocument) without what they tell about people and machines."""

import re

from common.rewriting import Reason, RefusedError
from common.rewriting.archives import Archive, packed
from common.rewriting.markup import copied, copied_drawing, local
from common.rewriting.pictures import bare

KINDS = {
    ".odt": b"application/vnd.oasis.opendocument.text",
    ".ods": b"application/vnd.oasis.opendocument.spreadsheet",
    ".odp": b"application/vnd.oasis.opendocument.presentation",
}
AUTHOR = "Author"
INITIALS = "A"
SOME_DAY = "2000-01-01T00:00:00"

_MANIFEST = "META-INF/manifest.xml"
_LEFT_OUT = re.compile(
    r"(.*/)?(Thumbnails/|Configurations2/|Basic/|Scripts/|Dialogs/|Versions/|VersionList\.xml$|layout-cache$|manifest\.rdf$"
    r"|META-INF/(?!manifest\.xml$))"
)
"""Thumbnails, toolbars, macros, older versions, caches, signatures (void after any change)."""
_LEFT_OUT_ELEMENTS = {"scripts", "event-listeners"}
_LEFT_OUT_SETTINGS = re.compile(r"(Printer|PrintFax|CurrentDatabase|Rsid|ModifyPassword|.*(URL|Path)$)", re.IGNORECASE)
_META = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-meta'
    b' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="%s"><office:meta/>'
    b"</office:document-meta>"
)
_VERSION = re.compile(rb'office:version="(\d\.\d)"')
_OUTSIDE = re.compile(r"(file:|[a-z]:[\\/]|\\\\|/|\.\./)", re.IGNORECASE)
_REMOTE = re.compile(r"(https?|ftps?):", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"


def rewritten_opendocument(data: bytes, suffix: str) -> bytes:
    """The document with empty properties and without names of authors, times of changes, printers, thumbnails, macros.

    Raises RefusedError for what is no such document, would unpack without end, is encrypted or holds other files.
    """
    archive = Archive(data)
    if "mimetype" not in archive or archive.read("mimetype") != KINDS[suffix]:
        raise RefusedError(Reason.CONTENT)
    if _MANIFEST in archive and b"encryption-data" in archive.read(_MANIFEST):
        raise RefusedError(Reason.ENCRYPTED)
    names = [name for name in archive.names() if name != "mimetype" and not _LEFT_OUT.match(name)]
    # The first file, not compressed, tells programs what this is.
    kind = ("mimetype", KINDS[suffix])
    return packed([kind, *((name, _part(archive, name, names)) for name in names)], stored=("mimetype",))


def _part(archive, name, names):
    data = archive.read(name)
    if name == _MANIFEST:
        return copied(data, lambda element, attributes: _manifest(element, attributes, names))
    last = name.rpartition("/")[2].lower()
    if last == "meta.xml":
        version = _VERSION.search(data)
        return _META % (version[1] if version else b"1.3")
    if last.endswith(".svg"):
        return copied_drawing(data)
    if last.endswith(".xml"):
        return copied(data, _element, _text)
    if data.startswith((_OLE, b"PK\x03\x04")):
        raise RefusedError(Reason.EMBEDDED)
    return bare(data)


def _manifest(element, attributes, names):
    path = attributes.get("manifest:full-path", "")
    if local(element) != "file-entry" or path in names or path == "/":
        return attributes
    is_folder = path.endswith("/") and any(name.startswith(path) for name in names)
    return attributes if is_folder else None


def _element(element, attributes):
    name = local(element)
    if name in _LEFT_OUT_ELEMENTS:
        return None
    if name == "config-item" and _LEFT_OUT_SETTINGS.match(attributes.get("config:name", "")):
        return None
    return {key: _value(name, key, value) for key, value in attributes.items() if not key.endswith((":rsid", "-rsid"))}


def _value(element, key, value):
    if key != "xlink:href":
        return value
    # A path on somebody's machine; and what is fetched without a click tells its owner who reads.
    return "#" if _OUTSIDE.match(value) or (element != "a" and _REMOTE.match(value)) else value


def _text(element, content):
    if not content.strip():
        return content
    if element == "dc:creator":
        return AUTHOR
    if element in ("meta:creator-initials", "loext:sender-initials"):
        return INITIALS
    return SOME_DAY if element in ("dc:date", "meta:date-string") else content
