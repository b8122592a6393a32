// A Plotly chart of ours inside Streamlit, drawn once and then changed in place.
//
// A chart that goes out of sight is kept with what is drawn, so that a page that comes back costs no drawing. What a
// figure holds of the light theme's colours is replaced here by that of the theme in force. `data-drawn` names the
// figure whose drawing is done.
const MOST_KEPT = 24;
const CONFIG = { displayModeBar: false, scrollZoom: false, responsive: false };
const words = new TextDecoder();
const kept = new Map(); // by key, the longest out of sight first
const shown = new Map(); // by the element of Streamlit's that it is in
const byPlace = new WeakMap();
let library;

function load(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    // This file is three folders below the dashboard's own address.
    script.src = new URL(`../../../${address}`, import.meta.url);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { library = undefined; reject(new Error(`${script.src} did not load.`)); };
    document.head.append(script);
  });
  return library;
}

const widths = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    byPlace.get(target)?.resize(Math.floor(contentRect.width), Math.floor(contentRect.height));
  }
});

const isDark = (element) => getComputedStyle(element).colorScheme === "dark";

class Chart {
  constructor(key) {
    this.key = key;
    this.place = document.createElement("div");
    this.place.className = "chart";
    this.place.setAttribute("role", "img");
    this.width = 0;
    this.drawing = Promise.resolve();
    byPlace.set(this.place, this);
  }

  // Into sight; the width comes with the page's next layout, and until then is what it was.
  enter(parent) {
    parent.append(this.place);
    widths.observe(this.place);
  }

  leave() {
    widths.unobserve(this.place);
    this.place.remove();
  }

  show(wanted, tell) {
    this.wanted = wanted;
    this.tell = tell;
    this.place.setAttribute("aria-label", wanted.alt);
    if (this.asked !== wanted.height) {
      this.asked = wanted.height;
      // The style sheet asks for more where the window has room (static/page.css).
      this.place.style.height = `max(${wanted.height}px, var(--least-figure, 0px))`;
      this.height = this.place.clientHeight;
    }
    this.draw();
  }

  resize(width, height) {
    if (width === 0 || (width === this.width && height === this.height)) return;
    Object.assign(this, { width, height });
    this.draw();
  }

  draw() {
    if (this.width) this.drawing = this.drawing.then(() => this.react()).catch((error) => console.error(error));
  }

  async react() {
    const { wanted, width, height } = this;
    const dark = isDark(this.place);
    const state = `${wanted.token} ${width} ${height} ${dark}`;
    if (state !== this.state) {
      const Plotly = await load(wanted.script);
      const { data, layout } = figureOf(wanted, dark);
      Object.assign(layout, { width, height, autosize: false });
      if (wanted.selectable) Object.assign(layout, { clickmode: "event", hovermode: layout.hovermode ?? "closest" });
      const { shapes = [], annotations = [], ...others } = layout;
      const around = JSON.stringify([data, others, shapes.length, annotations.length]);
      if (around === this.around && !isFitted(this.place.layout)) await moveMarks(Plotly, this.place, { shapes, annotations });
      else await Plotly.react(this.place, data, layout, CONFIG);
      this.around = around;
      if (!this.listens) {
        this.listens = true;
        this.place.on("plotly_click", ({ points }) => this.click(points[0]));
      }
      this.state = state;
    }
    this.place.dataset.drawn = wanted.token;
  }

  click(point) {
    if (this.wanted.selectable) this.tell("selected", { curve: point.curveNumber, customdata: point.customdata });
  }

  // A picture leaves the page, so it takes along what stands around the chart; paper is white.
  async save(format) {
    const { script, title, subtitle, name } = this.wanted;
    const { data, layout } = figureOf(this.wanted, false);
    const width = Math.max(this.width, 640);
    const lines = [...lined(subtitle, width), ...lined(surroundings(), width)];
    const above = 36 + 17 * lines.length;
    const height = layout.height + above;
    Object.assign(layout, {
      width, height, autosize: false, paper_bgcolor: "#ffffff",
      margin: { ...layout.margin, t: layout.margin.t + above },
      title: {
        text: `<b>${literal(title)}</b>`, font: { size: 15 }, pad: { l: 8, t: 10 },
        subtitle: { text: lines.map(literal).join("<br>"), font: { size: 12, color: "#4a525c" } },
        x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top",
      },
    });
    const Plotly = await load(script);
    await Plotly.downloadImage({ data, layout }, { format, width, height, scale: 2, filename: name });
  }
}

// Whether an axis ends where what is drawn ends, marks included.
const isFitted = (layout) => Object.entries(layout).some(([name, part]) => /^[xy]axis/.test(name) && part.autorange);

// Draws the lines, areas and notes of a figure anew and nothing else, in a tenth of the time that `react` takes, which
// draws all where one of them moves. Plotly draws a mark whole for a change that touches no more than the mark, and puts
// it in front of the others: so all of them, in their order.
async function moveMarks(Plotly, place, marks) {
  Object.assign(place.layout, marks);
  const drawn = Object.entries(marks).flatMap(([kind, all]) => all.map((mark, i) => [`${kind}[${i}].opacity`, mark.opacity ?? 1]));
  if (drawn.length) await Plotly.relayout(place, Object.fromEntries(drawn));
}

// Lines of words that fit into a picture of that width in its small letters.
function lined(text, width) {
  const lines = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && longer.length * 6.4 <= width - 24) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

const literal = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

// The portfolio, the cohort with its size, and the cutoff, as the bar shows them.
function surroundings() {
  const lines = [".st-key-bar-portfolio b", ".st-key-bar-cohort b", ".st-key-bar-cohort span"];
  const said = lines.map((line) => document.querySelector(line)?.textContent.trim());
  const cutoff = document.querySelector(".st-key-bar-cutoff input[type=number], .st-key-bar-cutoff input");
  if (cutoff) said.push(`cutoff ${cutoff.value} %`);
  return said.filter(Boolean).join(" · ");
}

// One menu for all charts, opened at the button of the one that it is for.
const ITEMS = [
  ["Save as PNG", (chart) => chart.save("png")],
  ["Save as SVG", (chart) => chart.save("svg")],
  ["Data, CSV, Excel", (chart) => chart.tell("asked", "data")],
  ["How is this computed?", (chart) => chart.tell("asked", "method")],
];
const menu = document.createElement("div");
menu.className = "chart-items";
menu.setAttribute("role", "menu");
menu.popover = "auto";
let owner;
for (const [text, act] of ITEMS) {
  const item = document.createElement("button");
  item.type = "button";
  item.setAttribute("role", "menuitem");
  item.textContent = text;
  item.addEventListener("click", () => {
    menu.hidePopover();
    const chart = [...shown.values()].find((each) => each.wanted.token === owner.parentElement.dataset.figure);
    if (chart) act(chart);
  });
  menu.append(item);
}
// Inside the app, whose colour scheme it takes.
document.querySelector('[data-testid="stApp"]').append(menu);
// The buttons come with the titles, and could do nothing before.
document.documentElement.classList.add("charts-ready");
menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...menu.children];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
});
menu.addEventListener("toggle", (event) => {
  owner?.setAttribute("aria-expanded", String(event.newState === "open"));
});
// A press outside closes the menu before the click comes, which on its own button must not open it again.
let isClosing = false;
document.addEventListener("pointerdown", (event) => {
  isClosing = menu.matches(":popover-open") && event.target.closest?.(".chart-menu") === owner;
}, { capture: true });
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".chart-menu");
  if (!button || isClosing) return void (isClosing = false);
  owner = button;
  menu.showPopover();
  const { right, bottom, top } = button.getBoundingClientRect();
  const low = bottom + menu.offsetHeight > innerHeight;
  menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
  menu.style.top = `${low ? top - menu.offsetHeight : bottom}px`;
  menu.firstChild.focus();
});

function figureOf({ figure, colours }, dark) {
  let text = figure;
  if (dark) for (const [light, other] of colours) text = text.replaceAll(`"${light}"`, `"${other}"`);
  return JSON.parse(text);
}

function keep(chart) {
  chart.leave();
  kept.delete(chart.key);
  kept.set(chart.key, chart);
  if (kept.size <= MOST_KEPT) return;
  const [key, oldest] = kept.entries().next().value;
  kept.delete(key);
  window.Plotly?.purge(oldest.place);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const wanted = JSON.parse(words.decode(data));
  let chart = shown.get(parentElement);
  if (chart?.key !== wanted.key) {
    if (chart) keep(chart);
    chart = kept.get(wanted.key) ?? new Chart(wanted.key);
    kept.delete(wanted.key);
    shown.set(parentElement, chart);
    chart.enter(parentElement);
  }
  chart.show(wanted, setTriggerValue);
  return () => {
    shown.delete(parentElement);
    keep(chart);
  };
}
