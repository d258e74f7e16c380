import csv
import io
import json
import random
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from accounts.models import User
from common.encoding import broken_pieces
from common.text import clean_line, clean_plain, clean_rich
from networks.models import City, Organisation
from practices import services
from practices.columns import known_columns
from practices.imports import reading, running
from practices.imports.cells import MAYBE_BROKEN
from practices.imports.checking import RowChecker
from practices.imports.encodings import detect_encoding
from practices.imports.identity import identity
from practices.imports.reading import Row, UnreadableFileError, as_text, read_rows
from practices.imports.references import References
from practices.imports.running import import_file
from practices.models import FacetDocument, Practice, PracticeLink
from practices.services import PracticeRecord
from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme

SWEDISH = "Torgvärdar som lyssnar på Öster: ett försök i Malmö, på kvällarna, för unga och äldre."
FRENCH = "Des hôtes de place à l’écoute : des élèves, leurs mères et leurs pères se parlent."
ITALIAN = "Ospiti della piazza: perché la città è di tutti, e così può essere più sicura."
ROMANIAN = "Gazde de piață: vecinii țin cartierul liniștit și învață să asculte fiecare părere."
ARABIC = "مضيفو الساحة الذين يُصغون: سكان الحي في الخدمة مساءً"


@pytest.fixture
def register(db):
    """What complete rows point to: the terms of the required core, Malmö and a network."""
    for scheme, code in (
        (Scheme.THEME, "youth"),
        (Scheme.THEME, "education"),
        (Scheme.APPROACH, "training"),
        (Scheme.BENEFICIARY, "young-people"),
        (Scheme.SCOPE, "municipality"),
        (Scheme.LIFECYCLE, "ongoing"),
        (Scheme.LIFECYCLE, "pilot"),
        (Scheme.BUDGET_BAND, "under-5k"),
        (Scheme.EVIDENCE_LEVEL, "monitored-outputs"),
        (Scheme.TRANSFERABILITY, "ready-to-reuse"),
    ):
        make_term(scheme, code)
    make_city("Malmö", "SE", slug="malmo", geonames_id=2692969, name_ar="مالمو")
    return make_network("nordic", name_en="Nordic Safe Cities", name_sv="Nordiska trygga städer")


def complete(**values):
    """A row that can be published."""
    texts = ("title", "summary", "challenge", "description", "results", "lessons_learned")
    return {
        "external_id": "one",
        "network": "nordic",
        "status": "published",
        "source_language": "en",
        "city": "Malmö",
        "country": "SE",
        **{f"{name}_en": name.capitalize() for name in texts},
        "themes": "youth|education",
        "approaches": "training",
        "beneficiaries": "young-people",
        "geographic_scope": "municipality",
        "lifecycle": "ongoing",
        "budget_band": "under-5k",
        "evidence_level": "monitored-outputs",
        "transferability": "ready-to-reuse",
        "contact_email": "office@example.org",
        "published_on": "2025-03-04",
    } | values


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def csv_text(*rows, delimiter=","):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def save_csv(path, *rows, encoding="utf-8", delimiter=","):
    path.write_bytes(csv_text(*rows, delimiter=delimiter).encode(encoding))
    return path


def save_json(path, *rows):
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def save_xlsx(path, *rows):
    book = Workbook()
    names = list(dict.fromkeys(name for row in rows for name in row))
    book.active.append(names)
    for row in rows:
        book.active.append([row.get(name) for name in names])
    book.save(path)
    return path


def values_of(path):
    return [row.values for row in read_rows(path)]


def counts(report):
    return {"added": report.added, "changed": report.changed, "unchanged": report.unchanged, "failed": report.failed}


# Reading: encodings and delimiters ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding", "column"),
    [
        (SWEDISH, "utf-8", "title_sv"),
        (ARABIC, "utf-8-sig", "title_ar"),
        (ARABIC, "utf-16", "title_ar"),
        (FRENCH, "utf-16-le", "title_fr"),
        (FRENCH, "utf-16-be", "title_fr"),
        (SWEDISH, "cp1252", "title_sv"),
        (FRENCH, "cp1252", "title_fr"),
        (ITALIAN, "cp1252", "title_it"),
        (SWEDISH, "iso-8859-1", "title_sv"),
        ("Un cœur pour l'école et le marché à 5 €", "iso-8859-15", "title_fr"),
        (ROMANIAN.replace("ș", "ş").replace("ț", "ţ"), "cp1250", "title_ro"),
        (ROMANIAN, "iso-8859-16", "title_ro"),
        (ARABIC, "cp1256", "title_ar"),
        (ARABIC.replace("ُ", "").replace("ً", ""), "iso-8859-6", "title_ar"),
        (FRENCH, "mac-roman", "title_fr"),
    ],
)
def test_read_rows_csv_in_any_encoding_gives_the_text(tmp_path, text, encoding, column):
    path = save_csv(tmp_path / "list.csv", {"external_id": "one", column: text}, encoding=encoding)

    found = values_of(path)

    cedilla = str.maketrans("şţ", "șț")
    assert [{name: value.translate(cedilla) for name, value in row.items()} for row in found] == [
        {"external_id": "one", column: text.translate(cedilla)}
    ]


@pytest.mark.parametrize("text", [SWEDISH, FRENCH, ITALIAN])
def test_detect_encoding_without_named_columns_still_reads_western_text(tmp_path, text):
    (tmp_path / "list.csv").write_bytes(f"name\n{text}\n".encode("cp1252"))

    assert text.encode("cp1252").decode(detect_encoding(tmp_path / "list.csv")) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_read_rows_csv_with_any_delimiter(tmp_path, delimiter):
    path = save_csv(tmp_path / "list.csv", {"external_id": "one", "title_en": "a, b; c"}, delimiter=delimiter)

    assert values_of(path) == [{"external_id": "one", "title_en": "a, b; c"}]


def test_read_rows_csv_separator_line_of_excel_is_obeyed(tmp_path):
    (tmp_path / "list.csv").write_text("sep=;\nexternal_id;title_en\none;a,b\n")

    assert list(read_rows(tmp_path / "list.csv")) == [Row(3, {"external_id": "one", "title_en": "a,b"})]


def test_read_rows_csv_names_the_line_a_record_begins_in(tmp_path):
    (tmp_path / "list.csv").write_text('external_id,title_en\none,"two\nlines"\n\ntwo,b\n')

    assert [row.line for row in read_rows(tmp_path / "list.csv")] == [2, 5]


def test_read_rows_csv_short_line_has_empty_cells_and_long_line_is_a_problem(tmp_path):
    (tmp_path / "list.csv").write_text("external_id,title_en,title_sv\none,a\ntwo,b,c,d\nthree,e,f,\n")

    rows = list(read_rows(tmp_path / "list.csv"))

    assert rows == [
        Row(2, {"external_id": "one", "title_en": "a", "title_sv": ""}),
        Row(3, {}, "The line has more cells than the header."),
        Row(4, {"external_id": "three", "title_en": "e", "title_sv": "f"}),
    ]


def test_read_rows_csv_few_broken_bytes_are_a_problem_of_their_line_only(tmp_path):
    good = "".join(f"id{number},Försök\n" for number in range(30)).encode()
    (tmp_path / "list.csv").write_bytes(b"external_id,title_sv\n" + good + "bad,Försök\n".encode("cp1252"))

    rows = list(read_rows(tmp_path / "list.csv"))

    assert [row.line for row in rows if row.problem] == [32]
    assert {row.values["title_sv"] for row in rows if not row.problem} == {"Försök"}


def test_read_rows_column_names_in_any_spelling(tmp_path):
    (tmp_path / "list.csv").write_text(" External ID ,Title-SV\none,a\n")

    assert values_of(tmp_path / "list.csv") == [{"external_id": "one", "title_sv": "a"}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.doc", b"x", "Choose a CSV, XLSX or JSON file."),
        ("list.csv", b"", "The first line must name the columns."),
        ("list.csv", b"a,b,A\n", "A column stands twice: a"),
        ("list.csv", b'a,b\n"never closed\n', "Line 2 cannot be read"),
        ("list.csv", b"\x00\x01\x02\xff" * 50, "This is not a readable text file."),
        ("list.xlsx", b"PK\x03\x04 not really", "This is not a readable XLSX file."),
        ("list.json", b'{"a": 1}', "The JSON file must hold a list of objects."),
        ("list.json", b'[{"a": 1},', "The file cannot be read"),
        ("list.json", b'[{"a": \xff}]', "The file cannot be read"),
    ],
)
def test_read_rows_unreadable_file_says_why(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UnreadableFileError, match=reason.replace(".", r"\.")):
        list(read_rows(tmp_path / name))


# Reading: XLSX and JSON --------------------------------------------------------------------------


def test_read_rows_xlsx_gives_text_as_typed(tmp_path):
    row = {
        "external_id": 7,
        "starts_on": datetime(2024, 5, 1),
        "staff_fte": 2.50,
        "budget_amount": 1200.0,
        "title_en": "a",
    }
    path = save_xlsx(tmp_path / "list.xlsx", row, {}, {"external_id": "eight"})

    empty = dict.fromkeys(("starts_on", "staff_fte", "budget_amount", "title_en"), "")
    assert list(read_rows(path)) == [
        Row(
            2,
            {
                "external_id": "7",
                "starts_on": "2024-05-01",
                "staff_fte": "2.5",
                "budget_amount": "1200",
                "title_en": "a",
            },
        ),
        Row(4, {"external_id": "eight", **empty}),
    ]


def test_read_rows_xlsx_far_away_cell_costs_nothing(tmp_path):
    book = Workbook()
    book.active.append(["external_id"])
    book.active.append(["one"])
    book.active["XFD2000"] = "far"
    book.save(tmp_path / "list.xlsx")

    assert values_of(tmp_path / "list.xlsx") == [{"external_id": "one"}]


def test_read_rows_xlsx_zip_bomb_is_refused_unopened(tmp_path):
    with zipfile.ZipFile(tmp_path / "list.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)

    with pytest.raises(UnreadableFileError, match="unpacks to more"):
        list(read_rows(tmp_path / "list.xlsx"))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"])
def test_read_rows_xlsx_entity_bomb_is_refused(tmp_path, part):
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{number} "&a{number - 1 or ""};&a{number - 1 or ""};">' for number in range(1, 30)
    )
    save_xlsx(tmp_path / "good.xlsx", {"external_id": "one"})
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == part:
                rest = content.partition(b"?>")[2] if content.startswith(b"<?xml") else content
                content = entities.encode() + b"]>" + rest.replace(b">external_id<", b">&a29;<")
            bad.writestr(name, content)

    with pytest.raises(UnreadableFileError, match="not a readable XLSX"):
        list(read_rows(tmp_path / "bad.xlsx"))


def test_read_rows_json_lists_and_numbers(tmp_path):
    content = (
        '\ufeff[{"external_id": 7, "themes": ["a", "b"], "staff_fte": 2.50, "budget_amount": 1E+2, "title_en": null},'
    )
    content += ' 3, {"themes": [["deep"]]}, {"themes": {"a": 1}}, {"External ID": true}]'
    (tmp_path / "list.json").write_text(content)

    reason = "An entry must be an object of texts, numbers and lists of them."
    assert list(read_rows(tmp_path / "list.json")) == [
        Row(1, {"external_id": "7", "themes": "a|b", "staff_fte": "2.5", "budget_amount": "100", "title_en": ""}),
        Row(2, {}, reason),
        Row(3, {}, reason),
        Row(4, {}, reason),
        Row(5, {"external_id": "true"}),
    ]


@pytest.mark.parametrize(
    "content", ["[" * 200_000, "[" + "9" * 6000 + "]", '[{"a": ' + "[" * 200_000, "[1e999999999]"]
)
def test_read_rows_json_hostile_file_neither_crashes_nor_hangs(tmp_path, content):
    (tmp_path / "list.json").write_text(content)

    try:
        rows = list(read_rows(tmp_path / "list.json"))
    except UnreadableFileError:
        rows = []

    assert all(row.problem for row in rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (100, "100"),
        (100.0, "100"),
        (0.25, "0.25"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E+999999"), "1E+999999"),
        (float("nan"), "NaN"),
        (date(2024, 1, 2), "2024-01-02"),
        (["a", 1], "a|1"),
    ],
)
def test_as_text_is_what_a_person_would_type(value, text):
    assert as_text(value) == text


# Importing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("save", [save_csv, save_xlsx, save_json])
def test_import_file_stores_a_complete_row(register, tmp_path, save):
    path = save(
        tmp_path / f"list.{save.__name__.removeprefix('save_')}",
        complete(
            title_sv=SWEDISH,
            starts_on="03/2021",
            budget_amount="1 234,5",
            budget_currency="sek",
            lead_organisation="Malmö stad",
            partners="Skolan|Föreningen",
            links="https://example.org/a",
        ),
    )

    report = import_file(path)

    practice = Practice.objects.get()
    assert report.problems == []
    assert counts(report) == {"added": 1, "changed": 0, "unchanged": 0, "failed": 0}
    assert report.stored_ids == [practice.pk]
    assert practice.is_public
    assert (practice.external_source, practice.external_id) == ("nordic", "one")
    assert practice.title_sv == SWEDISH
    assert practice.challenge_en == "<p>Challenge</p>"
    assert practice.published_at == datetime(2025, 3, 4, 12, tzinfo=UTC)
    assert practice.confirmed_on == date(2025, 3, 4)
    assert practice.review_due_on == date(2027, 3, 4)
    assert practice.starts_on == date(2021, 3, 1)
    assert (practice.budget_amount, practice.budget_currency) == (Decimal("1234.50"), "SEK")
    assert practice.city.slug == "malmo"
    assert [network.slug for network in practice.networks.all()] == ["nordic"]
    assert [(ranked.rank, ranked.theme.code) for ranked in practice.ranked_themes.all()] == [
        (1, "youth"),
        (2, "education"),
    ]
    assert practice.lead_organisation.name_sv is None
    assert sorted(partner.name_en for partner in practice.partners.all()) == ["Föreningen", "Skolan"]
    assert FacetDocument.objects.filter(practice=practice).exists()


def test_import_file_again_changes_nothing(register, tmp_path):
    path = save_json(
        tmp_path / "list.json",
        complete(
            lead_organisation="Malmö stad", partners="Skolan", links="https://example.org/a", budget_amount="100"
        ),
        without(complete(external_id="", title_en="No id", status="draft", country="", city="مالمو"), "published_on"),
    )
    import_file(path)
    before = list(Practice.objects.order_by("pk").values())

    report = import_file(path)

    assert counts(report) == {"added": 0, "changed": 0, "unchanged": 2, "failed": 0}
    assert list(Practice.objects.order_by("pk").values()) == before


def test_import_file_under_the_networks_other_name_finds_the_same_practice(register, tmp_path):
    import_file(save_csv(tmp_path / "list.csv", complete()))

    report = import_file(save_csv(tmp_path / "list.csv", complete(network="Nordiska trygga städer")))

    assert counts(report) == {"added": 0, "changed": 0, "unchanged": 1, "failed": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"title_en": "Another"},
        {"themes": "education|youth"},
        {"city": "Lund", "country": "SE"},
        {"lead_organisation": "Lunds kommun"},
        {"partners": "Skolan"},
        {"links": "https://example.org/b"},
        {"lifecycle": "pilot"},
        {"starts_on": "2020-01"},
        {"visibility": "network"},
    ],
)
def test_import_file_changed_row_is_a_new_version(register, tmp_path, change):
    make_city("Lund", "SE")
    import_file(save_csv(tmp_path / "list.csv", complete()))

    report = import_file(save_csv(tmp_path / "list.csv", complete(**change)))

    assert counts(report) == {"added": 0, "changed": 1, "unchanged": 0, "failed": 0}
    assert Practice.objects.get().version == 2
    assert counts(import_file(save_csv(tmp_path / "list.csv", complete(**change))))["unchanged"] == 1


def test_import_file_absent_column_is_left_alone_and_empty_cell_clears(register, tmp_path):
    everything = complete(
        title_sv="Titel", partners="Skolan", links="https://example.org", prevention_level="", starts_on="2020-01"
    )
    import_file(save_csv(tmp_path / "list.csv", everything))

    import_file(
        save_csv(tmp_path / "list.csv", {"external_id": "one", "network": "nordic", "title_sv": "", "starts_on": ""})
    )

    practice = Practice.objects.get()
    assert (practice.title_sv, practice.starts_on) == ("", None)
    assert [ranked.theme.code for ranked in practice.ranked_themes.all()] == ["youth", "education"]
    assert [partner.name_en for partner in practice.partners.all()] == ["Skolan"]
    assert [link.url for link in practice.links.all()] == ["https://example.org"]
    assert practice.city.slug == "malmo"


def test_import_file_link_that_stays_keeps_its_title(register, tmp_path):
    row = complete(links="https://example.org/a")
    import_file(save_csv(tmp_path / "list.csv", row))
    PracticeLink.objects.update(title_en="Report")

    import_file(save_csv(tmp_path / "list.csv", row | {"title_en": "Another"}))

    assert [link.title_en for link in PracticeLink.objects.all()] == ["Report"]


def test_import_file_does_not_bring_an_archived_practice_back(register, tmp_path):
    import_file(save_csv(tmp_path / "list.csv", complete()))
    Practice.objects.update(status=Practice.Status.ARCHIVED)

    same = import_file(save_csv(tmp_path / "list.csv", complete()))
    changed = import_file(save_csv(tmp_path / "list.csv", complete(title_en="Another")))

    assert counts(same) == {"added": 0, "changed": 0, "unchanged": 1, "failed": 0}
    assert changed.problems == [(2, "", "This practice is archived. Take it out of the archive first.")]
    assert Practice.objects.get().status == Practice.Status.ARCHIVED


def test_import_file_reports_bad_rows_and_stores_the_others(register, tmp_path):
    path = save_csv(
        tmp_path / "list.csv",
        complete(external_id="good"),
        complete(external_id="bad", summary_en="", themes="unheard-of"),
        complete(external_id="good", title_en="Again"),
    )

    report = import_file(path)

    assert [practice.external_id for practice in Practice.objects.all()] == ["good"]
    assert counts(report) == {"added": 1, "changed": 0, "unchanged": 0, "failed": 2}
    assert report.problems == [
        (3, "themes", "“unheard-of” is not known."),
        (3, "summary_en", "Needed for publication."),
        (4, "external_id", "The same practice stands in line 2."),
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"themes": "youth|education|x"}, ("themes", "“x” is not known.")),
        ({"source_language": "xx"}, ("source_language", "“xx” is not known.")),
        ({"status": "archived"}, ("status", "“archived” is not known.")),
        ({"starts_on": "spring 2021"}, ("starts_on", "Write a month as YYYY-MM, not “spring 2021”.")),
        ({"starts_on": "2021-13"}, ("starts_on", "Write a month as YYYY-MM, not “2021-13”.")),
        ({"starts_on": "2022-02", "ends_on": "2021-02"}, ("ends_on", "A practice cannot end before it begins.")),
        ({"published_on": "4 March"}, ("published_on", "Write a day as YYYY-MM-DD, not “4 March”.")),
        ({"budget_amount": "much"}, ("budget_amount", "“much” is not a number.")),
        ({"budget_amount": "NaN"}, ("budget_amount", "“NaN” value must be a decimal number.")),
        ({"budget_currency": "€"}, ("budget_currency", "“€” is not known.")),
        ({"network": "unheard-of"}, ("network", "“unheard-of” is not known.")),
        ({"links": "javascript:alert(1)"}, ("links", "“javascript:alert(1)” is not a web address.")),
        ({"links": "ftp://example.org"}, ("links", "“ftp://example.org” is not a web address.")),
        ({"contact_email": "nobody"}, ("contact_email", "Enter a valid email address.")),
        ({"contact_email": ""}, ("contact_email", "Needed for publication.")),
        ({"title_en": "x" * 121}, ("title_en", "Shorten this by 1 character: at most 120 fit.")),
        ({"description_en": "x" * 100_001}, ("description_en", "This text is far too long.")),
        ({"external_id": "x" * 121}, ("external_id", "At most 120 characters.")),
        ({"country": "Atlantis"}, ("country", "“Atlantis” is not known.")),
        ({"country": "", "city": "Tripoli"}, ("country", "Say in which country “Tripoli” is.")),
        ({"city": "Nowhere at all"}, ("city", "“Nowhere at all, SE” is not known.")),
        ({"geonames_id": "99999999"}, ("geonames_id", "“99999999” is not known.")),
        ({"geonames_id": "²"}, ("geonames_id", "“²” is not known.")),
        ({"partners": "x" * 201}, ("partners", "Shorten this by 1 character: at most 200 fit.")),
    ],
)
def test_import_file_refuses_a_value_with_its_reason(register, tmp_path, values, problem):
    report = import_file(save_json(tmp_path / "list.json", complete(**values)))

    assert (1, *problem) in report.problems
    assert not Practice.objects.exists()


def test_import_file_without_title_or_language_says_so(register, tmp_path):
    bare = {"external_id": "one", "title_en": "", "source_language": ""}

    report = import_file(save_csv(tmp_path / "list.csv", bare))

    assert report.problems == [
        (2, "source_language", "Say in which language the practice was written."),
        (2, "title_en", "A title is needed."),
    ]


def test_import_file_of_other_things_is_refused_whole(register, tmp_path):
    with pytest.raises(UnreadableFileError, match="None of the columns is known"):
        import_file(save_csv(tmp_path / "list.csv", {"colour": "red"}))


def test_import_file_names_unknown_columns(register, tmp_path):
    report = import_file(save_json(tmp_path / "list.json", complete(), complete(external_id="two", mood="good")))

    assert report.unknown_columns == ["mood"]


def test_import_file_dry_run_stores_nothing_and_counts_the_same(register, tmp_path):
    path = save_csv(tmp_path / "list.csv", complete(lead_organisation="New"), complete(external_id="bad", themes=""))

    report = import_file(path, dry_run=True)

    assert counts(report) == {"added": 1, "changed": 0, "unchanged": 0, "failed": 1}
    assert (Practice.objects.count(), Organisation.objects.count(), report.stored_ids) == (0, 0, [])


def test_import_file_late_unreadable_line_stores_nothing(register, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 1)
    path = save_csv(tmp_path / "list.csv", complete())
    path.write_text(path.read_text() + '"never closed\n')

    with pytest.raises(UnreadableFileError, match="Line 3"):
        import_file(path)

    assert not Practice.objects.exists()


def test_import_file_shows_its_progress(register, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 2)
    seen = []
    path = save_csv(tmp_path / "list.csv", *(complete(external_id=str(number)) for number in range(5)))

    import_file(path, progress=lambda report: seen.append((report.rows, report.total)))

    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_import_file_queries_do_not_grow_with_the_rows(register, tmp_path):
    def queries(number):
        rows = [complete(external_id=f"{number}-{row}", partners=f"P{number}-{row}") for row in range(number)]
        path = save_csv(tmp_path / "list.csv", *rows)
        with CaptureQueriesContext(connection) as captured:
            import_file(path)
        return len(captured) - number  # one INSERT for each new organisation

    assert queries(9) <= queries(3)


def test_import_file_without_permission_stores_nothing(register, tmp_path):
    stranger = User.objects.create_user("stranger@example.org")

    with pytest.raises(PermissionDenied):
        import_file(save_csv(tmp_path / "list.csv", complete()), actor=stranger)

    assert not Practice.objects.exists()


# A database that refuses -------------------------------------------------------------------------


def test_import_file_batch_refused_by_the_database_falls_back_to_rows(register, tmp_path, monkeypatch):
    real_store = services.store

    def store(records, **options):
        real_store(records, **options)
        if any(record.practice.title_en == "Poison" for record in records):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(running, "store", store)
    rows = [
        complete(external_id="a", city="Kristianstad", partners="New A"),
        complete(external_id="b", title_en="Poison", city="Helsingborg", partners="New B"),
        complete(external_id="c", city="Helsingborg", partners="New A|New B"),
    ]

    report = import_file(save_csv(tmp_path / "list.csv", *rows))

    assert report.problems == [(3, "", "The database refused this row.")]
    assert sorted(Practice.objects.values_list("external_id", flat=True)) == ["a", "c"]
    assert sorted(City.objects.values_list("name_en", flat=True)) == ["Helsingborg", "Kristianstad", "Malmö"]
    assert sorted(Organisation.objects.values_list("name_en", flat=True)) == ["New A", "New B"]
    assert len(report.stored_ids) == 2


# References --------------------------------------------------------------------------------------


def test_references_term_by_code_or_label_in_any_language(db):
    term = make_term(Scheme.THEME, "youth", label_en="Youth", label_sv="Ungdomar", label_ar="الشباب")
    references = References()

    found = [references.term(Scheme.THEME, text) for text in ("youth", "YOUTH", "ungdomar", "الشَّباب")]

    assert found == [term] * 4
    assert references.term(Scheme.APPROACH, "youth") is None


def test_import_file_deprecated_term_is_kept_but_not_taken(register, tmp_path):
    old = make_term(Scheme.THEME, "old", deprecated=True)
    make_practice(themes=[old], networks=[register], external_source="nordic", external_id="kept", index=False)
    rows = [
        {"external_id": "kept", "network": "nordic", "themes": ["old"], "title_en": "Changed"},
        complete(external_id="new", themes="old", geonames_id=2692969),
    ]

    report = import_file(save_json(tmp_path / "list.json", *rows))

    assert (2, "themes", "“old” is no longer used; choose another term.") in report.problems
    assert counts(report) == {"added": 0, "changed": 1, "unchanged": 0, "failed": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"city": "Malmö", "country": "SE"},
        {"city": "malmo", "country": "Suède"},
        {"city": "مالمو", "country": "السويد"},
        {"city": "Malmö", "country": ""},
        {"city": "", "country": "", "geonames_id": "2692969"},
        {"city": "", "country": "", "geonames_id": 2692969},
    ],
)
def test_import_file_finds_a_city_by_name_and_country_or_number(register, tmp_path, values):
    import_file(save_json(tmp_path / "list.json", complete(**values)))

    assert Practice.objects.get().city.slug == "malmo"
    assert City.objects.count() == 1


def test_import_file_takes_a_city_from_geonames_once(register, tmp_path):
    rows = [
        complete(external_id="a", city="Copenhagen", country="DK"),
        complete(external_id="b", city="København", country="DK"),
    ]

    import_file(save_csv(tmp_path / "list.csv", *rows))
    again = import_file(save_csv(tmp_path / "list.csv", *rows))

    assert [city.country.code for city in City.objects.exclude(slug="malmo")] == ["DK"]
    assert counts(again)["unchanged"] == 2


def test_import_file_same_name_in_two_countries_asks_which(register, tmp_path):
    make_city("Malmö", "FI")

    report = import_file(save_csv(tmp_path / "list.csv", complete(country="")))

    assert report.problems == [
        (2, "city", "There are several places called “Malmö”. Give the country or the GeoNames id.")
    ]


def test_import_file_knows_an_organisation_in_any_language(register, tmp_path):
    organisation = Organisation.objects.create(name_en="City of Malmö", name_sv="Malmö stad")

    import_file(save_csv(tmp_path / "list.csv", complete(lead_organisation="MALMO STAD", partners="City of Malmö")))

    practice = Practice.objects.get()
    assert (practice.lead_organisation, list(practice.partners.all())) == (organisation, [organisation])
    assert Organisation.objects.count() == 1


def test_identity_without_id_comes_from_title_and_city(register):
    references = References()
    row = {"title_ro": "Setul privește", "city": "Cluj"}

    source, external_id = identity(row, references)

    assert (source, external_id[:4], len(external_id)) == ("", "row-", 24)
    assert identity(row | {"title_ro": "Setul priveÈ™te"}, references) == (source, external_id)
    assert identity(row | {"city": "Iași"}, references) != (source, external_id)


# Broken encoding ---------------------------------------------------------------------------------

BROKEN = "Setul de instrumente în ceea ce priveÈ™te distanÈ›area È™i reintegrarea"
MEANT = "Setul de instrumente în ceea ce privește distanțarea și reintegrarea"


def test_import_file_broken_encoding_waits_for_a_decision(register, tmp_path):
    report = import_file(save_csv(tmp_path / "list.csv", complete(title_ro=BROKEN), complete(external_id="two")))

    assert report.problems == [(2, "title_ro", "Broken encoding: “priveÈ™te” is probably “privește”.")]
    assert report.broken == [
        (2, "title_ro", "priveÈ™te", "privește"),
        (2, "title_ro", "distanÈ›area", "distanțarea"),
        (2, "title_ro", "È™i", "și"),
    ]
    assert counts(report) == {"added": 1, "changed": 0, "unchanged": 0, "failed": 1}


@pytest.mark.parametrize(("decision", "stored"), [(True, MEANT), (False, BROKEN)])
def test_import_file_broken_encoding_is_stored_as_decided(register, tmp_path, decision, stored):
    path = save_csv(tmp_path / "list.csv", complete(title_ro=BROKEN))

    report = import_file(path, repair_encoding=decision)

    assert Practice.objects.get().title_ro == clean_line(stored)
    assert report.broken_rows == 1
    assert counts(import_file(path, repair_encoding=decision))["unchanged"] == 1


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("aé ñșțăîöåؤالَس’“–œ"), max_size=40), st.sampled_from(["cp1252", "latin-1"]))
def test_hint_of_broken_encoding_misses_nothing_that_repair_finds(text, encoding):
    written = text.encode("utf-8").decode("cp1252" if encoding == "cp1252" else "latin-1", errors="replace")

    assert bool(MAYBE_BROKEN.search(written)) >= bool(broken_pieces(written))


# Text gate and hostile rows ----------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
@example("<>")
@example("<x>Streets</x>")
@example("a < b\n\n<b")
def test_cleaning_of_text_is_stable(text):
    for gate in (clean_line, clean_plain, clean_rich):
        once = gate(text)
        assert gate(once) == once
        assert "\x00" not in once


CELLS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["²", "NaN", "1e999", "٢٠٢١-٠٣", "-1", "0000-00", "|||", "\x00", "<b>", "=1+1", "\u202e", "youth|youth"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(known_columns()), CELLS, max_size=12))
def test_check_of_any_row_gives_reasons_and_never_raises(register, values):
    checker = RowChecker(References())

    checked = checker.check(Row(2, values), None)

    assert bool(checked.problems) != isinstance(checked.record, PracticeRecord)
    assert all(isinstance(column, str) and reason for column, reason in checked.problems)


def test_read_rows_of_random_bytes_reads_or_explains(tmp_path):
    chance = random.Random(7)
    for number in range(60):
        name = tmp_path / f"list{chance.choice(reading.KINDS)}"
        start = chance.choice([b"", b"PK\x03\x04", b"[", b"external_id,title_en\n", b"\xff\xfe", b"\xef\xbb\xbf["])
        name.write_bytes(start + chance.randbytes(number * 7))
        try:
            rows = list(read_rows(name))
        except UnreadableFileError:
            continue
        assert all(isinstance(value, str) for row in rows for value in row.values.values())


# The command -------------------------------------------------------------------------------------


def test_import_practices_command_tells_the_outcome(register, tmp_path):
    out, err = io.StringIO(), io.StringIO()
    path = save_csv(tmp_path / "list.csv", complete())

    call_command("import_practices", path, stdout=out, stderr=err)

    assert out.getvalue() == "1 rows: 1 added, 0 changed, 0 unchanged, 0 failed\n"


def test_import_practices_command_refuses_a_missing_file(db, tmp_path):
    with pytest.raises(CommandError, match="no such file"):
        call_command("import_practices", tmp_path / "none.csv")
