import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from common.spreadsheets import (
    Table,
    TooLongForCellError,
    csv_chunks,
    defused,
    is_formula,
    joined,
    json_chunks,
    separated,
    undefused,
    xlsx_file,
)

BEFORE = ("", " ", "\u00a0", "\n", "\u200b", "\u200f", "'")
FORMULAS = [
    *(f"{before}{sign}1+1" for sign in "=+-@＝＋－＠﹦﹢﹣﹫−" for before in BEFORE),
    *("\tx", "\rx", " \tx", "\t", "\r", "'=1", "''=1", "'\tx", "=cmd|' /C calc'!A0", "=", "-"),
]
HARMLESS = ["", "a", "a=b", "1-2", "'tis", "'", "''", "<p>=1</p>", "٣", "مرحبا", "…", "#N/A", "(=1)", "\n", "  x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_defused_formula_begins_with_one_more_apostrophe_and_comes_back(text):
    assert (defused(text), undefused(defused(text))) == (f"'{text}", text)


@pytest.mark.parametrize("cell", [*HARMLESS, None, -1, -1.5, Decimal("-2.50")])
def test_defused_leaves_what_no_spreadsheet_runs(cell):
    assert (defused(cell), undefused(cell)) == (cell, cell)


@given(st.text(alphabet=st.sampled_from("=+-@＝\t\r\n '\u200fa1ب"), max_size=6))
def test_defusing_is_undone_exactly_for_any_text(text):
    assert undefused(defused(text)) == text
    assert not is_formula(text) or defused(text).startswith("'")


def test_joined_texts_come_apart_again_with_a_bar_of_their_own():
    assert separated(joined(["a|b", "c", "|"])) == ["a|b", "c", "|"]
    assert separated("a|b\nc") == ["a", "b", "c"]


def test_csv_has_the_mark_of_utf_8_and_no_formula():
    text = "".join(csv_chunks(Table(("one", "two"), [["=1", ["a|b", "c"]], [None, Decimal("1.50")]])))

    assert text == "\ufeffone,two\r\n'=1,a\\|b|c\r\n,1.50\r\n"


def test_csv_of_many_rows_comes_in_pieces():
    def rows():
        for number in range(20_000):
            made.append(number)
            yield [number, "text"]

    made = []
    next(csv_chunks(Table(("one", "two"), rows())))

    assert 0 < len(made) < 10_000


def test_xlsx_cells_are_texts_and_numbers_never_formulas():
    cells = [*FORMULAS, "#N/A", "مرحبا\nب", "007", "a\x0bb"]

    file = xlsx_file(Table(("text", "number"), [[cell, -1.5] for cell in cells]))

    sheet = load_workbook(file).worksheets[0]
    read = [
        (text.value, text.data_type, number.value, number.data_type) for text, number in sheet.iter_rows(min_row=2)
    ]
    expected = [*(f"'{text}" for text in FORMULAS), "#N/A", "مرحبا\nب", "007", "ab"]
    assert [(undefused(text), kind) for text, kind, *_ in read[-4:]] == [(cell, "s") for cell in expected[-4:]]
    assert {kind for _, kind, *_ in read} == {"s"}
    assert {(number, kind) for *_, number, kind in read} == {(-1.5, "n")}
    # XML has one line break, so a carriage return comes back as one.
    assert [text for text, *_ in read] == [text.replace("\r", "\n") for text in expected]


def test_xlsx_refuses_a_text_that_it_would_cut():
    with pytest.raises(TooLongForCellError):
        xlsx_file(Table(("text",), [["a" * 32_768]]))


def test_json_keeps_texts_as_they_are():
    table = Table(("one", "two", "three"), [["=1", ["a", "b"], None], ["ب", [], Decimal("1.50")]])

    assert json.loads("".join(json_chunks(table))) == [
        {"one": "=1", "two": ["a", "b"], "three": None},
        {"one": "ب", "two": [], "three": "1.50"},
    ]
    assert json.loads("".join(json_chunks(Table(("one",), [])))) == []


def test_csv_is_read_by_the_standard_library():
    texts = [*FORMULAS, *HARMLESS, 'a "quoted", text', "two\nlines"]

    written = "".join(csv_chunks(Table(("text", "end"), [[text, "."] for text in texts])))

    rows = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline="")))
    assert [undefused(text) for text, _ in rows[1:]] == texts
