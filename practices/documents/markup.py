"""Sanitised HTML as a tree of plain data, for a typesetter that knows nothing of markup."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "ul", "ol", "li", "h3", "h4", "blockquote"})
INLINE = frozenset({"strong", "em", "a"})
DEEPEST = 12
"""Tags inside more than so many others are left out, their text kept: a typesetter's stack is not endless."""

LONGEST_WORD = 60
LINKS = ("http://", "https://", "mailto:")
_SPACES = re.compile(r"[ \t\n\r\f]+")
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD}}}")
_BREAK_HERE = "\u200b"


def rich_tree(markup: str) -> list:
    """Blocks of a text: {"tag", "children"} with `href` on links, text as strings. Stray text becomes paragraphs."""
    parser = _Parser()
    parser.feed(markup)
    parser.close()
    blocks = _paragraphs(parser.root["children"])
    _skip_no_level(blocks)
    return blocks


def plain_tree(text: str) -> list:
    """The same for plain text: an empty line parts paragraphs, a single break stays one."""
    paragraphs = []
    for part in re.split(r"\n\s*\n", text.strip()):
        children = []
        for line in part.split("\n"):
            if children:
                children.append({"tag": "br", "children": []})
            children.append(breakable(line))
        paragraphs.append({"tag": "p", "children": children})
    return paragraphs


def breakable(text: str) -> str:
    """The text with places to break in words too long for a line, such as addresses."""
    return _LONG_WORD.sub(lambda found: found[0] + _BREAK_HERE, text)


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = {"tag": "", "children": []}
        self.open = [self.root]
        self.left_out = []

    def handle_starttag(self, tag, attrs):
        if tag == "br":
            self.open[-1]["children"].append({"tag": "br", "children": []})
            return
        if tag not in BLOCKS | INLINE:
            return
        if len(self.open) > DEEPEST:
            self.left_out.append(tag)
            return
        node = {"tag": tag, "children": []}
        href = dict(attrs).get("href") or ""
        if tag == "a" and href.startswith(LINKS):
            node["href"] = href
        self.open[-1]["children"].append(node)
        self.open.append(node)

    def handle_endtag(self, tag):
        if tag in self.left_out:
            self.left_out.remove(tag)
            return
        if tag in (node["tag"] for node in self.open):
            while self.open.pop()["tag"] != tag:
                pass

    def handle_data(self, data):
        text = _SPACES.sub(" ", data)
        if text:
            self.open[-1]["children"].append(breakable(text))


def _paragraphs(nodes):
    """Blocks only: runs of stray text and inline tags are wrapped, what holds no text is dropped."""
    blocks, run = [], []
    for node in [*nodes, None]:
        if node is not None and not (isinstance(node, dict) and node["tag"] in BLOCKS):
            run.append(node)
            continue
        if _has_text(run):
            blocks.append({"tag": "p", "children": run})
        run = []
        if node is not None and _has_text([node]):
            blocks.append(_tidy(node))
    return blocks


def _tidy(node):
    if node["tag"] in ("ul", "ol"):
        children = [_tidy(child) for child in _paragraphs(node["children"])]
        # Whatever stands in a list between its entries is an entry too.
        node["children"] = [
            child if child["tag"] == "li" else {"tag": "li", "children": [child]} for child in children
        ]
    elif node["tag"] in ("li", "blockquote") and any(
        isinstance(child, dict) and child["tag"] in BLOCKS for child in node["children"]
    ):
        node["children"] = _paragraphs(node["children"])
    return node


def _skip_no_level(nodes, has_h3=False):
    """Make a small heading a large one where none stands before it: readers by ear go from level to level."""
    for node in nodes:
        if isinstance(node, dict):
            if node["tag"] == "h4" and not has_h3:
                node["tag"] = "h3"
            has_h3 = _skip_no_level(node["children"], has_h3 or node["tag"] == "h3")
    return has_h3


def _has_text(nodes):
    return any(
        node.strip(f" \xa0{_BREAK_HERE}") if isinstance(node, str) else _has_text(node["children"]) for node in nodes
    )
