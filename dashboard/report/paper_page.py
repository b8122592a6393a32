"""A report as one HTML file that needs nothing else: read in any browser, offline, and printed on A4.

All text passes through `escaped` on its way to the page. The file's own policy allows its two scripts by digest and
forbids connections. Without scripts, each figure's words stand in its place.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from dashboard.charts.inline import drawing_script, figures_json
from dashboard.report.markup import escaped, row
from dashboard.report.paper import Block, Figure, Paper, Sheet, Text
from data.settings import ROOT

_FONT = ROOT / "dashboard" / "static" / "inter.woff2"
# Rows of a table that is kept on one page.
_SHORT = 16
# The width of A4 within its margins, so that what is drawn for the screen fits the paper.
_STYLE = """
@font-face { font-family: Inter; font-weight: 100 900; src: url(data:font/woff2;base64,FONT) format("woff2"); }
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { width: min(690px, 100% - 2rem); margin: 0 auto 3rem; background: #fff; color: #1a1d21;
  font: 14px/1.5 Inter, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.paper { width: 100%; border-collapse: collapse; table-layout: fixed; }
.paper > thead > tr > th, .paper > tbody > tr > td { padding: 0; text-align: left; font-weight: 400; }
.head { position: sticky; top: 0; z-index: 2; background: #fff; }
.head p { margin: 0 0 1rem; padding: 0.5rem 0; border-bottom: 1px solid #77818d; color: #4a525c; font-size: 10.5px;
  line-height: 1.4; overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 1rem 0 0.75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; padding-bottom: 0.25rem; border-bottom: 2px solid #1a1d21;
  overflow-wrap: anywhere; }
p { margin: 0.5rem 0; overflow-wrap: anywhere; }
.text { white-space: pre-line; }
.notice { border-left: 4px solid #d9600f; padding-left: 0.75rem; }
figure { margin: 1.5rem 0; break-inside: avoid; }
figcaption, caption { text-align: left; padding: 0 0 0.35rem; overflow-wrap: anywhere; }
figcaption span, caption span, .muted { display: block; color: #4a525c; font-size: 12px; }
.data { width: 100%; border-collapse: collapse; margin: 1.5rem 0 0.25rem; font-size: 12px;
  font-variant-numeric: tabular-nums; }
.data th, .data td { text-align: right; vertical-align: top; padding: 0.25rem 0 0.25rem 0.75rem;
  border-bottom: 1px solid #d4d9df; overflow-wrap: break-word; }
.data th:first-child, .data td:first-child { text-align: left; padding-left: 0; }
.data thead th { border-bottom-color: #1a1d21; font-weight: 600; vertical-align: bottom; }
.data tbody th { font-weight: 400; }
.facts th, .facts td { text-align: left; overflow-wrap: anywhere; }
.facts th { width: 9rem; color: #4a525c; }
.wide { overflow-x: auto; }
dt { font-weight: 600; margin-top: 0.6rem; }
dd { margin: 0; overflow-wrap: anywhere; }
@page { size: A4; margin: 12mm 14mm 16mm; @bottom-right { content: counter(page) " / " counter(pages);
  font: 9px Inter, sans-serif; color: #4a525c; } }
@media print {
  body { width: 100%; margin: 0; }
  .head { position: static; }
  h1, h2, caption { break-after: avoid; }
  .short, .data tr, dt, dd { break-inside: avoid; }
  dt { break-after: avoid; }
  .data thead { display: table-header-group; }
  .wide { overflow: visible; }
  .modebar-container { display: none; }
}
"""
_DRAW = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const literal = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
// A picture leaves the page, so it takes its caption along.
const picture = (figure, place) => {
  const [title, subtitle] = place.parentElement.querySelector("figcaption").children;
  const layout = figure.layout;
  const small = { text: literal(subtitle.textContent), font: { size: 12, color: "#4a525c" } };
  return {
    data: figure.data,
    layout: {
      ...layout, width: 800, height: layout.height + 64, paper_bgcolor: "#ffffff",
      margin: { ...layout.margin, t: layout.margin.t + 64 },
      title: {
        text: literal(title.textContent), subtitle: small, pad: { l: 8, t: 12 },
        x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top",
      },
    },
  };
};
const button = (format, figure) => ({
  name: "Save as " + format.toUpperCase(), icon: Plotly.Icons[format === "png" ? "camera" : "disk"],
  click: (place) => Plotly.downloadImage(picture(figure, place), {
    format, width: 800, height: figure.layout.height + 64, scale: 2, filename: place.dataset.name,
  }),
});
const drawn = document.fonts.load("13px Inter").catch(() => null).then(() => Promise.all(figures.map((figure, i) => {
  const place = document.getElementById("plot-" + (i + 1));
  place.textContent = "";
  place.style.height = figure.layout.height + "px";
  const copy = structuredClone(figure);
  copy.layout.modebar = { bgcolor: "#ffffff", color: "#4a525c", activecolor: "#1a1d21" };
  return Plotly.newPlot(place, copy.data, copy.layout, {
    responsive: true, displaylogo: false, scrollZoom: false,
    modeBarButtons: [[button("png", figure), button("svg", figure)]],
  });
})));
const fit = () => figures.forEach((_, i) => Plotly.Plots.resize("plot-" + (i + 1)));
window.addEventListener("beforeprint", fit);
window.addEventListener("afterprint", fit);
drawn.then(() => { document.documentElement.dataset.drawn = String(figures.length); });
"""


def paper_html(paper: Paper) -> str:
    """The report as a whole HTML document, its figures to be drawn by the script that it carries."""
    figures = [block.chart.figure for block in paper.blocks if isinstance(block, Figure)]
    scripts = [drawing_script(), _DRAW] if figures else []
    title = escaped(paper.title)
    font = base64.b64encode(_FONT.read_bytes()).decode()
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{escaped(_policy(scripts))}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="referrer" content="no-referrer">\n',
            f"<title>{title}</title>\n<style>{_STYLE.replace('FONT', font)}</style>\n</head>\n<body>\n",
            # The head of a table is the one thing that every browser repeats on each printed page.
            '<table class="paper" role="presentation"><thead class="head"><tr><th>',
            f"<p>{title} · {escaped(paper.running_head)}</p></th></tr></thead>\n<tbody><tr><td><main>\n",
            "\n".join(_body(paper)),
            "\n</main></td></tr></tbody></table>\n",
            f'<script type="application/json" id="figures">{figures_json(figures)}</script>\n',
            *(f"<script>{script}</script>\n" for script in scripts),
            "</body>\n</html>\n",
        )
    )


def _policy(scripts: Sequence[str]) -> str:
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    # Plotly sets styles as it draws, and makes pictures for downloads in memory.
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _body(paper: Paper) -> Iterator[str]:
    yield f"<h1>{escaped(paper.title)}</h1>"
    yield _facts(paper.facts)
    yield from (f'<p class="notice">{escaped(notice)}</p>' for notice in paper.notices)
    yield from map(_block, paper.blocks)
    yield "<h2>Appendix: definitions</h2>\n<dl>"
    yield from (f"<dt>{escaped(term)}</dt><dd>{escaped(words)}</dd>" for term, words in paper.definitions)
    yield "</dl>\n<h2>Appendix: where this comes from</h2>"
    yield _facts(paper.provenance)


def _block(block: Block) -> str:
    match block:
        case Text(text, is_heading=True):
            return f"<h2>{escaped(text)}</h2>"
        case Text(text):
            return f'<p class="text">{escaped(text)}</p>'
        case Figure(number, chart):
            words = escaped(chart.alt)
            return (
                f'<figure id="figure-{number}">\n<figcaption><strong>Figure {number}. {escaped(chart.title)}</strong>'
                f"<span>{escaped(chart.subtitle)}</span></figcaption>\n"
                f'<div id="plot-{number}" data-name="{escaped(chart.name)}" role="img" aria-label="{words}">'
                f"{words}</div>\n</figure>"
            )
        case Sheet():
            return _table(block)


def _table(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in sheet.header)
    body = "\n".join(row(first, cells) for first, *cells in sheet.rows)
    caption = f"<strong>Table {sheet.number}. {escaped(sheet.title)}</strong>"
    kind = "data short" if len(sheet.rows) <= _SHORT else "data"
    note = f'<p class="muted">{escaped(sheet.note)}</p>' if sheet.note else ""
    return (
        f'<div class="wide"><table class="{kind}" id="table-{sheet.number}"><caption>{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>{note}"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    body = "\n".join(row(name, [value]) for name, value in facts)
    return f'<table class="data facts"><tbody>\n{body}\n</tbody></table>'
