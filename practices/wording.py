"""How two texts differ, by sentences and by words, in any script."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate

import regex


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that both texts have ("same"), only the former ("del") or only the present one ("ins")."""

    kind: str
    text: str


def word_pieces(before: str, after: str) -> list[Piece]:
    """The difference of two texts by whole words, of any script; line breaks count as words.

    >>> [(piece.kind, piece.text) for piece in word_pieces("a red house", "a blue house")]
    [('same', 'a'), ('del', 'red'), ('ins', 'blue'), ('same', 'house')]
    """
    old, new = _tokens(before), _tokens(after)
    pieces = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", _joined(old[start:end])))
            continue
        if start < end:
            pieces.append(Piece("del", _joined(old[start:end])))
        if new_start < new_end:
            pieces.append(Piece("ins", _joined(new[new_start:new_end])))
    return pieces


def _tokens(text):
    return [token for line in text.splitlines() for token in (*line.split(), "\n")][:-1]


def _joined(tokens):
    return " ".join(tokens).replace(" \n ", "\n").replace("\n ", "\n").replace(" \n", "\n")


# Sentences ---------------------------------------------------------------------------------------

_SENTENCE_END = regex.compile(r"""(?<=[.!?…؟۔]["'”’»)\]]*)\s+(?=["'“‘«(\[¿¡]*[^\p{Ll}\s])""")
"""White space after a full stop, if what follows can begin a sentence: no small letter. Arabic has no small letters."""


def sentences(text: str) -> list[str]:
    """Sentences of a plain text, line by line, in any script."""
    return [part for line in text.split("\n") for part in _SENTENCE_END.split(line.strip()) if part]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the source, or several that changed together, against what was confirmed."""

    pieces: tuple[Piece, ...]
    is_changed: bool
    is_last: bool = False
    """Of its line, so that paragraphs stay apart."""


def compare_sentences(before: str, after: str) -> list[Sentence]:
    """The present text sentence by sentence; in changed ones each word taken out or put in is a piece of its own."""
    old, new = sentences(before), sentences(after)
    line_ends = _line_ends(after)
    found = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [
                Sentence((Piece("same", new[place]),), False, place in line_ends)
                for place in range(new_start, new_end)
            ]
        else:
            pieces = tuple(word_pieces(" ".join(old[start:end]), " ".join(new[new_start:new_end])))
            found.append(Sentence(pieces, True, new_end - 1 in line_ends))
    return found


def _line_ends(text):
    """Places of the sentences that end a line."""
    counts = [count for line in text.split("\n") if (count := len(sentences(line)))]
    return {end - 1 for end in accumulate(counts)}


def changed_words(before: str, after: str) -> int:
    """Words of the sentences that changed: what a translator has to go through. At least one for any change."""
    changed = [sentence for sentence in compare_sentences(before, after) if sentence.is_changed]
    count = sum(len(piece.text.split()) for sentence in changed for piece in sentence.pieces if piece.kind != "del")
    return max(count, 1)
