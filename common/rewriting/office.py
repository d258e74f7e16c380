"""Word, Excel and PowerPoint documents (Office Open XML) without what they tell about people, machines and templates.

Only the parts that the document itself leads to are kept, so leftovers and whatever else was packed along stay behind.
"""

import posixpath
import re
from urllib.parse import unquote

from common.rewriting import Reason, RefusedError
from common.rewriting.archives import Archive, Budget, packed
from common.rewriting.markup import copied, copied_drawing, local
from common.rewriting.pictures import bare

MAIN_PARTS = {
    ".docx": "word/document.xml",
    ".xlsx": "xl/workbook.xml",
    ".pptx": "ppt/presentation.xml",
}
AUTHOR = "Author"
INITIALS = "A"
SOME_DAY = "2000-01-01T00:00:00.000"
MAX_DEPTH = 3
"""Of documents in documents: a chart in a presentation has its numbers in a workbook."""

_TYPES = "[Content_Types].xml"
_LEFT_OUT_RELATIONS = {
    *("core-properties", "extended-properties", "custom-properties", "thumbnail", "attachedTemplate"),
    *("printerSettings", "customXml", "customXmlProps", "tags", "changesInfo", "revisionInfo", "classificationlabels"),
    *("origin", "signature", "certificate", "extensibility", "ui", "userCustomization", "customProperty"),
    *("usernames", "revisionHeaders"),
}
"""By the last word of their types. Properties, thumbnails, templates' and printers' names, labels, signatures (void after
any change) and what add-ins keep for themselves."""
_LEFT_OUT_ELEMENTS = {
    *("rsids", "attachedTemplate", "docVars", "docId", "dataBinding", "presenceInfo", "printerSettings"),  # Word
    *("absPath", "fileSharing", "revisionPtr", "customProperties", "protectedRange"),  # Excel
    *("custDataLst",),  # PowerPoint
}
_LEFT_OUT_ATTRIBUTES = {"dateUtc", "refreshedBy", "refreshedDate", "dT", "odcFile", "sourceFile"}
_LINKS = re.compile(r"(https?|ftps?|mailto|tel|sip):", re.IGNORECASE)
_LOCAL_PATH = re.compile(r"([a-z]:[\\/]|\\\\|file:|/(home|users)/)", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml$", re.IGNORECASE)
_SHEET_PRINTER = re.compile(rb'(<(?:\w+:)?pageSetup\b[^>]*?)\s[\w.-]+:id\s*=\s*(?:"[^"]*"|\'[^\']*\')')
_SHEET_LEFT_OUT = re.compile(
    rb"<(?P<name>(?:\w+:)?(?:protectedRanges|customProperties))\b[^>]*(?:/>|>.*?</(?P=name)\s*>)|<!--.*?-->", re.DOTALL
)
_OLE = b"\xd0\xcf\x11\xe0"


def rewritten_office(data: bytes, suffix: str, *, budget: Budget | None = None, depth: int = 0) -> bytes:
    """The document without properties, thumbnail, names of authors and what the tables above name; it shows the same.

    Raises RefusedError for what is no such document, would unpack without end, is encrypted, holds macros or embedded
    objects that are no Office documents themselves.
    """
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        raise RefusedError(Reason.ENCRYPTED)
    archive = Archive(data, budget)
    if any(name.lower().endswith("vbaproject.bin") for name in archive.names()):
        raise RefusedError(Reason.MACROS)
    if MAIN_PARTS[suffix] not in archive:
        raise RefusedError(Reason.CONTENT)
    relations = {name: archive.read(name) for name in archive.names() if name.endswith(".rels")}
    kept = _reachable(archive, MAIN_PARTS[suffix], relations)
    return packed((name, _part(archive, name, relations, kept, depth)) for name in archive.names() if name in kept)


def _reachable(archive, main, relations):
    """The names of all parts that the document leads to by relations that are kept, and of the lists of relations."""
    by_name = {name.lower(): name for name in archive.names()}
    kept = {main, *({_TYPES} & set(archive.names()))}
    open_ends = ["", main]
    while open_ends:
        part = open_ends.pop()
        list_name = _relations_of(part)
        if list_name not in relations:
            continue
        kept.add(list_name)
        for target in _targets(relations[list_name], part):
            found = by_name.get(target.lower())
            if found and found not in kept and not found.endswith(".rels"):
                kept.add(found)
                open_ends.append(found)
    return kept


def _relations_of(part):
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _targets(data, part):
    found = []

    def collect(name, attributes):
        if local(name) == "Relationship" and not _is_left_out(attributes) and not _is_external(attributes):
            found.append(_resolved(attributes.get("Target", ""), part))
        return attributes

    copied(data, collect)
    return found


def _is_left_out(attributes):
    return attributes.get("Type", "").rpartition("/")[2] in _LEFT_OUT_RELATIONS


def _is_external(attributes):
    return attributes.get("TargetMode", "") == "External"


def _resolved(target, part):
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), path)).lstrip("/")


def _part(archive, name, relations, kept, depth):
    if name in relations:
        return copied(relations[name], _relation)
    data = archive.read(name)
    if name == _TYPES:
        paths = {f"/{part.lower()}" for part in kept}
        return copied(data, lambda element, attributes: _content_type(element, attributes, paths))
    lower = name.lower()
    if _SHEET.match(lower) and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Sheets can be a hundred megabytes of cells, in which nobody is named.
        return _SHEET_LEFT_OUT.sub(b"", _SHEET_PRINTER.sub(rb"\1", data))
    if lower.endswith(".svg"):
        return copied_drawing(data)
    if lower.endswith(".xml"):
        return copied(data, *_rules(lower))
    if data.startswith(b"PK\x03\x04"):
        return _embedded(archive, data, depth)
    if data.startswith(_OLE) or lower.endswith(".bin"):
        # A format of its own with authors and paths in it, that nothing here can clean.
        raise RefusedError(Reason.EMBEDDED)
    return bare(data)


def _embedded(archive, data, depth):
    if depth >= MAX_DEPTH:
        raise RefusedError(Reason.TOO_MUCH)
    inside = Archive(data, archive.budget)
    for suffix, main in MAIN_PARTS.items():
        if main in inside:
            return rewritten_office(data, suffix, budget=archive.budget, depth=depth + 1)
    raise RefusedError(Reason.EMBEDDED)


def _relation(element, attributes):
    if local(element) != "Relationship":
        return attributes
    if _is_left_out(attributes):
        return None
    if _is_external(attributes) and not _LINKS.match(attributes.get("Target", "")):
        if not attributes.get("Target", "").startswith("#"):
            # A path on somebody's machine. The relation stays: the text refers to it.
            return attributes | {"Target": "about:blank"}
    elif _is_external(attributes) and not attributes.get("Type", "").endswith("/hyperlink"):
        # What is fetched without a click tells its owner who reads.
        return attributes | {"Target": "about:blank"}
    return attributes


def _content_type(element, attributes, paths):
    if local(element) == "Override" and unquote(attributes.get("PartName", "")).lower() not in paths:
        return None
    return attributes


def _rules(name):
    """(element, text) for the copy of a part."""
    if not re.match(r"xl/comments[^/]*\.xml$|xl/comments/", name):
        return (_element,)
    authors = []

    def text(element, content):
        element = local(element)
        if element == "author":
            authors.append(content)
            return AUTHOR
        # Excel begins a comment with the name of who writes it.
        who = content.strip().removesuffix(":")
        return f"{AUTHOR}:" if element == "t" and who and who in authors else content

    return _element, text


def _element(element, attributes):
    element = local(element)
    if element in _LEFT_OUT_ELEMENTS:
        return None
    kept = {}
    names = {local(key): key for key in attributes}
    if element == "person" and "author" in names:
        return None
    for key, value in attributes.items():
        name = local(key)
        if name in _LEFT_OUT_ATTRIBUTES or name.startswith("rsid") or (name == "date" and "author" in names):
            continue
        kept[key] = _value(element, name, key, value)
    return kept


def _value(element, name, key, value):
    if name == "author":
        return AUTHOR
    if name == "initials":
        return INITIALS
    if name == "userName" or (element in ("author", "cmAuthor") and name == "name"):
        return AUTHOR
    if element in ("person", "author") and name in ("displayName", "userId", "providerId"):
        return {"displayName": AUTHOR, "userId": AUTHOR, "providerId": "None"}[name]
    if element == "cm" and name in ("dt", "created"):
        return SOME_DAY
    if element == "reply" and name == "created":
        return SOME_DAY
    if element == "dbPr" and name == "connection":
        return ""
    if element == "pageSetup" and name == "id" and ":" in key:
        return ""
    if name in ("descr", "title", "name", "uri") and _LOCAL_PATH.match(value):
        # Programs that look for a description take the path of the picture.
        return ""
    return value
