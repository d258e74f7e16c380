"""PDF documents without what they tell about people, and without what they do by themselves.

The document is not changed but written anew: what its last version leads to, walked from the catalogue with a list of
open ends (depth costs nothing), in objects with new numbers. What nothing leads to - older versions, deleted pages -
stays behind. Streams of pages are copied as they are packed; only lists of objects are ever unpacked.
"""

import io
import re
import zlib
from hashlib import sha256

from pypdf import PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PyPdfError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
)

from common.rewriting import UNREADABLE_ERRORS, Reason, RefusedError
from common.rewriting.pictures import bare

MAX_PAGES = 3000
MAX_OBJECTS = 400_000
MAX_LIST_BYTES = 16 * 1024 * 1024
"""Of one list of objects, unpacked."""
MAX_LISTS_BYTES = 64 * 1024 * 1024
OBJECTS_IN_LIST = 200

_CATALOGUE = {
    *("/Type", "/Version", "/Extensions", "/Pages", "/PageLabels", "/Names", "/Dests", "/ViewerPreferences"),
    *("/PageLayout", "/PageMode", "/Outlines", "/AcroForm", "/StructTreeRoot", "/MarkInfo", "/Lang", "/OutputIntents"),
    *("/OCProperties",),
}
_LEFT_OUT = {
    *("/Metadata", "/PieceInfo", "/LastModified", "/Info", "/SpiderInfo", "/Thumb", "/CreatorInfo", "/OPI"),
    *("/OpenAction", "/AA", "/JS", "/JavaScript", "/XFA", "/PresSteps"),
    *("/EmbeddedFiles", "/EF", "/RF", "/AF", "/Collection", "/Renditions", "/AlternatePresentations", "/Templates"),
    *("/Perms", "/DSS", "/Legal", "/SigFlags", "/FFilter", "/FDecodeParms"),
}
_LEFT_OUT_OF_PAGE = {"/B"}
"""The articles that a page takes part in have information of their own."""
_LEFT_OUT_OF_COMMENT = {"/T", "/M", "/CreationDate", "/NM"}
_NAMED_BY_WRITER = {
    *("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties", "/CharProcs"),
    *("/Dests", "/ClassMap", "/RoleMap", "/Fonts"),
}
"""Dictionaries whose keys are names that the program chose: they may read like any of those above."""
_FOREIGN_ACTIONS = {
    *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/Movie", "/Sound", "/GoToR", "/GoToE"),
    *("/RichMediaExecute", "/GoTo3DView", "/Thread"),
}
"""They reach out of the document, run programs or name files of the writer's machine."""
_FOREIGN_COMMENTS = {"/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia", "/3D"}
_FOREIGN_TYPES = {"/EmbeddedFile", "/Sig", "/DocTimeStamp", "/Metadata"}
_LISTS = {"/Annots", "/K", "/Kids", "/Fields", "/Next", "/CO"}
"""Arrays that become shorter by what is left out; in others places have a meaning."""
_LINKS = re.compile(r"\s*(javascript|file|data|vbscript)\s*:", re.IGNORECASE)
_HEADER = re.compile(r"\d\.\d")


def rewritten_pdf(data: bytes) -> bytes:
    """The document as its last version shows it, with tags, outlines, links, fields and language.

    Left out: information, XMP and all other metadata, thumbnails, scripts, actions that reach out of the document,
    embedded files, sound and film, signatures (void after any change), names of authors and times of comments.
    Raises RefusedError for what cannot be read, is encrypted or too much.
    """
    if not data.startswith(b"%PDF-"):
        raise RefusedError(Reason.CONTENT)
    if b"%%EOF" not in data.rstrip(b"\0\r\n\t ")[-2048:]:
        # Cut off: what could be saved of it would pass for the whole.
        raise RefusedError(Reason.UNREADABLE)
    limits = {
        "maximum_declared_stream_length": len(data),
        "zlib_maximum_output_length": MAX_LIST_BYTES,
        "lzw_maximum_output_length": MAX_LIST_BYTES,
        "run_length_maximum_output_length": MAX_LIST_BYTES,
    }
    try:
        with apply_configuration(**limits):
            reader = PdfReader(io.BytesIO(data), xref_stream_maximum_entries=MAX_OBJECTS * 2)
            if reader.is_encrypted:
                raise RefusedError(Reason.ENCRYPTED)
            return _Copy(reader).written()
    except LimitReachedError as error:
        raise RefusedError(Reason.TOO_MUCH) from error
    except (NotImplementedError, PyPdfError, AssertionError, *UNREADABLE_ERRORS) as error:
        is_encrypted = isinstance(error, NotImplementedError) and b"/Encrypt" in data
        raise RefusedError(Reason.ENCRYPTED if is_encrypted else Reason.UNREADABLE) from error


class _Copy:
    def __init__(self, reader):
        self.reader = reader
        self.numbers = {}
        """{(number, generation) there: number here}."""
        self.open_ends = []
        """(reference there, key it was found under)."""
        self.lists_seen, self.list_bytes = set(), 0
        self.pages = self._pages()
        self.page_keys = set(self.pages)

    def _pages(self):
        """The (number, generation) of the pages that the document shows."""
        pages, seen = [], set()
        ends = [self.reader.root_object.raw_get("/Pages")]
        while ends:
            reference = ends.pop()
            if not isinstance(reference, IndirectObject) or _key(reference) in seen:
                continue
            seen.add(_key(reference))
            node = self.resolved(reference)
            if not isinstance(node, DictionaryObject):
                continue
            kids = self.resolved(dict.get(node, "/Kids"))
            if isinstance(kids, ArrayObject):
                ends.extend(list.__iter__(kids))
            else:
                pages.append(_key(reference))
            if len(pages) > MAX_PAGES:
                raise RefusedError(Reason.TOO_MUCH)
        if not pages:
            raise RefusedError(Reason.UNREADABLE)
        return pages

    def resolved(self, value):
        """What a value refers to; None for what is not there, or only leads around."""
        for _step in range(10):
            if not isinstance(value, IndirectObject):
                return value
            value = self._read(value)
        return None

    def _read(self, reference):
        number, generation = _key(reference)
        if generation == 0 and number in self.reader.xref_objStm:
            self._count(self.reader.xref_objStm[number][0])
        elif number not in self.reader.xref.get(generation, ()):
            # The library would look through the whole file for each of them.
            return None
        return self.reader.get_object(reference)

    def _count(self, number):
        if number in self.lists_seen:
            return
        self.lists_seen.add(number)
        objects = self.reader.get_object(number)
        if isinstance(objects, StreamObject):
            self.list_bytes += len(objects.get_data())
        if self.list_bytes > MAX_LISTS_BYTES:
            raise RefusedError(Reason.TOO_MUCH)

    def written(self):
        catalogue = self.reader.root_object
        kept = DictionaryObject()
        for key, value in dict.items(catalogue):
            if key in _CATALOGUE:
                dict.__setitem__(kept, key, value)
        names = self.resolved(dict.get(kept, "/Names"))
        if "/Names" in kept:
            del kept["/Names"]
        if isinstance(names, DictionaryObject) and "/Dests" in names:
            tree = DictionaryObject()
            dict.__setitem__(tree, NameObject("/Dests"), names.raw_get("/Dests"))
            dict.__setitem__(kept, NameObject("/Names"), tree)
        result = _Writer(self._version(catalogue))
        # The catalogue is number 1, whatever it was.
        self.numbers[None] = 1
        result.add(1, self.cleaned(kept, None))
        while self.open_ends:
            reference, found_under = self.open_ends.pop()
            result.add(self.numbers[_key(reference)], self.cleaned(self._read(reference), found_under))
        return result.finished()

    def _version(self, catalogue):
        told = [self.reader.pdf_header, str(self.resolved(dict.get(catalogue, "/Version")))]
        return max(["1.5", *(found[0] for found in map(_HEADER.search, told) if found)])

    def cleaned(self, value, found_under):
        """The value without what is left out, with the numbers of here; `found_under` is the key that led to it."""
        if isinstance(value, IndirectObject):
            return self._renumbered(value, found_under)
        if isinstance(value, DictionaryObject):
            return self._dictionary(value, found_under)
        if isinstance(value, ArrayObject):
            kept = ArrayObject()
            for item in list.__iter__(value):
                if not self._is_foreign(item):
                    kept.append(self.cleaned(item, found_under))
                elif found_under not in _LISTS:
                    kept.append(NullObject())
            return kept
        return NullObject() if value is None else value

    def _renumbered(self, reference, found_under):
        key = _key(reference)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers) + 1
            if len(self.numbers) > MAX_OBJECTS:
                raise RefusedError(Reason.TOO_MUCH)
            self.open_ends.append((reference, found_under))
        return IndirectObject(self.numbers[key], 0, None)

    def _dictionary(self, value, found_under):
        kept = StreamObject() if isinstance(value, StreamObject) else DictionaryObject()
        left_out = set() if found_under in _NAMED_BY_WRITER else _LEFT_OUT
        if "/Rect" in value and dict.get(value, "/Subtype") not in (None, "/Widget"):
            left_out = left_out | _LEFT_OUT_OF_COMMENT
        elif dict.get(value, "/Type") == "/Page":
            left_out = left_out | _LEFT_OUT_OF_PAGE
        for key, item in dict.items(value):
            if key not in left_out and not self._is_foreign(item):
                dict.__setitem__(kept, key, self.cleaned(item, key))
        if isinstance(value, StreamObject):
            kept._data = value._data
            if "/F" in kept:
                # The content would be in another file.
                del kept["/F"]
            self._bare(kept)
        return kept

    def _bare(self, stream):
        """Pictures that are files of their own say more than the picture."""
        filters = self.resolved(dict.get(stream, "/Filter"))
        names = (
            [self.resolved(item) for item in list.__iter__(filters)] if isinstance(filters, ArrayObject) else [filters]
        )
        if names == ["/FlateDecode", "/DCTDecode"]:
            unpacking = zlib.decompressobj()
            stream._data = unpacking.decompress(stream._data, MAX_LIST_BYTES)
            if unpacking.unconsumed_tail:
                raise RefusedError(Reason.TOO_MUCH)
            dict.__setitem__(stream, NameObject("/Filter"), NameObject("/DCTDecode"))
            dict.pop(stream, "/DecodeParms", None)
            names = ["/DCTDecode"]
        if names in (["/DCTDecode"], ["/JPXDecode"]):
            stream._data = bare(stream._data)

    def _is_foreign(self, value):
        """Whether a value leads to an action, a comment or a file that is left out, or to a page that is not shown."""
        if not isinstance(value, (IndirectObject, DictionaryObject)):
            return False
        found = self.resolved(value)
        if not isinstance(found, DictionaryObject):
            return False
        kind = self.resolved(dict.get(found, "/Type"))
        if kind in _FOREIGN_TYPES or "/ByteRange" in found:
            return True
        if kind == "/Page" and isinstance(value, IndirectObject):
            return _key(value) not in self.page_keys
        if "/Rect" in found and self.resolved(dict.get(found, "/Subtype")) in _FOREIGN_COMMENTS:
            return True
        does = self.resolved(dict.get(found, "/S"))
        if does in _FOREIGN_ACTIONS and "/K" not in found:
            return True
        return does == "/URI" and bool(_LINKS.match(str(self.resolved(dict.get(found, "/URI")))))


class _Writer:
    """A PDF of objects: streams one by one, the others packed in lists."""

    def __init__(self, version):
        self.body = io.BytesIO()
        self.body.write(f"%PDF-{version}\n".encode() + b"%\xe2\xe3\xcf\xd3\n")
        self.places = {}
        """{number: (1, place) or (2, number of the list, index in it)}."""
        self.waiting = []
        self.lists = []

    def add(self, number, value):
        if isinstance(value, StreamObject):
            self._object(number, value)
        else:
            text = io.BytesIO()
            value.write_to_stream(text)
            self.waiting.append((number, text.getvalue()))
            self.places[number] = None

    def _object(self, number, value):
        self.places[number] = (1, self.body.tell(), 0)
        self.body.write(f"{number} 0 obj\n".encode())
        value.write_to_stream(self.body)
        self.body.write(b"\nendobj\n")

    def finished(self):
        top = len(self.places) + 1
        for start in range(0, len(self.waiting), OBJECTS_IN_LIST):
            some = self.waiting[start : start + OBJECTS_IN_LIST]
            head, at = [], 0
            for index, (number, text) in enumerate(some):
                head.append(f"{number} {at}")
                at += len(text) + 1
                self.places[number] = (2, top, index)
            first = (" ".join(head) + "\n").encode()
            content = first + b"\n".join(text for _number, text in some)
            self._object(top, _stream(content, Type=NameObject("/ObjStm"), N=len(some), First=len(first)))
            top += 1
        start = self.body.tell()
        self.places[top] = (1, start, 0)
        table = b"\0" * 7 + b"".join(
            kind.to_bytes(1) + place.to_bytes(4) + index.to_bytes(2)
            for kind, place, index in (self.places[number] for number in range(1, top + 1))
        )
        mark = ByteStringObject(sha256(self.body.getvalue()).digest()[:16])
        self.body.write(f"{top} 0 obj\n".encode())
        entries = _stream(table, Type=NameObject("/XRef"), Size=top + 1)
        entries[NameObject("/W")] = ArrayObject(NumberObject(width) for width in (1, 4, 2))
        entries[NameObject("/ID")] = ArrayObject([mark, mark])
        entries[NameObject("/Root")] = IndirectObject(1, 0, None)
        entries.write_to_stream(self.body)
        self.body.write(f"\nendobj\nstartxref\n{start}\n%%EOF\n".encode())
        return self.body.getvalue()


def _stream(content, **entries):
    stream = StreamObject()
    for key, value in entries.items():
        stream[NameObject(f"/{key}")] = NumberObject(value) if isinstance(value, int) else value
    stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    stream.set_data(zlib.compress(content))
    return stream


def _key(reference):
    return reference.idnum, reference.generation
