"""Which encoding a text file was written in. A wrong guess would spoil every name in it, silently."""

import codecs
import re
from collections import Counter
from pathlib import Path

from common.languages import site_languages

SAMPLE = 256 * 1024
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CANDIDATES = (
    "cp1252",
    "iso-8859-15",
    "cp1250",
    "iso-8859-2",
    "iso-8859-16",
    "cp1256",
    "iso-8859-6",
    "cp1254",
    "cp1257",
    "cp1253",
    "cp1251",
    "mac-roman",
    "cp850",
)
"""One byte a letter. Of those that read a file equally well the first is taken."""

LETTERS = {
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيًٌٍَُِّْ",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "cs": "áčďéěíňóřšťúůýž",
    "da": "æøåé",
    "de": "äöüß",
    "en": "",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "es": "áéíñóúü",
    "et": "äõöüšž",
    "fi": "äöå",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "is": "áðéíóúýþæö",
    "it": "àèéìíîòóùú",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "nb": "æøåéèêóòôü",
    "nl": "áéëïóöü",
    "pl": "ąćęłńóśźż",
    "pt": "áâãàçéêíóôõú",
    "ro": "ăâîșțşţ",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšž",
    "sq": "çë",
    "sv": "åäöé",
    "tr": "çğıİöşüâ",
}
"""Letters beyond a-z that a text of the language is full of, lower case."""

_TYPOGRAPHY = frozenset("–—‘’‚“”„«»‹›…•€°§\u00a0·©®™،؛؟")
_INSIDE_WORDS = frozenset("’–·")
_WORD = re.compile(r"[^\s,;|<>\"()\[\]{}/=&]*[^\x00-\x7f][^\s,;|<>\"()\[\]{}/=&]*")
_LANGUAGE_OF_COLUMN = re.compile(rb"_([a-z]{2})\b")


class BinaryFileError(Exception):
    """The bytes are not those of a text."""


def detect_encoding(path: Path) -> str:
    """Name of the codec: by byte order mark, UTF-8 where nearly all of it is valid, else the likeliest legacy one.

    Raises BinaryFileError.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if sample.startswith(mark):
                return encoding
        if b"\x00" in sample:
            return _utf_16_without_mark(sample)
        file.seek(0)
        valid, invalid = _utf_8_sequences(file)
    # A few bytes of another encoding in a long UTF-8 file are damage; the rows that have them are reported.
    if valid >= 20 * invalid:
        return "utf-8"
    return _likeliest(sample)


def _utf_16_without_mark(sample):
    first_line = sample[: 2 * max(sample[:2000].find(b"\n"), 20)]
    even, odd = first_line[::2].count(0), first_line[1::2].count(0)
    if odd > 4 * even and odd * 4 > len(first_line):
        return "utf-16-le"
    if even > 4 * odd and even * 4 > len(first_line):
        return "utf-16-be"
    raise BinaryFileError


def _utf_8_sequences(file):
    """(well-formed sequences of several bytes, bytes that belong to none) in the rest of a file."""
    valid = invalid = 0
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while True:
        chunk = file.read(SAMPLE)
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            foreign = sum(1 for char in text if char > "\x7f")
            broken = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
            valid, invalid = valid + foreign - broken, invalid + max(broken, 0)
        if not chunk:
            return valid, invalid


def _likeliest(sample):
    # A sequence cut at the end of the sample does no harm here: one byte is one letter.
    header = sample.split(b"\n", 1)[0].lower()
    named = {code.decode() for code in _LANGUAGE_OF_COLUMN.findall(header)} & LETTERS.keys()
    expected = frozenset("".join(LETTERS.get(code, "") for code in named or site_languages()))
    scores = {encoding: _score(sample.decode(encoding, errors="replace"), expected) for encoding in CANDIDATES}
    return max(CANDIDATES, key=scores.__getitem__)


def _score(text, expected):
    """How much the words that are not plain ASCII look like words of the expected languages."""
    words = Counter(_WORD.findall(text))
    return sum(number * _word_score(word, expected) for word, number in words.items())


def _word_score(word, expected):
    score = 0
    has_latin = bool(re.search("[a-zA-Z]", word))
    for before, char, after in zip(" " + word, word, word[1:] + " ", strict=False):
        if char in _TYPOGRAPHY:
            score += -2 if before.isalpha() and after.isalpha() and char not in _INSIDE_WORDS else 1
        elif char > "\x7f":
            score += _letter_score(char, before, has_latin, expected)
    return score


def _letter_score(char, before, has_latin, expected):
    if not (char.isalpha() or char in expected):
        return -5 if "\x80" <= char <= "\x9f" or char == "\ufffd" else -2
    if char > "\u02ff" and has_latin and char.isalpha():
        return -3  # letters of two scripts in one word
    if char.isupper() and before.islower():
        return -2
    return 1 if char.lower() in expected else -1
