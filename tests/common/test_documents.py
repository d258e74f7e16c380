"""Each document is built with a name in every place that tells about people; none of it may be left, and its text must be."""

import io
import re
import zipfile
import zlib

import pytest
import typst
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Text
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from common.documents import MAX_DOCUMENT_BYTES, clean_document
from common.rewriting import pdf
from common.rewriting.pictures import bare

CANARY = "Kanariya Testdotter"
DAMAGED = "This file is damaged or cut off. Please open it, save it again and try once more."
TOO_MUCH = "This file would unpack into far too much."
TOO_LONG = "This PDF is too long or too complicated to be checked. Please make it shorter or simpler."
LOCKED = "This file is protected by a password. Please save it without one."
EMBEDDED = (
    "Another file is embedded in this one, and we cannot remove the names of people from it."
    " Please take it out, or save the document as a PDF."
)


def cleaned(name, data):
    return clean_document(SimpleUploadedFile(name, data)).read()


def refusal(name, data):
    with pytest.raises(ValidationError) as refused:
        clean_document(SimpleUploadedFile(name, data))
    return refused.value.messages


def layers(data):
    """The bytes, and whatever can be unpacked from them: members of archives with their names, streams of PDFs."""
    yield data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                yield entry.filename.encode() + entry.comment + entry.extra
                yield from layers(archive.read(entry))
    for start in re.finditer(rb"stream\r?\n", data):
        try:
            yield zlib.decompressobj().decompress(data[start.end() :])
        except zlib.error:
            continue


def tells(data, word=CANARY):
    shapes = [word.encode(), word.encode("utf-16-be"), word.encode("utf-16-le"), word.encode().hex().encode()]
    return any(shape in layer for layer in layers(data) for shape in shapes)


def picture(kind="JPEG", **options):
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, kind, **options)
    return file.getvalue()


def exif(orientation=None):
    found = Image.Exif()
    found[0x013B] = CANARY
    if orientation:
        found[0x0112] = orientation
    return found.tobytes()


def photograph(**options):
    return picture(exif=exif(**options), comment=CANARY.encode())


# Pictures in documents ---------------------------------------------------------------------------


def test_photograph_loses_its_metadata_and_no_pixel():
    data = photograph(orientation=6) + CANARY.encode()
    assert tells(data)
    result = bare(data)
    assert not tells(result)
    assert dict(Image.open(io.BytesIO(result)).getexif()) == {0x0112: 6}
    assert Image.open(io.BytesIO(result)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


def test_photograph_of_several_scans_stays_the_same():
    data = picture(progressive=True, exif=exif())
    assert not tells(bare(data))
    assert Image.open(io.BytesIO(bare(data))).tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_drawing_loses_its_metadata_and_no_pixel(kind):
    options = {"exif": exif()} | ({"xmp": CANARY.encode()} if kind == "WEBP" else {})
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", CANARY)
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", CANARY)
    data = picture(kind, **options)
    assert tells(data)
    result = bare(data)
    assert not tells(result)
    assert Image.open(io.BytesIO(result)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


def box(kind, *content):
    inside = b"".join(content)
    return (len(inside) + 8).to_bytes(4) + kind + inside


def test_film_loses_its_place_and_nothing_moves():
    track = box(b"trak", box(b"tkhd", b"1234"), box(b"meta", CANARY.encode()))
    told = box(b"udta", CANARY.encode())
    data = box(b"ftyp", b"isom") + box(b"moov", track, told) + box(b"mdat", b"film") + box(b"uuid", CANARY.encode())
    result = bare(data)
    assert not tells(result)
    assert (len(result), result.index(b"film"), b"1234" in result) == (len(data), data.index(b"film"), True)


# PDF ---------------------------------------------------------------------------------------------


def stream(data, **entries):
    made = DecodedStreamObject()
    made.set_data(data)
    for key, value in entries.items():
        made[NameObject(f"/{key}")] = value
    return made


def words(text):
    return stream(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())


def named(**entries):
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})


def pdf_page(writer, text):
    page = writer.add_blank_page(200, 200)
    font = named(Type=NameObject("/Font"), Subtype=NameObject("/Type1"), BaseFont=NameObject("/Helvetica"))
    page[NameObject("/Resources")] = named(Font=named(F1=writer._add_object(font)))
    page[NameObject("/Contents")] = writer._add_object(words(text))
    return page


def pdf_bytes(writer):
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def pdf_telling():
    """A PDF of two pages with a name wherever a PDF can hold one besides its text."""
    writer = PdfWriter()
    name = TextStringObject(CANARY)
    writer.add_metadata(dict.fromkeys(["/Author", "/Title", "/Creator", "/Company"], CANARY))
    page = pdf_page(writer, "Text of the page")
    second = pdf_page(writer, "Second page")
    keep = writer._add_object
    metadata = {"Type": NameObject("/Metadata"), "Subtype": NameObject("/XML")}
    xmp = keep(stream(f"<x>{CANARY}</x>".encode(), **metadata).flate_encode())
    private = named(Word=named(LastModified=name, Private=keep(named(Who=name))))
    photo = stream(
        photograph(), Type=NameObject("/XObject"), Subtype=NameObject("/Image"), Filter=NameObject("/DCTDecode")
    )
    photo.update(
        named(Width=NumberObject(40), Height=NumberObject(30), BitsPerComponent=NumberObject(8), Metadata=xmp)
    )
    photo[NameObject("/ColorSpace")] = NameObject("/DeviceRGB")
    page["/Resources"][NameObject("/XObject")] = named(Im1=keep(photo))
    page.update(named(Metadata=xmp, PieceInfo=private, LastModified=name, Thumb=keep(stream(CANARY.encode()))))
    page[NameObject("/AA")] = named(O=named(S=NameObject("/JavaScript"), JS=name))
    writer.add_uri(0, "https://example.org/", [10, 10, 50, 50])
    writer.add_annotation(0, Text(rect=(10, 60, 50, 90), text="A remark"))
    remark = page["/Annots"][1].get_object()
    remark.update(named(T=name, M=name, CreationDate=name, NM=name))
    launch = named(S=NameObject("/Launch"), F=name)
    for action in (launch, named(S=NameObject("/URI"), URI=TextStringObject(f"file:///home/{CANARY}"))):
        rect = ArrayObject(FloatObject(number) for number in (1, 1, 5, 5))
        link = named(Type=NameObject("/Annot"), Subtype=NameObject("/Link"), Rect=rect, A=keep(action))
        page["/Annots"].append(keep(link))
    file = named(Type=NameObject("/Filespec"), F=name, EF=named(F=keep(stream(CANARY.encode()))))
    rect = ArrayObject(FloatObject(number) for number in (1, 1, 5, 5))
    page["/Annots"].append(keep(named(Subtype=NameObject("/FileAttachment"), Rect=rect, FS=file)))
    writer.add_attachment(f"{CANARY}.txt", CANARY.encode())
    root = writer.root_object
    root["/Names"][NameObject("/JavaScript")] = named(
        Names=ArrayObject([name, named(S=NameObject("/JavaScript"), JS=name)])
    )
    root.update(
        named(Metadata=xmp, OpenAction=launch, AF=ArrayObject([file]), Lang=TextStringObject("sv"), PieceInfo=private)
    )
    writer.add_outline_item(title="Chapter", page_number=1)
    signature = named(Type=NameObject("/Sig"), Name=name, ByteRange=ArrayObject([NumberObject(0)]))
    field = named(FT=NameObject("/Sig"), T=TextStringObject("sign here"), V=keep(signature))
    root[NameObject("/AcroForm")] = named(Fields=ArrayObject([keep(field)]), XFA=keep(stream(CANARY.encode())))
    part = keep(
        named(
            Type=NameObject("/StructElem"),
            S=NameObject("/P"),
            Pg=second.indirect_reference,
            T=TextStringObject("Title"),
        )
    )
    root[NameObject("/StructTreeRoot")] = keep(named(Type=NameObject("/StructTreeRoot"), K=ArrayObject([part])))
    root[NameObject("/MarkInfo")] = named(Marked=BooleanObject(True))
    return pdf_bytes(writer)


def test_pdf_tells_nothing_and_shows_the_same():
    data = pdf_telling()
    assert tells(data)
    result = cleaned("a.pdf", data)
    assert not tells(result)
    for word in (b"JavaScript", b"Launch", b"EmbeddedFile", b"FileAttachment", b"/XFA", b"/Info", b"pypdf"):
        assert not any(word in layer for layer in layers(result)), word
    reader = PdfReader(io.BytesIO(result), strict=True)
    assert [page.extract_text() for page in reader.pages] == ["Text of the page", "Second page"]
    assert (reader.metadata, reader.xmp_metadata, reader.attachments) == (None, None, {})


def test_pdf_keeps_what_people_find_their_way_by():
    reader = PdfReader(io.BytesIO(cleaned("a.pdf", pdf_telling())))
    root = reader.root_object
    assert (root["/Lang"], [item.title for item in reader.outline]) == ("sv", ["Chapter"])
    assert reader.get_destination_page_number(reader.outline[0]) == 1
    [part] = root["/StructTreeRoot"]["/K"]
    assert (part.get_object()["/S"], part.get_object()["/T"]) == ("/P", "Title")
    assert part.get_object()["/Pg"] == reader.pages[1]
    link, remark, *dead = [entry.get_object() for entry in reader.pages[0]["/Annots"]]
    assert link["/A"]["/URI"] == "https://example.org/"
    assert (remark["/Contents"], "/T" in remark) == ("A remark", False)
    assert ["/A" in entry for entry in dead] == [False, False]
    assert root["/AcroForm"]["/Fields"][0]["/T"] == "sign here"
    assert reader.pages[0].images[0].image.size == (40, 30)


def test_pdf_older_versions_and_deleted_pages_are_not_carried_over():
    writer = PdfWriter()
    pdf_page(writer, "Now")
    deleted = pdf_page(writer, CANARY)
    writer.root_object[NameObject("/Dests")] = named(old=ArrayObject([deleted.indirect_reference, NameObject("/Fit")]))
    first = pdf_bytes(writer)
    changing = PdfWriter(io.BytesIO(first), incremental=True)
    del changing.root_object["/Pages"]["/Kids"][1]
    changing.root_object["/Pages"][NameObject("/Count")] = NumberObject(1)
    data = pdf_bytes(changing)
    assert data.startswith(first)
    assert tells(data)
    result = cleaned("a.pdf", data)
    assert not tells(result)
    assert [page.extract_text() for page in PdfReader(io.BytesIO(result)).pages] == ["Now"]


def test_pdf_names_that_a_program_chose_are_no_metadata():
    writer = PdfWriter()
    page = pdf_page(writer, "x")
    page["/Resources"]["/Font"][NameObject("/Metadata")] = page["/Resources"]["/Font"]["/F1"]
    result = PdfReader(io.BytesIO(cleaned("a.pdf", pdf_bytes(writer))))
    assert set(result.pages[0]["/Resources"]["/Font"]) == {"/F1", "/Metadata"}


def test_pdf_with_tags_stays_tagged():
    data = typst.compile(f'#set document(title: "T", author: "{CANARY}")\n= One\nText.'.encode())
    assert tells(data)
    result = cleaned("a.pdf", data)
    assert not tells(result)
    reader = PdfReader(io.BytesIO(result))
    assert "Text." in reader.pages[0].extract_text()
    assert reader.root_object["/StructTreeRoot"]["/K"][0]["/Type"] == "/StructElem"


def encrypted(**options):
    writer = PdfWriter()
    pdf_page(writer, "x")
    writer.encrypt(**options)
    return pdf_bytes(writer)


@pytest.mark.parametrize("options", [
    {"user_password": "a", "algorithm": "AES-256"}, {"user_password": "", "owner_password": "b", "algorithm": "RC4-128"},
])  # fmt: skip
def test_pdf_with_a_password_is_refused(options):
    assert refusal("a.pdf", encrypted(**options)) == [LOCKED]


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_pdf_cut_off_is_refused(part):
    data = pdf_telling()
    assert refusal("a.pdf", data[: int(len(data) * part)]) == [DAMAGED]


def test_refusals_are_said_in_the_readers_language():
    with translation.override("sv"):
        [told] = refusal("a.pdf", b"%PDF-1.7\n%%EOF")
    assert told != DAMAGED


def pdf_of(*objects, root=1):
    """A PDF of objects that are written by hand, numbered from 1."""
    body, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<</Size %d /Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, len(body))
    return body + head + table + tail


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"


def test_pdf_written_by_hand_is_taken():
    assert len(PdfReader(io.BytesIO(cleaned("a.pdf", pdf_of(CATALOGUE, PAGES, PAGE)))).pages) == 1


def object_list_bomb():
    """A list of objects that unpacks into a hundred times what lists may have."""
    packed = zlib.compress(b"4 0 [" + b"0 " * pdf.MAX_LIST_BYTES + b"]")
    body = pdf_of(CATALOGUE, PAGES, PAGE[:-2] + b"/Contents 5 0 R>>")
    at = len(body)
    body += b"6 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(packed),
        packed,
    )
    entries = [b"\0" * 7] + [
        b"\1" + body.index(b"%d 0 obj" % number).to_bytes(4) + b"\0\0" for number in (1, 2, 3)
    ] + [b"\0" * 7, b"\2" + (6).to_bytes(4) + b"\0\0", b"\1" + at.to_bytes(4) + b"\0\0"]  # fmt: skip
    table = b"".join(entries)
    start = len(body)
    body += b"7 0 obj\n<</Type/XRef/W[1 4 2]/Size 7/Root 1 0 R/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(table),
        table,
    )
    return body + b"startxref\n%d\n%%%%EOF\n" % start


def chain(length):
    """Pages in pages in pages."""
    links = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 1) for number in range(2, length)]
    return pdf_of(CATALOGUE, *links, PAGE)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (object_list_bomb(), TOO_LONG),
        (pdf_of(CATALOGUE, PAGES, PAGE[:-2] + b"/X " + b"[" * 50_000 + b"]" * 50_000 + b">>"), DAMAGED),
        (pdf_of(CATALOGUE, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1>>"), DAMAGED),
        (pdf_of(b"1 0 R", PAGES, PAGE), DAMAGED),
        (
            pdf_of(
                CATALOGUE,
                b"<</Type/Pages/Kids[%s]/Count 1>>" % b" ".join(b"%d 0 R" % (n + 3) for n in range(pdf.MAX_PAGES + 1)),
                *[PAGE] * (pdf.MAX_PAGES + 1),
            ),
            TOO_LONG,
        ),
        (pdf_of(CATALOGUE, PAGES, PAGE[:-2] + b"/X [" + b"[0 0 0 0 0 0]" * 1_400_000 + b"]>>"), TOO_LONG),
    ],
    ids=["list of objects", "nesting", "circle of pages", "circle of references", "pages", "array"],
)
def test_pdf_that_would_eat_the_machine_is_refused(data, told):
    assert refusal("a.pdf", data) == [told]


def test_pdf_of_long_chains_is_written_without_diving():
    result = cleaned("a.pdf", chain(20_000))
    assert result.startswith(b"%PDF-1.7")


# Word, Excel, PowerPoint -------------------------------------------------------------------------

TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def relations(*rows):
    """A list of relations from (type, target); external where the target begins with !."""
    listed = ""
    for number, (kind, target) in enumerate(rows, 1):
        mode = ' TargetMode="External"' if target.startswith("!") else ""
        listed += f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target.lstrip("!")}"{mode}/>'
    return RELATIONS.format(listed)


def archive(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = CANARY.encode()
        for name, data in files.items():
            packed.writestr(name, data)
    return file.getvalue()


def office(main, files, *root):
    """An Office document of files, with the parts that every program packs along."""
    parts = "".join(
        f'<Override PartName="/{name}" ContentType="application/xml"/>' for name in [*files, "docProps/app.xml"]
    )
    return archive(
        {
            "[Content_Types].xml": TYPES.format(f'<Default Extension="rels" ContentType="application/x"/>{parts}'),
            "_rels/.rels": relations(
                ("officeDocument", main),
                ("metadata/core-properties", "docProps/core.xml"),
                ("extended-properties", "docProps/app.xml"),
                ("custom-properties", "docProps/custom.xml"),
                ("metadata/thumbnail", "docProps/thumbnail.jpeg"),
                *root,
            ),
            "docProps/core.xml": f"<c><creator>{CANARY}</creator></c>",
            "docProps/app.xml": f"<p><Company>{CANARY}</Company></p>",
            "docProps/custom.xml": f"<p>{CANARY}</p>",
            "docProps/thumbnail.jpeg": photograph(),
            "[trash]/0000.dat": CANARY,
            **files,
        }
    )


def members(data):
    """{name: content} of an archive that says nothing of when and where it was packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def assert_consistent(files):
    """All parts are XML where they should be, and nothing leads to a part that is not there."""
    from defusedxml.ElementTree import fromstring

    for name, data in files.items():
        if not name.endswith((".xml", ".rels")):
            continue
        tree = fromstring(data)
        for row in tree:
            if name == "[Content_Types].xml" and "PartName" in row.attrib:
                assert row.attrib["PartName"].lstrip("/") in files
            if name.endswith(".rels") and row.attrib.get("TargetMode") != "External":
                folder = name.rpartition("_rels/")[0]
                assert folder + row.attrib["Target"] in files


def docx(**more):
    text = (
        f'<w:document {W} xmlns:r="{OFFICE}" xmlns:w14="urn:w14" xmlns:mc="urn:mc" mc:Ignorable="w14"><!--{CANARY}--><w:body>'
        f'<w:p w:rsidR="00AB12CD"><w:r><w:t xml:space="preserve">Plain &amp; text </w:t></w:r>'
        f'<w:ins w:id="1" w:author="{CANARY}" w:date="2026-01-02T03:04:05Z"><w:r><w:t>added</w:t></w:r></w:ins></w:p>'
        f'<w:sdt><w:sdtPr><w:dataBinding w:xpath="{CANARY}"/></w:sdtPr><w:sdtContent><w:p/></w:sdtContent></w:sdt>'
        f'<w:docPr descr="C:\\Users\\{CANARY}\\a.jpg"/></w:body></w:document>'
    )
    files = {
        "word/document.xml": text,
        "word/_rels/document.xml.rels": relations(
            ("comments", "comments.xml"),
            ("people", "people.xml"),
            ("settings", "settings.xml"),
            ("image", "media/image1.jpeg"),
            ("hyperlink", "!https://example.org/"),
            ("hyperlink", f"!file:///C:/Users/{CANARY}/a.docx"),
            ("image", f"!https://tracker.example/{CANARY}"),
            ("package", "embeddings/numbers.xlsx"),
            ("customXml", "../customXml/item1.xml"),
        ),
        "word/comments.xml": f'<w:comments {W}><w:comment w:author="{CANARY}" w:initials="{CANARY}" w:date="2026">'
        "<w:p><w:r><w:t>A remark</w:t></w:r></w:p></w:comment></w:comments>",
        "word/people.xml": f'<w15:people xmlns:w15="urn:w15"><w15:person w15:author="{CANARY}"><w15:presenceInfo'
        f' w15:userId="{CANARY}"/></w15:person></w15:people>',
        "word/settings.xml": f'<w:settings {W} xmlns:r="{OFFICE}"><w:attachedTemplate r:id="rId1"/><w:rsids>'
        f'<w:rsidRoot w:val="{CANARY}"/></w:rsids><w:zoom w:percent="90"/></w:settings>',
        "word/_rels/settings.xml.rels": relations(("attachedTemplate", f"!file:///C:/Users/{CANARY}/x.dotm")),
        "word/media/image1.jpeg": photograph(),
        "word/embeddings/numbers.xlsx": xlsx(),
        "customXml/item1.xml": f"<x>{CANARY}</x>",
    }
    return office("word/document.xml", files | more)


def xlsx():
    book = Workbook()
    book.properties.creator = book.properties.lastModifiedBy = book.properties.keywords = CANARY
    sheet = book.active
    sheet["A1"], sheet["A2"] = "Plain text", "=1+1"
    sheet["A1"].comment = Comment(f"{CANARY}:", CANARY)
    sheet["B1"].hyperlink = "https://example.org/"
    sheet.add_image(SheetImage(io.BytesIO(photograph())))
    file = io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    path = f'<absPath url="C:\\Users\\{CANARY}"/><bookViews>'.encode()
    files["xl/workbook.xml"] = files["xl/workbook.xml"].replace(b"<bookViews>", path)
    name = "xl/worksheets/_rels/sheet1.xml.rels"
    printer = f'<Relationship Id="rId99" Type="{OFFICE}/printerSettings" Target="../printerSettings/p1.bin"/></Rel'
    files[name] = files[name].replace(b"</Rel", printer.encode())
    files["xl/printerSettings/p1.bin"] = CANARY.encode("utf-16-le")
    sheet = files["xl/worksheets/sheet1.xml"]
    setup = f'<pageSetup orientation="landscape" xmlns:r="{OFFICE}" r:id="rId99"/><legacyDrawing'.encode()
    files["xl/worksheets/sheet1.xml"] = re.sub(rb"<drawing ", setup.replace(b"<legacyDrawing", b"<drawing "), sheet)
    return archive(files)


def pptx():
    files = {
        "ppt/presentation.xml": '<p:presentation xmlns:p="urn:p"><p:custDataLst/><p:sldIdLst/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("slide", "slides/slide1.xml"),
            ("commentAuthors", "commentAuthors.xml"),
            ("authors", "authors.xml"),
            ("changesInfo", "changesInfos/changesInfo1.xml"),
            ("tags", "tags/tag1.xml"),
        ),
        "ppt/slides/slide1.xml": '<p:sld xmlns:p="urn:p" xmlns:a="urn:a"><a:t>Plain text</a:t></p:sld>',
        "ppt/slides/_rels/slide1.xml.rels": relations(("image", "../media/image1.png")),
        "ppt/commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="urn:p"><p:cmAuthor id="0" name="{CANARY}" initials="{CANARY}"/>'
        "</p:cmAuthorLst>",
        "ppt/authors.xml": f'<p188:authorLst xmlns:p188="urn:q"><p188:author id="{{1}}" name="{CANARY}" initials="{CANARY}"'
        f' userId="{CANARY}" providerId="AD"/></p188:authorLst>',
        "ppt/changesInfos/changesInfo1.xml": f'<c name="{CANARY}"/>',
        "ppt/tags/tag1.xml": f'<t val="{CANARY}"/>',
        "ppt/media/image1.png": picture("PNG", exif=exif()),
    }
    return office("ppt/presentation.xml", files)


def test_docx_tells_nothing_and_shows_the_same():
    data = docx()
    assert tells(data)
    result = cleaned("a.docx", data)
    assert not tells(result)
    files = members(result)
    text = files["word/document.xml"].decode()
    assert re.findall(r"<w:t[^>]*>(.*?)</w:t>", text) == ["Plain &amp; text ", "added"]
    assert '<w:ins w:id="1" w:author="Author">' in text
    assert 'mc:Ignorable="w14"' in text
    assert b"A remark" in files["word/comments.xml"]
    assert b'Target="https://example.org/"' in files["word/_rels/document.xml.rels"]
    assert b'<w:zoom w:percent="90">' in files["word/settings.xml"]
    assert not {name for name in files if name.startswith(("docProps", "customXml", "[trash]"))}
    assert load_workbook(io.BytesIO(files["word/embeddings/numbers.xlsx"])).active["A1"].value == "Plain text"
    files = {name.replace("word/../", ""): content for name, content in files.items()}
    assert_consistent(files)


def test_xlsx_tells_nothing_and_opens_with_its_cells():
    data = xlsx()
    assert tells(data)
    result = cleaned("a.xlsx", data)
    assert not tells(result)
    sheet = load_workbook(io.BytesIO(result)).active
    assert [sheet["A1"].value, sheet["A2"].value] == ["Plain text", "=1+1"]
    assert (sheet["A1"].comment.author, sheet["A1"].comment.text) == ("Author", "Author:")
    assert sheet["B1"].hyperlink.target == "https://example.org/"
    assert sheet.page_setup.orientation == "landscape"
    files = members(result)
    assert b"rId99" not in files["xl/worksheets/sheet1.xml"] + files["xl/worksheets/_rels/sheet1.xml.rels"]


def test_pptx_tells_nothing_and_shows_the_same():
    data = pptx()
    assert tells(data)
    result = cleaned("a.pptx", data)
    assert not tells(result)
    files = members(result)
    assert b"<a:t>Plain text</a:t>" in files["ppt/slides/slide1.xml"]
    assert b'name="Author" initials="A"' in files["ppt/authors.xml"]
    assert set(files) & {"ppt/tags/tag1.xml", "ppt/changesInfos/changesInfo1.xml"} == set()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.docx", docx()[:2000], ["The content of this file is not what its name says (.docx)."]),
        ("a.docx", docx(**{"word/vbaProject.bin": "x"}), ["Files with macros cannot be taken."]),
        ("a.docx", docx(**{"word/comments.xml": "<a>"}), [DAMAGED]),
        ("a.docx", docx(**{"word/comments.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), [DAMAGED]),
        ("a.docx", docx(**{"word/media/image1.jpeg": b"\xd0\xcf\x11\xe0"}), [EMBEDDED]),
        ("a.docx", docx(**{"word/embeddings/numbers.xlsx": archive({"a": "b"})}), [EMBEDDED]),
        ("a.docx", docx(**{"word/media/image1.jpeg": b"\0" * 3_000_000}), [TOO_MUCH]),
        ("a.docx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), [LOCKED]),
        ("a.xlsx", docx(), ["The content of this file is not what its name says (.xlsx)."]),
    ],
    ids=["cut off", "macros", "no xml", "entities", "object", "archive", "bomb", "encrypted", "another kind"],
)
def test_office_documents_that_cannot_be_cleaned_are_refused(name, data, told):
    assert refusal(name, data) == told


def test_archive_that_lies_about_its_size_is_refused():
    data = bytearray(docx(**{"word/comments.xml": f"<a>{'x' * 100_000}</a>"}))
    real, told = (100_007).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert real in data
    assert refusal("a.docx", bytes(data.replace(real, told))) == [
        "The content of this file is not what its name says (.docx)."
    ]


# LibreOffice -------------------------------------------------------------------------------------

ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:t" xmlns:dc="urn:dc"'
    ' xmlns:meta="urn:m" xmlns:xlink="urn:x" xmlns:draw="urn:d" xmlns:config="urn:c" xmlns:officeooo="urn:o"'
)


def odf(kind="text", **more):
    paths = [
        "/",
        "content.xml",
        "meta.xml",
        "settings.xml",
        "Thumbnails/thumbnail.png",
        "Pictures/a.jpg",
        "Basic/x.xml",
    ]
    entries = "".join(f'<manifest:file-entry manifest:full-path="{path}"/>' for path in paths)
    return archive(
        {
            "meta.xml": f'<office:document-meta {ODF} office:version="1.2"><dc:creator>{CANARY}</dc:creator>'
            "</office:document-meta>",
            "content.xml": f"<office:document-content {ODF}><office:scripts><x>{CANARY}</x></office:scripts>"
            f"<text:p>Plain text<office:annotation><dc:creator>{CANARY}</dc:creator><dc:date>2026-01-02T03:04:05</dc:date>"
            f"<meta:creator-initials>{CANARY}</meta:creator-initials><text:p>A remark</text:p></office:annotation>"
            f'<text:date>12 May</text:date><text:s officeooo:rsid="{CANARY}"/></text:p>'
            f'<text:a xlink:href="https://example.org/">x</text:a><draw:image xlink:href="Pictures/a.jpg"/>'
            f'<draw:image xlink:href="file:///home/{CANARY}/a.jpg"/><text:change-info><dc:creator>{CANARY}</dc:creator>'
            "</text:change-info></office:document-content>",
            "settings.xml": f'<office:document-settings {ODF}><config:config-item config:name="PrinterName">{CANARY}'
            '</config:config-item><config:config-item config:name="IsKernAsianPunctuation">true</config:config-item>'
            "</office:document-settings>",
            "Thumbnails/thumbnail.png": picture("PNG", exif=exif()),
            "Pictures/a.jpg": photograph(),
            "Basic/x.xml": f"<x>{CANARY}</x>",
            "META-INF/documentsignatures.xml": f"<x>{CANARY}</x>",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="urn:n">{entries}</manifest:manifest>',
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            **more,
        }
    )


@pytest.mark.parametrize(("suffix", "kind"), [("odt", "text"), ("ods", "spreadsheet"), ("odp", "presentation")])
def test_opendocument_tells_nothing_and_shows_the_same(suffix, kind):
    data = odf(kind)
    assert tells(data)
    result = cleaned(f"a.{suffix}", data)
    assert not tells(result)
    assert result[30:].startswith(f"mimetypeapplication/vnd.oasis.opendocument.{kind}".encode())
    files = members(result)
    text = files["content.xml"].decode()
    assert "Plain text<office:annotation><dc:creator>Author</dc:creator><dc:date>2000-01-01T00:00:00</dc:date>" in text
    assert "<text:date>12 May</text:date>" in text
    assert 'xlink:href="https://example.org/"' in text
    assert b"IsKernAsianPunctuation" in files["settings.xml"]
    listed = re.findall(r'full-path="(.*?)"', files["META-INF/manifest.xml"].decode())
    assert listed == ["/", "content.xml", "meta.xml", "settings.xml", "Pictures/a.jpg"]
    assert set(listed) - {"/"} | {"mimetype", "META-INF/manifest.xml"} == set(files)
    assert_consistent(files)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"}, LOCKED),
        ({"Object 1": b"\xd0\xcf\x11\xe0"}, EMBEDDED),
        ({"content.xml": "<a><b></a>"}, DAMAGED),
        ({"content.xml": f"<a>{'0' * 5_000_000}</a>"}, TOO_MUCH),
    ],
)
def test_opendocument_that_cannot_be_cleaned_is_refused(more, told):
    assert refusal("a.odt", odf(**more)) == [told]


# Texts and all kinds -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "data"), [("a.txt", "Grüße\r\n".encode()), ("A.CSV", b"a;b\n=1;2\n")])
def test_text_is_passed_on_as_it_is(name, data):
    assert cleaned(name, data) == data


def test_name_of_the_file_is_not_kept():
    assert clean_document(SimpleUploadedFile(f"{CANARY}.TXT", b"x")).name == "document.txt"


def test_document_that_is_too_large_is_refused_unread():
    upload = SimpleUploadedFile("a.pdf", b"")
    upload.size = MAX_DOCUMENT_BYTES + 1
    with pytest.raises(ValidationError, match="too large"):
        clean_document(upload)


@pytest.mark.parametrize(("name", "make"), [("a.pdf", pdf_telling), ("a.docx", docx), ("a.odt", odf)])
def test_cleaning_twice_changes_nothing_more(name, make):
    once = cleaned(name, make())
    assert cleaned(name, once) == once
