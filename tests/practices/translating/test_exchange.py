"""Files for translation agencies, and what comes back."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from practices import services
from practices.agencies import MAX_UPLOAD, export, import_files
from practices.models import Practice, Translation
from practices.xliff import MAX_BYTES
from tests.factories import make_practice

pytestmark = pytest.mark.django_db
RICH = (
    "<h3>Steg</h3><p>Ett <strong>fett</strong> &amp; ett "
    '<a href="https://example.org/?a=1&amp;b=2" rel="noopener nofollow">mål</a>.<br>Rad.</p><ul><li><p>A</p></li></ul>'
)


@pytest.fixture
def practice(desk):
    Practice.objects.filter(pk=desk.practice.pk).update(description_sv=RICH)
    desk.practice.refresh_from_db()
    services.record_edit(desk.practice, actor=desk.coordinator)
    return desk.practice


def exported(practice, language="ar"):
    return export([practice], language)[2].decode()


def translated(xml, **targets):
    """As an agency's tool writes: a target after each source named; "=" repeats the source with its markup."""
    for name, text in targets.items():
        unit = xml.index(f'<trans-unit id="{name}"')
        start = xml.index("<source>", unit) + len("<source>")
        end = xml.index("</source>", start)
        target = xml[start:end] if text == "=" else text(xml[start:end]) if callable(text) else text
        rest = xml[end + len("</source>") :]
        if rest.startswith("<target"):
            rest = rest[rest.index("</target>") + len("</target>") :]
        xml = f"{xml[:end]}</source><target>{target}</target>{rest}"
    return xml


def bring_in(xml, actor, language="ar", name="practice.xlf"):
    return import_files(name, xml if isinstance(xml, bytes) else xml.encode(), language=language, actor=actor)


def told(outcome):
    return [(complaint.field, complaint.reason) for complaint in outcome.complaints]


def test_round_trip_with_arabic_keeps_markup_and_makes_drafts(desk, practice):
    xml = exported(practice)
    assert "example.org" not in xml
    arabic = lambda source: source.replace("Ett ", "خطوة ").replace("fett", "عريضة").replace("mål", "هدف")  # noqa: E731
    outcome = bring_in(translated(xml, title="حوار في الساحة", description=arabic), desk.officer)
    row = practice.translations.get(language="ar")
    assert (told(outcome), outcome.texts, row.state) == ([], 2, Translation.State.IN_TRANSLATION)
    assert row.draft == {
        "title": "حوار في الساحة",
        "description": RICH.replace("Ett ", "خطوة ").replace("fett", "عريضة").replace("mål", "هدف"),
    }
    practice.refresh_from_db()
    assert (practice.title_ar or "") == ""


def test_export_holds_what_is_there_and_importing_it_unchanged_changes_nothing(desk, practice):
    xml = exported(practice, "it")
    assert '<target state="final">Dialoghi in piazza</target>' in xml
    assert 'source-language="sv" target-language="it"' in xml
    # The Italian description was written without the markup of the new Swedish one.
    outcome = bring_in(translated(xml, description="="), desk.translator, "it")
    assert told(outcome) == []
    assert list(practice.translations.get(language="it").draft) == ["description"]


def test_changed_source_is_told_for_its_unit_and_nothing_stored(desk, practice):
    xml = translated(exported(practice), title="عنوان", summary="ملخص")
    Practice.objects.filter(pk=practice.pk).update(summary_sv="Grannar talar mer.")
    outcome = bring_in(xml, desk.officer)
    assert told(outcome) == [("summary", "The original has changed since the file was exported.")]
    assert not practice.translations.get(language="ar").draft


@pytest.mark.parametrize(
    "broken",
    [
        lambda source: source.replace("<g ", "<x ", 1),
        lambda source: source.replace('id="3"', 'id="30"'),
        lambda source: source + source,
        lambda source: "text",
    ],
)
def test_broken_markup_is_told(desk, practice, broken):
    outcome = bring_in(translated(exported(practice), description=broken), desk.officer)
    [complaint] = outcome.complaints
    assert complaint.reason in (
        "The file is not well-formed XML.",
        "The markup differs from the original: each tag has to be there exactly once.",
    )
    assert not practice.translations.get(language="ar").draft


def test_wrong_language_practice_and_field_are_told(desk, practice):
    xml = translated(exported(practice), title="عنوان")
    assert "from “sv” to “ar”" in told(bring_in(xml, desk.officer, "fr"))[0][1]
    unknown = xml.replace(f"practice-{practice.pk}", "practice-987654")
    assert told(bring_in(unknown, desk.officer)) == [("", "There is no practice 987654 that you translate.")]
    assert told(bring_in(xml, desk.translator)) == [("", f"There is no practice {practice.pk} that you translate.")]
    renamed = xml.replace('<trans-unit id="summary"', '<trans-unit id="contact_email"')
    assert told(bring_in(renamed, desk.officer)) == [
        ("contact_email", "There is no such field, or it is there twice.")
    ]
    assert not practice.translations.get(language="ar").draft


def test_text_that_does_not_fit_is_told_for_its_unit(desk, practice):
    outcome = bring_in(translated(exported(practice), title="ا" * 121), desk.officer)
    assert [field for field, _reason in told(outcome)] == ["title"]


def test_draft_of_somebody_else_is_not_replaced(desk, practice):
    services.save_draft(practice, "ar", {"title": "عنواني"}, actor=desk.coordinator, seen=0)
    outcome = bring_in(translated(exported(practice), title="عنوان", summary="ملخص"), desk.officer)
    assert told(outcome) == [("title", "Somebody else is translating this field at the desk.")]
    assert practice.translations.get(language="ar").draft == {"title": "عنواني"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is not well-formed XML."),
        (b"<xliff", "The file is not well-formed XML."),
        (b"<html/>", "The file is not XLIFF 1.2."),
        (
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
            "The file declares a document type or entities, which is not allowed.",
        ),
        (b"a" * (MAX_BYTES + 1), "The file is too large: at most 2 MB."),
        (b"a" * (MAX_UPLOAD + 1), "The upload is too large: at most 5 MB."),
        (b"PK\x03\x04 broken", "The archive cannot be read."),
        (
            b'<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>',
            "The file holds no texts.",
        ),
        (
            b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2"><file original="x"/></xliff>',
            "The file does not say which practice it belongs to; it was not exported here.",
        ),
        (
            b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2">' + b"<a>" * 3000 + b"</a>" * 3000 + b"</xliff>",
            "The file is not XLIFF 1.2.",
        ),
    ],
    ids=[
        "empty",
        "cut off",
        "html",
        "entity",
        "large file",
        "large upload",
        "broken archive",
        "no texts",
        "foreign",
        "deep",
    ],
)
def test_unreadable_files_are_told(desk, data, reason):
    assert told(bring_in(data, desk.officer)) == [("", reason)]


def test_archive_is_stored_whole_or_not_at_all(desk, practice):
    other = make_practice(language="sv", city=desk.city, networks=[desk.network], index=False)
    name, kind, data = export([practice, other], "ar")
    assert (name, kind) == ("practices-ar.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {entry: translated(archive.read(entry).decode(), title="عنوان") for entry in archive.namelist()}
    assert sorted(files) == sorted(f"practice-{one.pk}-sv-ar.xlf" for one in (practice, other))
    Practice.objects.filter(pk=other.pk).update(title_sv="Ett annat")
    assert len(bring_in(packed(files), desk.officer).complaints) == 1
    assert not any(Translation.objects.values_list("draft", flat=True))
    Practice.objects.filter(pk=other.pk).update(title_sv=other.title_sv)
    assert bring_in(packed(files), desk.officer).texts == 2


def test_archive_that_unpacks_to_too_much_is_refused(desk):
    bomb = {f"{number}.xlf": "a" * MAX_BYTES for number in range(11)}
    assert told(bring_in(packed(bomb), desk.officer)) == [("", "The archive holds too much.")]


def test_archive_that_cannot_be_unpacked_is_refused(desk, practice):
    data = bytearray(packed({"a.xlf": exported(practice)}))
    start = data.index(b"a.xlf") + len("a.xlf")
    data[start : start + 8] = b"\xff" * 8
    assert told(bring_in(bytes(data), desk.officer)) == [("", "The archive cannot be read.")]


def packed(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_page_tells_what_is_wrong_and_stores_nothing(desk, practice, client):
    client.force_login(desk.officer)
    where = reverse("workspace:translation-import")
    refused = client.post(where, {"language": "ar", "file": SimpleUploadedFile("a.xlf", b"<html/>")})
    assert (refused.status_code, "The file is not XLIFF 1.2." in refused.content.decode()) == (422, True)
    assert client.post(where, {"language": "ar"}).status_code == 422
    xml = translated(exported(practice), title="عنوان")
    stored = client.post(where, {"language": "ar", "file": SimpleUploadedFile("a.xlf", xml.encode())})
    assert (stored.status_code, stored["Location"]) == (
        302,
        reverse("workspace:translation", args=[practice.pk, "ar"]),
    )


def test_export_page_gives_a_file_to_save(desk, practice, client):
    client.force_login(desk.translator)
    answer = client.get(reverse("workspace:translation-export"), {"language": "it", "practice": practice.pk})
    assert answer["Content-Disposition"] == f'attachment; filename="practice-{practice.pk}-sv-it.xlf"'
    nothing = client.get(reverse("workspace:translation-export"), {"language": "it"})
    assert nothing.status_code == 302
