import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.languages import in_all_languages
from networks.models import Membership, Organisation, RoleAssignment
from networks.services import grant_role
from practices.exports import practice_table
from practices.imports.running import import_file
from practices.models import Practice, PracticeLink
from practices.search.vectors import TEXT_FIELDS
from tests.factories import make_city, make_network, make_person, make_practice, make_term
from vocabularies.models import Scheme

EXPORT = "/admin/practices/practice/export/"
LIST = "/admin/practices/practice/"
FORMULAS = ["=1+1", "+1", "-1", "@a", " =1", "＝1", "＋1", "－1", "＠a", "'=1", "\t=1"]
ARABIC = "مضيفو الساحة الذين يُصغون: سكان الحي في الخدمة مساءً"
pytestmark = pytest.mark.django_db


@pytest.fixture
def nordic():
    return make_network("nordic")


@pytest.fixture
def coordinator(nordic, admin_user):
    person = make_person("coordinator@example.org")
    grant_role(person, RoleAssignment.Role.COORDINATOR, network=nordic, actor=admin_user)
    return person


@pytest.fixture
def browser(client, coordinator):
    client.force_login(coordinator)
    return client


def kept(**values):
    """A practice as the services leave it: with the days that publishing sets."""
    status = values.pop("status", "")
    practice = make_practice(**{"confirmed_on": date(2026, 1, 1), "review_due_on": date(2028, 1, 1)} | values)
    if status:
        Practice.objects.filter(pk=practice.pk).update(status=status)
    return practice


def full(nordic, **values):
    """A practice with something in every column that an import reads."""
    practice = kept(
        language="ar",
        city=make_city("Malmö", "SE", geonames_id=2692969, name_ar="مالمو"),
        networks=[nordic],
        themes=[make_term(Scheme.THEME, "youth"), make_term(Scheme.THEME, "education")],
        approaches=[make_term(Scheme.APPROACH, f"approach-{number}") for number in range(4)],
        texts={
            "title_ar": ARABIC,
            "title_sv": "Torgvärdar, som “lyssnar”",
            "harm_statement_ar": f"{ARABIC}\n\n{ARABIC}",
        },
        starts_on=date(2024, 5, 17),
        budget_amount=Decimal("1234.50"),
        staff_fte=Decimal("0.25"),
        eu_programme=make_term(Scheme.EU_PROGRAMME, "cerv"),
        lead_organisation=Organisation.objects.create(name_ar="بلدية مالمو"),
        **values,
    )
    practice.partners.set(
        [Organisation.objects.create(name_en="Police | Skåne"), Organisation.objects.create(name_sv="ABF")]
    )
    practice.funding_sources.set([make_term(Scheme.FUNDING, "municipal")])
    PracticeLink.objects.create(practice=practice, url="https://example.org/?a=1|2", order=1)
    return practice


def columns_of(practice):
    """Everything a practice is, to see that nothing moved."""
    own = Practice.objects.filter(pk=practice.pk).values().get()
    lists = ("approaches", "beneficiaries", "funding_sources", "networks", "partners", "links")
    related = {name: sorted(getattr(practice, name).values_list("pk", flat=True)) for name in lists}
    return own | related | {"themes": list(practice.ranked_themes.values_list("theme", "rank"))}


def save(path, answer):
    path.write_bytes(answer.getvalue())
    return path


def counts(report):
    return (report.added, report.changed, report.unchanged, report.failed, report.problems, report.unknown_columns)


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_export_comes_back_unchanged_in_every_format(browser, nordic, tmp_path, kind):
    practices = [
        full(nordic),
        kept(networks=[nordic], external_source="nordic", external_id="=cmd", published=False),
        kept(networks=[nordic], published=False, texts={"title_en": ""}),
        kept(networks=[nordic], status="archived"),
        kept(networks=[nordic], status="withdrawn"),
        *(kept(networks=[nordic], texts={"title_en": text, "summary_ar": text}) for text in FORMULAS),
    ]
    before = [columns_of(practice) for practice in practices]

    answer = browser.post(EXPORT, {"kind": kind})
    path = save(tmp_path / f"practices.{kind}", answer)
    report = import_file(path)

    assert counts(report) == (0, 0, len(practices), 0, [], [])
    assert [columns_of(practice) for practice in practices] == before


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_export_edited_changes_that_practice_only(browser, nordic, tmp_path, kind):
    practice, other = full(nordic), kept(networks=[nordic])
    path = save(tmp_path / f"practices.{kind}", browser.post(EXPORT, {"kind": kind}))
    Practice.objects.filter(pk=practice.pk).update(title_fr="Changé entre-temps")

    report = import_file(path)

    assert counts(report) == (0, 1, 1, 0, [], [])
    practice.refresh_from_db()
    assert (practice.title_fr, practice.title_ar) == ("", ARABIC)
    assert columns_of(other) == columns_of(other)


def test_export_has_every_language_and_codes(browser, nordic):
    practice = full(nordic)

    [row] = rows_of(browser.post(EXPORT, {"kind": "csv"}))

    assert set(in_all_languages(*TEXT_FIELDS)) <= set(row)
    assert {
        name: row[name] for name in ("hub_id", "title_ar", "title_fr", "themes", "lifecycle", "network", "city")
    } == {
        "hub_id": str(practice.pk),
        "title_ar": ARABIC,
        "title_fr": "",
        "themes": "youth|education",
        "lifecycle": "ongoing",
        "network": "nordic",
        "city": "Malmö",
    }
    assert (row["starts_on"], row["budget_amount"], row["links"]) == (
        "2024-05",
        "1234.50",
        r"https://example.org/?a=1\|2",
    )


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_has_no_cell_that_a_spreadsheet_runs(browser, nordic, kind, text):
    from openpyxl import load_workbook

    kept(networks=[nordic], texts={"title_en": "a", "title_it": text}, external_id=text)
    answer = browser.post(EXPORT, {"kind": kind})

    if kind == "csv":
        cells = [cell for row in rows_of(answer) for cell in row.values()]
    else:
        sheet = load_workbook(io.BytesIO(answer.getvalue())).worksheets[0]
        cells = [str(cell.value) for row in sheet for cell in row if cell.value is not None]
        assert "f" not in {cell.data_type for row in sheet for cell in row}
    stored = Practice.objects.get().title_it
    assert cells.count(f"'{stored}") >= 1
    assert [cell for cell in cells if cell.lstrip()[:1] in {*"=+-@＝＋－＠"}] == []


def test_export_of_a_filtered_list_has_those_rows(browser, nordic):
    kept(networks=[nordic])
    draft = kept(networks=[nordic], published=False)

    page = browser.get(f"{EXPORT}?status__exact=draft")
    rows = rows_of(browser.post(f"{EXPORT}?status__exact=draft", {"kind": "csv"}))

    assert page.context["count"] == 1
    assert [row["hub_id"] for row in rows] == [str(draft.pk)]


def test_export_of_searched_words_has_those_rows(browser, nordic):
    found = kept(networks=[nordic], texts={"title_ar": ARABIC})
    kept(networks=[nordic])

    rows = rows_of(browser.post(f"{EXPORT}?q=مضيفو", {"kind": "csv"}))

    assert [row["hub_id"] for row in rows] == [str(found.pk)]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_export_of_chosen_rows_has_those_rows(browser, nordic, tmp_path, kind):
    chosen = [kept(networks=[nordic]), kept(networks=[nordic])]
    kept(networks=[nordic])

    data = {"action": f"export_chosen_{kind}", "_selected_action": [practice.pk for practice in chosen]}
    answer = browser.post(LIST, data)

    report = import_file(save(tmp_path / f"practices.{kind}", answer), dry_run=True)
    assert (report.total, report.unchanged) == (2, 2)
    assert answer["Content-Disposition"].startswith('attachment; filename="practice-20')


def test_export_of_two_bodies_of_one_name_comes_back_unchanged(browser, nordic, tmp_path):
    first, second = (Organisation.objects.create(name_en=name) for name in ("Police", "POLICE"))
    practices = [kept(networks=[nordic], lead_organisation=body) for body in (first, second)]
    practices[0].partners.set([second])

    report = import_file(save(tmp_path / "practices.csv", browser.post(EXPORT, {"kind": "csv"})))

    assert counts(report) == (0, 0, 2, 0, [], [])


def test_export_of_text_that_looks_broken_comes_back_unchanged(browser, nordic, tmp_path):
    kept(networks=[nordic], texts={"title_fr": "Des hÃ´tes de place"})

    report = import_file(save(tmp_path / "practices.csv", browser.post(EXPORT, {"kind": "csv"})))

    assert counts(report) == (0, 0, 1, 0, [], [])


def test_export_as_xlsx_of_too_much_says_what_to_choose(browser, nordic, monkeypatch):
    monkeypatch.setattr("common.exporting.XLSX_AT_MOST", 1)
    monkeypatch.setattr("common.spreadsheets.MAX_XLSX_CELL", 3)
    kept(networks=[nordic])
    long = browser.post(EXPORT, {"kind": "xlsx"}, follow=True)
    kept(networks=[nordic])
    many = browser.post(EXPORT, {"kind": "xlsx"}, follow=True)

    assert [[str(message) for message in answer.context["messages"]] for answer in (long, many)] == [
        ["One of the texts is longer than a cell of XLSX can be. Choose CSV or JSON."],
        ["XLSX files have at most 1 rows here. Choose CSV or JSON, or filter the list."],
    ]
    assert LogEntry.objects.count() == 0


def test_export_of_cities_and_memberships_has_their_own_columns(browser, nordic):
    city = make_city("Malmö", slug="malmo", name_ar="مالمو", latitude=-1.5, longitude=13.0, region="@Skåne")
    Membership.objects.create(network=nordic, city=city, joined_on=date(2024, 1, 2))

    [town] = rows_of(browser.post("/admin/networks/city/export/", {"kind": "csv"}))
    [membership] = rows_of(browser.post("/admin/networks/membership/export/", {"kind": "csv"}))

    told = ("slug", "country", "name_ar", "name_fr", "latitude", "region", "networks")
    assert [town[name] for name in told] == ["malmo", "SE", "مالمو", "", "-1.5", "'@Skåne", "nordic"]
    told = ("network", "city", "country", "name_ar", "status", "joined_on", "left_on")
    assert [membership[name] for name in told] == ["nordic", "malmo", "SE", "مالمو", "member", "2024-01-02", ""]
    assert "focal_point" not in membership


def test_export_wrong_filter_leads_to_the_list(browser):
    assert browser.get(f"{EXPORT}?nothing__exact=1").url == f"{LIST}?e=1"


def test_export_without_a_format_says_so(browser):
    answer = browser.post(EXPORT, {})

    assert (answer.status_code, answer.context["form"].errors) == (422, {"kind": ["This field is required."]})


def test_export_is_in_the_log(browser, coordinator, nordic):
    kept(networks=[nordic])

    browser.get(EXPORT)
    browser.post(EXPORT, {"kind": "csv"})

    entry = LogEntry.objects.get()
    assert (entry.user, entry.change_message) == (coordinator, "1 row exported as CSV.")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("model", ["practices/practice", "networks/city", "networks/membership"])
def test_export_has_nothing_of_another_network(browser, nordic, admin_user, client, model, kind):
    canary = "Kanariefågel"
    own_city = make_city("Lund")
    foreign_city = make_city(canary, slug="kanariefagel-city", name_ar=canary, mail_domain="kanariefagel.example")
    foreign = make_network("kanariefagel", name_en=canary, cities=[foreign_city, own_city])
    Membership.objects.create(network=nordic, city=own_city, focal_point=make_person("kanariefagel@example.org"))
    hidden = kept(city=foreign_city, networks=[foreign], texts={"title_en": canary})
    Practice.objects.filter(pk=hidden.pk).update(contact_email="kanariefagel@example.org")
    shared = kept(city=own_city, networks=[nordic, foreign], published=False)
    address = f"/admin/{model}/"
    data = {"action": f"export_chosen_{kind}", "_selected_action": [hidden.pk, shared.pk, foreign_city.pk, foreign.pk]}

    answers = [
        browser.post(f"{address}export/", {"kind": kind}),
        browser.post(f"{address}export/?q={canary}", {"kind": kind}),
        browser.post(address, data),
        browser.get(f"{address}export/?q={canary}"),
    ]
    told = [text_of(answer, kind) for answer in answers]

    assert [canary in text.replace(f"q={canary}", "").replace("%C3", "") for text in told] == [False] * 4
    assert ["kanariefagel" in text.lower() for text in told] == [False] * 4
    assert "Lund" in told[0]
    # Control: to an administrator it is all told.
    client.force_login(admin_user)
    assert "kanariefagel" in text_of(client.post(f"{address}export/", {"kind": kind}), kind)


def text_of(answer, kind):
    content = answer.getvalue() if answer.streaming else answer.content
    if answer.streaming and kind == "xlsx":
        from openpyxl import load_workbook

        return " ".join(str(cell.value) for row in load_workbook(io.BytesIO(content)).worksheets[0] for cell in row)
    return content.decode()


def test_export_of_a_shared_practice_comes_back_with_its_other_network(browser, nordic, tmp_path):
    foreign = make_network("foreign")
    practice = kept(networks=[nordic, foreign])
    path = save(tmp_path / "practices.csv", browser.post(EXPORT, {"kind": "csv"}))
    assert rows_of(browser.post(EXPORT, {"kind": "csv"}))[0]["network"] == "nordic|…"
    Practice.objects.filter(pk=practice.pk).update(title_fr="Changé")

    unchanged_but_title = import_file(path)

    assert counts(unchanged_but_title) == (0, 1, 0, 0, [], [])
    assert set(practice.networks.values_list("slug", flat=True)) == {"nordic", "foreign"}


def test_import_of_a_number_that_is_not_here_is_refused(tmp_path):
    practice = kept()
    path = tmp_path / "practices.json"
    row = {"hub_id": practice.pk + 1, "title_en": "a", "source_language": "en"}
    path.write_text(json.dumps([row, row | {"hub_id": "x"}, row | {"hub_id": practice.pk, "external_id": "other"}]))

    report = import_file(path)

    assert [(line, column) for line, column, _ in report.problems] == [
        (1, "hub_id"),
        (2, "hub_id"),
        (3, "external_id"),
    ]
    assert Practice.objects.count() == 1


def test_import_of_the_same_practice_by_number_and_by_id_is_refused(nordic, tmp_path):
    practice = kept(networks=[nordic], external_source="nordic", external_id="one")
    path = tmp_path / "practices.json"
    row = {"network": "nordic", "title_en": "a", "source_language": "en"}
    path.write_text(json.dumps([row | {"hub_id": practice.pk}, row | {"external_id": "one"}]))

    report = import_file(path, dry_run=True)

    assert report.problems == [(2, "external_id", "The same practice stands in line 1.")]


def test_import_does_not_bring_a_withdrawn_practice_back(nordic, tmp_path):
    practice = kept(networks=[nordic], status="withdrawn")
    path = tmp_path / "practices.json"
    path.write_text(json.dumps([{"hub_id": practice.pk, "status": "published", "title_en": "New"}]))

    report = import_file(path)

    assert report.problems == [(1, "", "This practice was withdrawn. An import does not change it.")]
    practice.refresh_from_db()
    assert practice.status == "withdrawn"


def test_export_has_a_constant_number_of_queries(coordinator, nordic):
    def queries(ids):
        with CaptureQueriesContext(connection) as captured:
            list(practice_table(ids, actor=coordinator).rows)
        return len(captured)

    ids = [full(nordic).pk]
    queries(ids)  # reads the roles of the coordinator
    one = queries(ids)
    ids += [kept(networks=[nordic]).pk for _ in range(3)]

    assert queries(ids) == one
