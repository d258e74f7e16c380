"""Rows out of CSV, XLSX and JSON files, one at a time, whatever their encoding or delimiter."""

import codecs
import csv
import datetime
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import ijson
from charset_normalizer import from_bytes
from django.utils.translation import gettext as _
from openpyxl import load_workbook

SAMPLE = 256 * 1024
DELIMITERS = ",;\t"
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
MAX_CELL = 100_000
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; the message is for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `line` counts from 1 as the file's own program shows it (in JSON: the number of the object)."""

    line: int
    values: dict[str, str]


def read_rows(path: Path | str, name: str = "") -> Iterator[Row]:
    """Yield the rows of a file; its kind is told by the ending of `name` (or of the path).

    All values are strings; lists in JSON are joined with "|". Raises UnreadableFileError.
    """
    ending = Path(name or path).suffix.lower()
    readers = {".csv": _csv_rows, ".tsv": _csv_rows, ".txt": _csv_rows, ".xlsx": _xlsx_rows, ".json": _json_rows}
    if ending not in readers:
        raise UnreadableFileError(_("Choose a CSV, XLSX or JSON file."))
    yield from readers[ending](Path(path))


def detect_encoding(path: Path) -> str:
    """Encoding of a text file: its byte order mark, UTF-8 where all of it is valid, else the likeliest legacy one."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if sample.startswith(mark):
                return encoding
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            chunk = sample
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(SAMPLE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            best = from_bytes(sample).best()
            return best.encoding if best else "cp1252"
    return "utf-8"


def _csv_rows(path):
    encoding = detect_encoding(path)
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=encoding, newline="", errors="strict") as file:
        try:
            header_line = file.readline()
            delimiter = max(DELIMITERS, key=lambda mark: _outside_quotes(header_line, mark))
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _header(next(reader, []))
            line = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                        raise UnreadableFileError(_("Line %(line)s has more cells than the header.") % {"line": line})
                    yield Row(line, dict(zip(header, cells, strict=False)))
                line = reader.line_num + 1
        except (csv.Error, UnicodeError) as error:
            raise UnreadableFileError(_("The file cannot be read: %(reason)s") % {"reason": error}) from error


def _outside_quotes(line, mark):
    return sum(part.count(mark) for part in line.split('"')[::2])


def _header(cells):
    header = [str(cell or "").strip().lower().lstrip("\ufeff") for cell in cells]
    named = [name for name in header if name]
    if not named:
        raise UnreadableFileError(_("The first line must name the columns."))
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise UnreadableFileError(_("A column stands twice: %(columns)s") % {"columns": ", ".join(doubled)})
    return header


def _xlsx_rows(path):
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            packed = max(sum(entry.compress_size for entry in archive.infolist()), 1)
        if unpacked > MAX_UNPACKED or unpacked / packed > MAX_RATIO:
            raise UnreadableFileError(_("The file unpacks to more than is accepted."))
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise UnreadableFileError(_("This is not a readable XLSX file.")) from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = _header(next(rows, ()))
        for line, cells in enumerate(rows, start=2):
            values = {name: _as_text(cell) for name, cell in zip(header, cells, strict=False) if name}
            if any(values.values()):
                yield Row(line, values)
    finally:
        book.close()


def _json_rows(path):
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        content_at = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
        if not sample[content_at:].lstrip().startswith(b"["):
            raise UnreadableFileError(_("The JSON file must hold a list of objects."))
        file.seek(content_at)
        try:
            for number, entry in enumerate(ijson.items(file, "item"), start=1):
                if not isinstance(entry, dict):
                    raise UnreadableFileError(_("Entry %(number)s is not an object.") % {"number": number})
                yield Row(number, {str(name).strip().lower(): _as_text(value) for name, value in entry.items()})
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise UnreadableFileError(_("The file cannot be read: %(reason)s") % {"reason": error}) from error


def _as_text(value):
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return "|".join(_as_text(entry) for entry in value)
        case datetime.datetime():
            return value.date().isoformat()
        case datetime.date():
            return value.isoformat()
        case float() | Decimal():
            return format(value, "f").rstrip("0").rstrip(".") if value == value else ""
    return str(value)
