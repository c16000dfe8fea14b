"""XML as elements that know where they begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from skillkit.exceptions import Problem

DEPTH_LIMIT = 100


@dataclass
class Tag:
    """An element and where it begins."""

    name: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list[Tag] = field(default_factory=list)


def parsed(text: str | bytes, file: str) -> Tag | Problem:
    """The outermost element, or what is wrong with the text."""
    open_tags: list[Tag] = []
    roots: list[Tag] = []
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = Tag(name, attributes, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        if len(open_tags) > DEPTH_LIMIT:
            raise ValueError(f"nested deeper than {DEPTH_LIMIT}")
        (open_tags[-1].children if open_tags else roots).append(tag)
        open_tags.append(tag)

    def doctype(*_: object) -> None:
        raise ValueError("a document type is not allowed")

    parser.StartElementHandler, parser.EndElementHandler, parser.StartDoctypeDeclHandler = start, lambda _: open_tags.pop(), doctype
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError) as error:
        return Problem(file, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, "xml-syntax", "error", str(error))
    return roots[0]
