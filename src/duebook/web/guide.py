"""The guide: Markdown files of docs/guide with pictures from docs/images, shown inside the product.

Both folders are found in an installed product, which carries them beside this module, and in a working copy.
HTML in them is shown as text, so a guide can hold nothing but words, tables and pictures.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.urls import reverse
from django.utils._os import safe_join
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "docs", _HERE.parents[2] / "docs")
_GUIDE = "guide"
_PICTURE = re.compile(r"(guide|images)/[\w./-]+\.png")


@dataclass(frozen=True, slots=True)
class GuidePage:
    """One page: its name in addresses, its title and its HTML."""

    name: str
    title: str
    html: SafeString


def guide_page(name: str) -> GuidePage | None:
    """The page of that name, None where there is none."""
    path = _file(f"{_GUIDE}/{name}.md")
    return _read(path) if path else None


def guide_pages() -> list[GuidePage]:
    """All pages, by title."""
    return sorted((_read(path) for path in (_docs() / _GUIDE).glob("*.md")), key=lambda page: page.title)


def guide_picture(name: str) -> Path | None:
    """A picture of the guide by its path below docs, None where there is none."""
    return _file(name) if _PICTURE.fullmatch(name) else None


def _docs() -> Path:
    return next((place for place in _PLACES if place.is_dir()), _PLACES[0])


def _file(name: str) -> Path | None:
    """A file below docs; None for one that does not exist or lies elsewhere."""
    try:
        path = Path(safe_join(_docs(), name))
    except (SuspiciousFileOperation, ValueError):
        return None
    return path if path.is_file() else None


def _read(path: Path) -> GuidePage:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    title = path.stem
    for token, following in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            title = following.content
            break
    for token in _inside(tokens):
        _lead_into_the_product(token)
    # Markdown-it escapes all text and refuses script addresses; HTML is off.
    return GuidePage(path.stem, title, SafeString(markdown.renderer.render(tokens, markdown.options, {})))


def _inside(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _lead_into_the_product(token: Token) -> None:
    """Point pictures and links to other guides at their addresses in the product."""
    if token.type == "image":
        below_docs = posixpath.normpath(f"{_GUIDE}/{token.attrGet('src')}")
        token.attrSet("src", reverse("web:help_picture", args=[below_docs]))
        token.attrSet("loading", "lazy")
    target = str(token.attrGet("href") or "") if token.type == "link_open" else ""
    if target.endswith(".md") and "/" not in target:
        token.attrSet("href", reverse("web:help", args=[target.removesuffix(".md")]))
