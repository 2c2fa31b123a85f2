"""Markup that cannot forget to escape: text is escaped, and only what `tag` made is not."""

from collections.abc import Iterable
from html import escape
from typing import Final


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | int | None
"""What stands within a tag: `Html` as it is, other text and numbers escaped, None left out."""

_VOID: Final = frozenset({"meta", "br", "rect", "path", "line", "circle"})


def text(child: Child) -> Html:
    """Return a child as markup."""
    if child is None:
        return Html()
    return child if isinstance(child, Html) else Html(escape(str(child)))


def join(children: Iterable[Child]) -> Html:
    """Return children one after the other."""
    return Html("".join(map(text, children)))


def tag(tag_name: str, *children: Child, **attributes: Child) -> Html:
    """Return an element. `class_` is the attribute class, `_` in a name is `-`, None leaves it out.

    Only elements without content are closed at once, so that SVG and HTML read it alike.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag_name in _VOID and not children:
        return Html(f"<{tag_name}{written}/>")
    return Html(f"<{tag_name}{written}>{join(children)}</{tag_name}>")


def both(words: tuple[str, str], class_: str = "") -> Html:
    """Return a text in Chinese with its English beside it, smaller."""
    zh, en = words
    shown = [tag("span", zh, lang="zh")] if zh else []
    shown += [tag("span", en, lang="en", class_="en")] if en else []
    return tag("span", *shown, class_=f"both {class_}".strip())


def document(title: str, style: str, *body: Child) -> Html:
    """Return a whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        # A style sheet is no text: "<" and "&" do not occur in ours, and ">" must stand.
        Html(f"<style>{style}</style>"),
    )
    page = tag("html", head, tag("body", tag("main", *body)), lang="zh-CN")
    return Html(f"<!DOCTYPE html>\n{page}\n")
