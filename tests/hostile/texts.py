"""The hostile texts: what might become a link, a picture, a style, a formula or a program on the way to the screen.

All made up here; nobody's data. A payload that runs sets `window.hacked`, and one that loads asks for `evil.example`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

XSS = (
    "<script>window.hacked=1</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=window.hacked=1>",
    '<img src="x" onerror="window.hacked=1" alt="',
    "<svg onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    "<svg><a xlink:href='javascript:window.hacked=1'><text y=9>x</text></a></svg>",
    "<svg><animate onbegin=window.hacked=1 attributeName=x dur=1s>",
    "<iframe src=javascript:window.hacked=1></iframe>",
    "<iframe srcdoc='<script>top.hacked=1</script>'></iframe>",
    "<body onload=window.hacked=1>",
    "<video><source onerror=window.hacked=1></video>",
    "<audio src=x onerror=window.hacked=1>",
    "<details open ontoggle=window.hacked=1>x</details>",
    "<input autofocus onfocus=window.hacked=1>",
    "<select autofocus onfocus=window.hacked=1>",
    "<textarea autofocus onfocus=window.hacked=1>",
    "<marquee onstart=window.hacked=1>x</marquee>",
    "<object data=javascript:window.hacked=1></object>",
    "<embed src=//evil.example/x.swf>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><button>x</button></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.hacked=1>'>",
    "<a href=javascript:window.hacked=1>x</a>",
    "<a href='&#106;avascript:window.hacked=1'>x</a>",
    '"><script>window.hacked=1</script>',
    "'-window.hacked=1-'",
    "';window.hacked=1;//",
    "</title><script>window.hacked=1</script>",
    "</textarea><script>window.hacked=1</script>",
    "--><script>window.hacked=1</script><!--",
    "]]><script>window.hacked=1</script>",
    "&lt;img src=x onerror=window.hacked=1&gt;",
    "&#60;script&#62;window.hacked=1&#60;/script&#62;",
    "${window.hacked=1} {{window.hacked=1}} #{window.hacked=1}",
    "<img src=x:x onerror\x0b=window.hacked=1>",
)
LINKS = (
    "http://evil.example",
    "https://evil.example/a?b=c&d=e#f",
    "HTTPS://EVIL.EXAMPLE/x",
    "www.evil.example",
    "WWW.EVIL.EXAMPLE/x",
    "see http://evil.example/x, or not",
    "(www.evil.example)",
    "who@evil.example",
    "mailto:who@evil.example",
    "javascript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "[x](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "[x]: http://evil.example",
    "<http://evil.example>",
    "[x](javascript:window.hacked=1)",
    "//evil.example/x",
    "ftp://evil.example",
    "<a href='http://evil.example'>x</a>",
    '<a href="javascript:window.hacked=1">%{x}</a>',
    "a.b-c+d@evil.example",
    "http://user:pass@evil.example:80/",
)
MARKUP = (
    "**bold** _it_ ~~gone~~ `code`",
    "# heading",
    "## b",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "> quote",
    "---",
    "***",
    "===",
    "| a | b |",
    ":material/home:",
    ":material/delete: x",
    ":streamlit:",
    ":smile:",
    ":+1: :-1:",
    ":red[alarm]",
    ":blue-background[x]",
    ":green-badge[x]",
    ":small[x]",
    ":help[x]",
    ":shimmer[x]",
    ":color[x]{foreground=red}",
    ":rainbow[x]",
    "$x^2$",
    "$$\\int x$$",
    "a $1 and $2 b",
    "[^1]",
    "[ ] box",
    "- [x] box",
    "a\\b \\* c",
    "a -> b",
    "->",
    "<->",
    "<- x",
    "a -- b",
    "x >= 1",
    "x <= 1",
    "~= x",
    "@-> x",
    "&amp; &lt;b&gt; &copy; &#x41;",
    "&nbsp;",
    "<b>x</b><br>y<sub>z</sub>",
    "%{x} %{y|%d} %%{z}",
    "<span style='font-size:99px'>x</span>",
    "<extra></extra>",
    "```\nx\n```",
    "{x}",
    "[x]{.y}",
    "[bold]x[/bold]",
    "{0} %s %(x)s",
    "../../etc/passwd",
    "%00%0d%0aX: y",
    "-1.5 %",
    "~~~",
    "a:b:c",
    "a\\",
    "\\",
)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "=cmd|' /C calc'!A0",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM",
    " =1",
    "\u200b=1",
    '"=1',
    "a;=1",
    '=HYPERLINK("http://evil.example")',
    "-cmd|x",
    '=IMPORTXML("//evil.example")',
)
# Letters that cannot be seen, turn the line, or are no letters at all.
UNSEEN = (
    "a\u202egnp.exe",
    "\u2066x\u2069",
    "a\u200bb",
    "a\u2060b",
    "\ufeffx",
    "a\xadb",
    "a\u0000b",
    "a\x1b[31mb",
    "a\x7fb",
    "a\x9bb",
    "a\u2028b",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\u200eb",
    "\U000e0041x",
    "a\ufffeb",
    "\u115fx",
    "\u3164",
)
# Whole and broken, from everywhere; all of it can be seen.
LETTERS = (
    "Zürich",
    "北京市",
    "العربية",
    "👩‍👩‍👧 family",
    "e\u0301",
    "Ａ",
    "ﬁ",
    "İi",
    "ẞ",
    "☠",
    "😀" * 20,
    "x" * 10_000,
    "long " * 2_000,
    "'",
    '"',
    "a,b",
    "a;b",
    "NULL",
    "None",
    "nan",
    "true",
    "1e309",
    "0x10",
    "1_000",
    "-",
    ".",
    "…",
    "–",
)
ALL = (*XSS, *LINKS, *MARKUP, *FORMULAS, *UNSEEN, *LETTERS)


@dataclass(frozen=True, slots=True)
class Marked:
    """A hostile text that ends in a mark of its own, by which it is found wherever it went."""

    mark: str
    text: str


def marked(texts: tuple[str, ...] = ALL, start: int = 0) -> list[Marked]:
    """`texts`, each with its mark behind it."""
    return [Marked(f"q{at:03d}z", f"{text} q{at:03d}z") for at, text in enumerate(texts, start)]


def mutated(random: random.Random) -> Iterator[str]:
    """Hostile texts without end: two joined, one cut, doubled, turned around, or in capitals."""
    while True:
        text, other = random.choice(ALL)[:500], random.choice(ALL)[:500]
        yield random.choice(
            (text, text + other, other[: len(other) // 2] + text, text * 2, text[::-1], text.upper(), f" {text} ")
        )
