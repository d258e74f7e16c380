"""Texts that were once decoded with the wrong encoding: found, and repaired only when somebody agrees."""

import re

import ftfy
import ftfy.bad_codecs

_WORD_RUN = re.compile(r"\S+")


def repaired(text: str) -> str:
    """The text as it was meant ("privește" for "priveÈ™te"); unchanged where nothing looks broken.

    Each word is looked at by itself, in runs of characters that Windows-1252 has, because such texts are often broken
    in places only.
    """
    meant = _repair(_of_word, text)
    return text if meant == text else _repair(_of_word_surely, text)


def _repair(of_word, text):
    if text.isascii():
        return text
    return _WORD_RUN.sub(lambda found: of_word(found[0]), text)


def _of_word(word):
    """Repair what looks broken by itself."""
    return _by_runs(word, ftfy.fix_encoding)


def _of_word_surely(word):
    """Repair, in a text known to be broken, all that can be read as UTF-8; "ÃŽ" alone may well be meant."""
    return _by_runs(word, _as_utf8)


def _as_utf8(run):
    try:
        return run.encode("sloppy-windows-1252").decode("utf-8")
    except UnicodeError:
        return ftfy.fix_encoding(run)


def _by_runs(word, repair):
    if word.isascii():
        return word
    runs, current = [], ""
    for char in word:
        if _is_windows_1252(char):
            current += char
        else:
            runs += [current, char]
            current = ""
    runs.append(current)
    return "".join(repair(run) if run and not run.isascii() else run for run in runs)


def _is_windows_1252(char):
    try:
        char.encode("cp1252")
    except UnicodeEncodeError:
        return char < "\u0100"  # the five bytes that Windows leaves undefined decode to C1 controls
    return True


def broken_pieces(text: str, limit: int = 3) -> list[tuple[str, str]]:
    """(as written, as meant) of the first words that look broken."""
    if repaired(text) == text:
        return []
    words = ((word, _of_word_surely(word)) for word in _WORD_RUN.findall(text))
    return [(word, meant) for word, meant in words if word != meant][:limit]
