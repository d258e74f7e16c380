"""Tables that leave the hub as files, row by row: CSV and XLSX for spreadsheets, JSON for programs.

A spreadsheet runs a cell that begins like a formula, so in CSV and XLSX such texts are *defused*: an apostrophe stands
before them. `undefused` takes exactly that apostrophe away again, so a file that comes back is what went out.
"""

import csv
import io
import json
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import regex
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json; charset=utf-8",
}
SEPARATOR = "|"
MAX_XLSX_CELL = 32_767
CHUNK = 64 * 1024
_FORMULA_SIGNS = frozenset("=+-@\N{MINUS SIGN}")
_LEAD = regex.compile(r"^[\s'\p{Cf}\p{Cc}]*")
"""What programs skip, or people do not see, before a formula; an apostrophe too, so that defusing can be undone."""


class TooLongForCellError(ValueError):
    """A text that a spreadsheet's cell cannot hold; cut in silence, it would come back as a change."""


@dataclass(frozen=True)
class Table:
    """Rows of cells: None, text, numbers, or lists of texts. The rows are read once, as they are written."""

    columns: tuple[str, ...]
    rows: Iterable[list]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run a text: it begins with = + - @ in any width, or with a tab or carriage return."""
    if not text or text[0].isalnum():
        return False
    lead = _LEAD.match(text).group()
    first = unicodedata.normalize("NFKC", text[len(lead) : len(lead) + 1])[:1]
    return first in _FORMULA_SIGNS or "\t" in lead or "\r" in lead


def defused(cell):
    """A text that is no formula to any spreadsheet; numbers are none and stay as they are."""
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def undefused(cell):
    """The text that was defused; anything else as it is."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and is_formula(cell) else cell


def joined(texts: Iterable[str]) -> str:
    r"""Several texts in one cell; a "|" of their own is written "\|"."""
    return SEPARATOR.join(text.replace(SEPARATOR, rf"\{SEPARATOR}") for text in texts)


def separated(cell: str) -> list[str]:
    r"""The texts of a cell, between "|" or on lines of their own."""
    parts = regex.split(r"(?<!\\)\||\n", cell)
    return [part.replace(rf"\{SEPARATOR}", SEPARATOR) for part in parts]


def in_batches(queryset, ids: Iterable[int], size: int) -> Iterator:
    """The records of these ids in their order, so many at a time in memory; what has been deleted since is left out."""
    remaining = iter(ids)
    while batch := list(islice(remaining, size)):
        found = queryset.in_bulk(batch)
        yield from (found[pk] for pk in batch if pk in found)


def download(table: Table, kind: str, name: str) -> HttpResponse | StreamingHttpResponse:
    """The table as a file to keep, `name` without ending. Raises TooLongForCellError (XLSX only)."""
    if kind == "xlsx":
        return FileResponse(xlsx_file(table), as_attachment=True, filename=f"{name}.{kind}", content_type=KINDS[kind])
    chunks = {"csv": csv_chunks, "json": json_chunks}[kind](table)
    response = StreamingHttpResponse(chunks, content_type=KINDS[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def csv_chunks(table: Table) -> Iterator[str]:
    """Comma-separated, with the mark by which Excel knows UTF-8."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(defused(_flat(cell)) for cell in row)
        if text.tell() > CHUNK:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def json_chunks(table: Table) -> Iterator[str]:
    """A list of objects; decimals are strings, so that nothing is rounded."""
    before = "[\n"
    for row in table.rows:
        entry = dict(zip(table.columns, row, strict=True))
        yield before + json.dumps(entry, ensure_ascii=False, default=str)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def xlsx_file(table: Table):
    """An open temporary file, at its beginning. Rows go to the disk as they come. Raises TooLongForCellError."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    try:
        sheet.append(table.columns)
        for row in table.rows:
            sheet.append([_xlsx_cell(sheet, cell) for cell in row])
    finally:
        sheet.close()
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response
    book.save(file)
    file.seek(0)
    return file


def _xlsx_cell(sheet, cell):
    cell = _flat(cell)
    if not cell:
        return cell if cell == 0 else None
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", defused(cell))
    if len(text) > MAX_XLSX_CELL:
        raise TooLongForCellError
    if text in ERROR_CODES:
        typed = WriteOnlyCell(sheet, text)
        typed.data_type = "s"
        return typed
    return text


def _flat(cell):
    return joined(cell) if isinstance(cell, (list, tuple)) else cell
