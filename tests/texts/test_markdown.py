"""Foreign texts in Markdown: read by a parser of its own, nothing in them acts, and what was written is shown."""

import html
import re

from markdown_it import MarkdownIt
import pytest

from custom_components.proxmox_backup_checker.texts.markdown import code, escaped, inert

ACTING = [
    "[all is well](https://evil.example)",
    "![](https://evil.example/pixel.png)",
    "<https://evil.example>",
    "<img src=x onerror=alert(1)>",
    "</p><script>alert(1)</script>",
    "&lt;b&gt; &#60;i&#62;",
    "https://evil.example HTTP://EVIL.EXAMPLE ftp://evil.example www.evil.example",
    "mail@evil.example <mail@evil.example>",
    "[x][y] [y]",
    "a_b_c *d* `e` ~~f~~ # g | h",
    "line\n\n# another\n\n[y]: https://evil.example",
    "back\\slash \\[x](y)",
    "{{ states('sensor.x') }} {% raw %}",
]
# As marked does, the parser of Home Assistant's frontend: addresses that nobody has marked become links too.
AUTOMATIC = re.compile(r"(?:https?|ftp)://|www\.|[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)


def shown(source: str) -> tuple[str, str]:
    """Return what a browser gets, and the words that it shows."""
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(source)
    return page, html.unescape(re.sub(r"<[^>]*>", "", page)).strip()


@pytest.mark.parametrize("text", ACTING)
def test_an_escaped_text_is_shown_as_it_was_written(text: str) -> None:
    page, words = shown(f"- **{escaped(text)}**: {escaped(text)}")
    folded = " ".join(text.split())
    assert words == f"{folded}: {folded}"
    assert set(re.findall(r"<(\w+)", page)) == {"ul", "li", "strong"}
    assert not AUTOMATIC.search(escaped(text))


@pytest.mark.parametrize("text", ACTING)
def test_an_inert_text_does_nothing_and_reads_as_before_where_it_is_no_markdown(text: str) -> None:
    page, _ = shown(f"The job {inert(text)} failed.")
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "em", "strong", "s"}
    assert not AUTOMATIC.search(inert(text))
    assert inert(text).replace("\u200b", "") == " ".join(text.split()).replace("`", "'")


def test_a_name_without_marks_stays_as_it_is() -> None:
    for name in ("nightly", "web (101)", "Sicherung: Montag, 03:00", "pve1/local-zfs", "a.b-c"):
        assert inert(name) == escaped(name) == code(name) == name


def test_code_ends_where_it_is_to_end() -> None:
    page, words = shown(f"Run `{code('pvesh set x` [a](https://evil.example) `')}`.")
    assert words == "Run pvesh set x' [a](https://evil.example) '."
    assert set(re.findall(r"<(\w+)", page)) == {"p", "code"}
