import json
import logging
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import typst
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from networks.models import Organisation
from practices.documents.markup import BLOCKS, INLINE, breakable, plain_tree, rich_tree
from practices.documents.pdf import TEMPLATE, document_data, practice_pdf, typeset
from practices.documents.typesetting import FONTS
from practices.models import Practice
from practices.search.indexing import reindex
from tests.factories import make_city, make_practice, make_term
from vocabularies.models import Scheme

HOSTILE = '#sys.version $x^2$ *b* _i_ @ref <label> // c `raw` = h #read("/etc/passwd")'


def p(*children):
    return {"tag": "p", "children": list(children)}


def node(tag, *children, **more):
    return {"tag": tag, "children": list(children), **more}


# Markup ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "tree"),
    [
        ("", []),
        ("plain", [p("plain")]),
        ("<p>a  b\nc</p>", [p("a b c")]),
        ("<p>a<br>b</p>", [p("a", node("br"), "b")]),
        ("<p>&lt;b&gt; &amp; #x</p>", [p("<b> & #x")]),
        ("<p><strong>a</strong> <em>b</em></p>", [p(node("strong", "a"), " ", node("em", "b"))]),
        ("<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>", [
            node("ul", node("li", "a"), node("li", p("b"), node("ol", node("li", "c")))),
        ]),
        ('<a href="https://x.org">a</a>', [p(node("a", "a", href="https://x.org"))]),
        ('<p><a href="javascript:x">a</a></p>', [p(node("a", "a"))]),
        ("<p></p><ul></ul><p> &nbsp;</p><p>a</p>", [p("a")]),
        ("<ul>a<li>b</li></ul>", [node("ul", node("li", p("a")), node("li", "b"))]),
        ("<p>a</div></p></p>b", [p("a"), p("b")]),
        ("<script>x</script>", [p("x")]),
        ("<h4>a</h4><h3>b</h3><h4>c</h4>", [node("h3", "a"), node("h3", "b"), node("h4", "c")]),
    ],
)  # fmt: skip
def test_rich_tree_is_exactly_the_structure(markup, tree):
    assert rich_tree(markup) == tree


def test_rich_tree_of_endless_nesting_is_shallow_and_keeps_the_text():
    tree = rich_tree("<blockquote>" * 50_000 + "x" + "</blockquote>" * 50_000 + "<p>after</p>")
    assert str(tree[0]).count("blockquote") == 12
    assert "'x'" in str(tree[0])
    assert tree[-1] == p("after")


def test_plain_tree_keeps_paragraphs_and_line_breaks():
    assert plain_tree("a\nb\n\n\nc <p>") == [p("a", node("br"), "b"), p("c <p>")]


def test_breakable_word_longer_than_a_line_gets_places_to_break():
    assert breakable("short words") == "short words"
    assert breakable("x" * 130).split("\u200b") == ["x" * 60, "x" * 60, "x" * 10]


# What is set -------------------------------------------------------------------------------------


@pytest.fixture
def practice(db):
    evidence = make_term(Scheme.EVIDENCE_LEVEL, "external-evaluation", label_en="External evaluation", order=4)
    return make_practice(
        language="it",
        city=make_city("Turin", "IT", name_ar="تورينو"),
        evidence_level=evidence,
        evaluation_outcome=make_term(Scheme.EVALUATION_OUTCOME, "mixed", label_en="Mixed", label_ar="متباينة"),
        evaluator=make_term(Scheme.EVALUATOR, "university", label_en="University"),
        published_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        confirmed_on=date(2026, 4, 1),
        starts_on=date(2024, 9, 1),
        budget_amount=Decimal("1500.00"),
        staff_fte=Decimal("0.50"),
        lead_organisation=Organisation.objects.create(name_en="Municipality of Turin"),
        texts={
            "title_it": "Scuola aperta",
            "summary_it": "Porte aperte.",
            "description_it": "<ol><li>Uno</li></ol>",
            "what_did_not_work_it": "<p>Il volantino.</p>",
            "title_ar": "مدرسة مفتوحة",
            "summary_ar": "أبواب مفتوحة.",
        },
    )


def data(practice, language="en"):
    with translation.override(language):
        return document_data(Practice.objects.select_related("city", "lead_organisation").get(pk=practice.pk))


def pdf(practice, language="en"):
    with translation.override(language):
        return practice_pdf(Practice.objects.select_related("city", "lead_organisation").get(pk=practice.pk))


def outline(found):
    """What the typesetter makes of the headings of these data: (level, text)."""
    headings = typst.query(
        TEMPLATE,
        "heading",
        root=TEMPLATE.parent,
        font_paths=FONTS,
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(found)},
    )
    return [(heading["level"], heading["body"].get("text")) for heading in json.loads(headings)]


def test_document_in_the_readers_language_runs_from_right_to_left(practice):
    found = data(practice, "ar")
    assert (found["language"], found["direction"]) == ("ar", "rtl")
    assert found["title"] == {"text": "مدرسة مفتوحة", "language": "ar", "direction": "rtl"}
    assert found["place"] == "تورينو، إيطاليا"
    assert found["scales"][1]["value"] == "متباينة"


def test_document_labels_each_section_in_another_language_than_its_title(practice):
    arabic = {section["heading"]: section for section in data(practice, "ar")["sections"]}
    assert {(section["language"], section["direction"]) for section in arabic.values()} == {("it", "ltr")}
    assert {section["label"] for section in arabic.values()} == {"الإيطالية"}
    assert data(practice, "ar")["notice"] != ""


def test_document_wholly_in_another_language_says_so_once(practice):
    found = data(practice, "en")
    assert found["notice"] == "This practice was written in Italian. It has not been translated into English yet."
    assert {section["label"] for section in found["sections"]} == {""}


def test_document_has_three_scales_of_their_own(practice):
    assert data(practice)["scales"] == [
        {
            "label": "Evidence",
            "value": "External evaluation",
            "steps": [True, True, True, True, False, False],
            "notes": [],
        },
        {"label": "Outcome of the evaluation", "value": "Mixed", "steps": [], "notes": ["University"]},
        {"label": "Transferability", "value": "ready-to-reuse", "steps": [], "notes": []},
    ]


def test_document_table_has_the_facts_of_the_page(practice):
    facts = dict(data(practice)["facts"]["rows"])
    assert facts["City"] == ["Turin, Italy"]
    assert facts["Led by"] == ["Municipality of Turin"]
    assert facts["Stage"] == ["ongoing", "since September 2024"]
    assert facts["Budget"] == ["€1,500", "under-5k", "0.5 full-time posts"]
    assert facts["Languages"] == ["Italian, Arabic"]
    assert facts["Last confirmed"] == ["1 April 2026"]
    assert "With" not in facts


def test_document_cites_a_lasting_address_and_names_the_licence(practice):
    found = data(practice)
    assert found["citation"]["text"] == (
        f"Municipality of Turin (2026). Scuola aperta. {settings.SITE_NAME}, practice {practice.pk}, version 1."
        f" {settings.SITE_URL}/it/practices/{practice.pk}/"
    )
    assert found["licence"] == {
        "label": "Licence",
        "name": "CC BY 4.0",
        "href": "https://creativecommons.org/licenses/by/4.0/",
    }


def test_lasting_address_leads_to_the_page(practice, client):
    response = client.get(f"/it/practices/{practice.pk}/", follow=True)
    assert response.redirect_chain == [(f"/it/practices/{practice.pk}-scuola-aperta/", 301)]


def test_headings_go_from_level_to_level(practice):
    Practice.objects.filter(pk=practice.pk).update(advice_keep_it="Le porte.")
    assert outline(data(practice)) == [
        (1, "Scuola aperta"),
        (2, "Why it was needed"),
        (2, "What was done"),
        (2, "Results"),
        (2, "Lessons learned"),
        (2, "What did not work"),
        (2, "Advice to cities that want to adapt it"),
        (3, "Keep this"),
        (2, "Cite this practice"),
    ]


def test_text_that_looks_like_typesetting_stays_text(practice):
    columns = ("title_it", "summary_it", "description_it", "advice_keep_it")
    Practice.objects.filter(pk=practice.pk).update(**dict.fromkeys(columns, HOSTILE))
    headings = outline(data(practice))
    assert headings[0] == (1, HOSTILE)
    assert [text for _, text in headings if text and "h #read" in text] == [HOSTILE]
    assert b"/StructTreeRoot" in pdf(practice)


# The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_pdf_is_tagged_and_names_its_language_and_rules(practice, language):
    made = pdf(practice, language)
    assert made.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in made
    assert f"/Lang({language})".encode() in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


def test_pdf_title_is_the_practices(practice):
    assert b'<rdf:li xml:lang="x-default">Scuola aperta</rdf:li>' in pdf(practice)


@pytest.mark.parametrize(
    "text",
    [
        "<blockquote>" * 3000 + "x" + "</blockquote>" * 3000,
        "<ul>" * 400 + "<li>x</li>" + "</ul>" * 400,
        f"<p>{'W' * 4000}</p>",
        f'<p><a href="https://example.org/{"a" * 3000}">x</a></p>',
        "<h4>a</h4><h3></h3><ul><li><h4>b</h4></li></ul>",
        "<p>\u202eabc\u2066 \u0301\u0301\u0301 ﷽</p>",
        "<p>العربية (abc) 123 – «x»</p>",
    ],
)
def test_pdf_of_a_hostile_text_is_made_by_the_rules(practice, text):
    Practice.objects.filter(pk=practice.pk).update(description_it=text)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf(practice)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)")
def test_pdf_gives_back_the_arabic_words_that_were_written(practice):
    text = "يتدرب شباب من أربعة أحياء على التحقق من الأخبار ثم يناقشونها مع الجيران في دار الشباب"
    Practice.objects.filter(pk=practice.pk).update(summary_ar=text)
    read = subprocess.run(["pdftotext", "-", "-"], input=pdf(practice, "ar"), capture_output=True, check=True)
    assert set(text.split()) <= set(re.findall(r"[\u0621-\u0652]+", read.stdout.decode()))


def test_pdf_with_a_letter_that_no_font_has_is_made_all_the_same(practice, caplog):
    Practice.objects.filter(pk=practice.pk).update(description_it="<p>漢字 😀</p>")
    with caplog.at_level(logging.WARNING, logger="practices.documents.pdf"):
        made = pdf(practice)
    assert made.startswith(b"%PDF-1.7")
    assert [record.getMessage()[:42] for record in caplog.records] == ["a practice is printed without PDF/UA: PDF/"]


def test_pdf_of_equal_content_is_made_once_and_of_a_change_anew(practice):
    typeset.cache_clear()
    first = pdf(practice)
    assert pdf(practice) is first
    Practice.objects.filter(pk=practice.pk).update(confirmed_on=date(2026, 5, 1))
    assert pdf(practice) is not first
    assert typeset.cache_info().hits == 1


def test_pdf_answer_is_a_named_file_with_a_tag(practice, client):
    address = f"/ar/practices/{practice.pk}-مدرسة-مفتوحة.pdf"
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'inline; filename="practice-{practice.pk}-ar.pdf"'
    assert response["Content-Language"] == "ar"
    tag = response["ETag"]
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304
    reindex([practice.pk])
    assert client.get(address, headers={"if-none-match": tag}).status_code == 200


def test_pdf_takes_the_statements_of_the_record(practice, client):
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/it/practices/{practice.pk}-scuola-aperta.pdf")
    assert len(queries) == 4


def test_pdf_of_a_draft_shows_to_administrators_only(client, admin_user):
    draft = make_practice(published=False, texts={"title_en": "Draft"})
    assert client.get(f"/en/practices/{draft.pk}-draft.pdf").status_code == 404
    client.force_login(admin_user)
    response = client.get(f"/en/practices/{draft.pk}-draft.pdf")
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)


def test_every_tag_the_text_gate_lets_through_can_be_set():
    from common.text import RICH_TAGS

    assert BLOCKS | INLINE | {"br"} == RICH_TAGS
