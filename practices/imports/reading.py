"""Rows out of CSV, XLSX and JSON files, one at a time, whatever their encoding or delimiter."""

import codecs
import csv
import datetime
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

from django.utils.translation import gettext as _

# Not ijson's C backend: a number of 5,000 digits or a deeply nested list takes the whole process down with it.
from ijson.backends.python import basic_parse
from ijson.common import JSONError
from openpyxl import load_workbook

from common.phrases import listed
from common.spreadsheets import joined, undefused
from practices.imports.encodings import BinaryFileError, detect_encoding

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".json")
DELIMITERS = ",;\t"
MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 100
HARMLESS = 10 * 1024 * 1024
"""Unpacked size up to which a file may be packed as tightly as it likes."""
MAX_CELL = 100_000
MAX_COLUMNS = 500
_XLSX_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    IndexError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What openpyxl and the zip and XML readers below it raise on a damaged or hostile file."""
_SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)


class UnreadableFileError(Exception):
    """The file as a whole cannot be read; the message is for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: `line` counts from 1 as the file's own program shows it (in JSON: the number of the object).

    `problem` says why the row cannot be read, where it cannot.
    """

    line: int
    values: dict[str, str]
    problem: str = ""


def kind_of(name: str) -> str:
    """The ending of a file's name, where it is one that can be imported. Raises UnreadableFileError."""
    ending = Path(name).suffix.lower()
    if ending not in KINDS:
        raise UnreadableFileError(_("Choose a CSV, XLSX or JSON file."))
    return ending


def encoding_of(path: Path | str, name: str = "") -> str:
    """The encoding a text file will be read in; "" for files that are not plain text. Raises UnreadableFileError."""
    if kind_of(name or str(path)) in {".xlsx", ".json"}:
        return ""
    try:
        return detect_encoding(Path(path))
    except BinaryFileError as error:
        raise UnreadableFileError(_("This is not a readable text file.")) from error


def read_rows(path: Path | str, name: str = "", encoding: str = "") -> Iterator[Row]:
    """Yield the rows of a file; its kind is told by the ending of `name` (or of the path).

    All values are strings; lists in JSON are joined with "|". What an export defused for spreadsheets is as it was
    before. Raises UnreadableFileError.
    """
    path, kind = Path(path), kind_of(name or str(path))
    if kind == ".xlsx":
        yield from _xlsx_rows(path)
    elif kind == ".json":
        yield from _json_rows(path)
    else:
        yield from _csv_rows(path, encoding or encoding_of(path, name))


# CSV ---------------------------------------------------------------------------------------------


def _csv_rows(path, encoding):
    csv.field_size_limit(MAX_CELL)
    # Bytes that are not of the encoding become U+FFFD, and the row they stand in is reported.
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        first_line = file.readline()
        skipped = 0
        if named := _SEPARATOR_LINE.match(first_line.lstrip("\ufeff")):
            delimiter, skipped = named[1], 1
        else:
            delimiter = max(DELIMITERS, key=lambda mark: _outside_quotes(first_line, mark))
            file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = _header(next(reader, []))
            line = reader.line_num + skipped + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield _csv_row(line, header, cells)
                line = reader.line_num + skipped + 1
        except csv.Error as error:
            line = reader.line_num + skipped
            reason = _("Line %(line)s cannot be read: %(reason)s") % {"line": line, "reason": error}
            raise UnreadableFileError(reason) from error


def _csv_row(line, header, cells):
    if any(cell.strip() for cell in cells[len(header) :]):
        return Row(line, {}, _("The line has more cells than the header."))
    values = {name: undefused(cell) for name, cell in zip_longest(header, cells[: len(header)], fillvalue="") if name}
    if any("\ufffd" in value for value in values.values()):
        return Row(line, values, _("Some characters of this line cannot be read in the encoding of the file."))
    return Row(line, values)


def _outside_quotes(line, mark):
    return sum(part.count(mark) for part in line.split('"')[::2])


def _header(cells):
    header = [_column_name(cell) for cell in cells]
    named = [name for name in header if name]
    if not named:
        raise UnreadableFileError(_("The first line must name the columns."))
    if len(header) > MAX_COLUMNS:
        raise UnreadableFileError(_("The file has more than %(most)s columns.") % {"most": MAX_COLUMNS})
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise UnreadableFileError(_("A column stands twice: %(columns)s") % {"columns": listed(doubled)})
    return header


def _column_name(cell):
    """Any spelling of a column's name: "Title SV" is title_sv."""
    name = "" if cell is None else str(cell)
    return re.sub(r"[\s-]+", "_", name.strip("\ufeff \t\r\n").lower())[:100]


# XLSX --------------------------------------------------------------------------------------------


def _xlsx_rows(path):
    book = _open_book(path)
    try:
        sheet = book.worksheets[0]
        # The size that a sheet claims may be wrong or absurd; only as many columns are read as the header has.
        sheet.reset_dimensions()
        first = next(sheet.iter_rows(max_row=1, max_col=MAX_COLUMNS + 1, values_only=True), ())
        while first and first[-1] is None:
            first = first[:-1]
        header = _header(first)
        for line, cells in enumerate(sheet.iter_rows(min_row=2, max_col=len(header), values_only=True), start=2):
            if any(cells):
                named = {name: cell for name, cell in zip(header, cells, strict=False) if name}
                yield Row(line, {name: undefused(as_text(cell)) for name, cell in named.items()})
    except _XLSX_ERRORS as error:
        raise UnreadableFileError(_("This is not a readable XLSX file.")) from error
    finally:
        book.close()


def _open_book(path):
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            packed = max(sum(entry.compress_size for entry in archive.infolist()), 1)
        if unpacked > MAX_UNPACKED or (unpacked > HARMLESS and unpacked / packed > MAX_RATIO):
            raise UnreadableFileError(_("The file unpacks to more than is accepted; save it as CSV."))
        return load_workbook(path, read_only=True, data_only=True)
    except _XLSX_ERRORS as error:
        raise UnreadableFileError(_("This is not a readable XLSX file.")) from error


# JSON --------------------------------------------------------------------------------------------


def _json_rows(path):
    with path.open("rb") as file:
        start = file.read(4096)
        content_at = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
        if not start[content_at:].lstrip().startswith(b"["):
            raise UnreadableFileError(_("The JSON file must hold a list of objects."))
        file.seek(content_at)
        try:
            for number, entry in enumerate(_json_entries(basic_parse(file)), start=1):
                yield _json_row(number, entry)
        except (JSONError, UnicodeError, ValueError) as error:
            reason = _("The file cannot be read: %(reason)s") % {"reason": str(error)[:200]}
            raise UnreadableFileError(reason) from error


def _json_row(number, entry):
    if entry is None:
        return Row(number, {}, _("An entry must be an object of texts, numbers and lists of them."))
    return Row(number, {_column_name(name): as_text(value) for name, value in entry.items() if _column_name(name)})


def _json_entries(events):
    """The entries of the outer list: {name: scalar or list of scalars}, or None for anything else."""
    depth, entry, name, values, is_flat = 0, None, "", None, True
    for event, value in events:
        if event in {"start_map", "start_array"}:
            depth += 1
            if depth == 2:
                entry, is_flat = {}, event == "start_map"
            elif depth == 3 and event == "start_array":
                values = []
            elif depth > 2:
                is_flat = False
        elif event in {"end_map", "end_array"}:
            depth -= 1
            if depth == 1:
                yield entry if is_flat else None
            elif depth == 2 and values is not None:
                entry[name], values = values, None
        elif event == "map_key":
            name = value if depth == 2 else name
        elif depth == 1:
            yield None
        elif depth == 2:
            entry[name] = value
        elif depth == 3 and values is not None:
            values.append(value)


def as_text(value) -> str:
    """A cell or JSON value as the text a person would type."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return joined(as_text(entry) for entry in value)
        case datetime.datetime():
            return value.date().isoformat()
        case datetime.date():
            return value.isoformat()
        case float() | Decimal():
            return _number_as_text(Decimal(str(value)))
    return str(value)


def _number_as_text(number):
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
