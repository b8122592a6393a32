// What a page shows of the cutoff follows its slider at the speed of the hand, before the server has answered.
//
// The server made a table of words by cutoff (dashboard/follow), which is fetched when a hand comes near the slider;
// nothing is computed here. What cannot follow is faded until the run is over, and called busy. A place follows only if
// it says now what the table says for the cutoff in force. When the run is over, all that the server did not write anew
// gets back what the server had written.
(() => {
  const home = document.currentScript.src;
  const app = document.querySelector("#root");
  const HAND = '.st-key-bar-cutoff [data-testid="stSlider"]';
  const ALL = '[data-testid="stMain"] [data-testid="stMetric"], [data-testid="stMain"] [class*="st-key-figure-"]';
  const text = new TextDecoder();
  const slider = () => document.querySelector(`${HAND} input[type="range"]`);
  const announced = () => document.querySelector(".cutoff-table")?.dataset ?? { name: "", busy: "", cutoff: "" };
  const isRunning = () => document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== "notRunning";
  const spaced = (said) => said.replaceAll("\u00a0", " ");

  // The table: a head in JSON, then columns of changes (dashboard/follow/columns.py).
  let table = { name: "" };
  async function load() {
    const { name } = announced();
    if (!name || table.name === name) return;
    const wanted = (table = { name });
    const answer = await fetch(new URL(name, home)).catch(() => null);
    if (answer?.ok) wanted.read = read(await answer.arrayBuffer());
    if (table !== wanted) return;
    // The server forgets tables that were announced long ago, until the next run names them again.
    if (!wanted.read) table = { name: "" };
    else if (move) show();
  }

  function read(buffer) {
    const bytes = new Uint8Array(buffer);
    const start = 4 + new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(text.decode(bytes.subarray(4, start)));
    let at = start;
    const changes = [];
    const columns = head.likes.map((like) => {
      const own = new Float64Array(head.rows), sums = new Float64Array(head.rows);
      for (let row = 0, sum = 0; row < head.rows; row++) {
        let number = 0, scale = 1, byte;
        do {
          byte = bytes[at++];
          number += (byte & 127) * scale;
          scale *= 128;
        } while (byte > 127);
        own[row] = number % 2 ? -(number + 1) / 2 : number / 2;
        if (like) own[row] += like[1] * changes[like[0]][row];
        sums[row] = sum += own[row];
      }
      changes.push(own);
      return sums;
    });
    const word = ({ templates, formats, pick, holes }, row) => {
      const kind = pick < 0 ? 0 : columns[pick][row];
      const parts = templates[kind];
      const numbers = formats[kind].map((format, i) => written(columns[holes[i]][row], ...format));
      return parts[0] + numbers.map((number, i) => number + parts[i + 1]).join("");
    };
    return { ...head, word };
  }

  function written(number, decimals, isApart) {
    const digits = String(number).padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    const point = decimals ? `.${digits.slice(-decimals)}` : "";
    return (isApart ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole) + point;
  }

  // From the first step of the slider until the server has answered for the position at which it was left.
  let move = null;
  let isDown = false;

  function begin() {
    const { name, cutoff } = announced();
    move = { name, from: Number(cutoff), said: new Map(), touched: new Map() };
    Object.assign(move, { figures: new Map(), busy: new Set(), hidden: new Set() });
    document.documentElement.toggleAttribute("data-cutoff-moves", true);
    writes.observe(app, { subtree: true, childList: true, characterData: true, attributeFilter: ["data-test-script-state"] });
    for (const place of busyPlaces()) setBusy(place);
  }

  function busyPlaces() {
    const { busy } = announced();
    return busy ? document.querySelectorAll(busy) : [];
  }

  function setBusy(place) {
    if (move.busy.has(place)) return;
    move.busy.add(place);
    place.setAttribute("aria-busy", "true");
    place.setAttribute("data-of-before", "");
  }

  function clearBusy(place) {
    if (!move.busy.delete(place)) return;
    place.removeAttribute("aria-busy");
    place.removeAttribute("data-of-before");
  }

  function show() {
    const value = Number(slider()?.value);
    const box = document.querySelector('.st-key-bar-cutoff input[type="number"]');
    // The step's decimals are those of the format.
    if (box) box.value = value.toFixed((box.step.split(".")[1] ?? "").length);
    if (move.name !== announced().name) return void settle();
    heed(writes.takeRecords());
    const { read } = table.name === move.name ? table : {};
    if (!read) {
      if (move.name) for (const place of document.querySelectorAll(ALL)) setBusy(place);
      return;
    }
    if (!move.isRead) {
      move.isRead = true;
      for (const place of document.querySelectorAll(ALL)) clearBusy(place);
      for (const place of busyPlaces()) setBusy(place);
    }
    const row = rowOf(value, read);
    const found = new Map();
    for (const slot of read.slots) {
      if (!found.has(slot.where)) found.set(slot.where, document.querySelectorAll(slot.where));
      const place = [...found.get(slot.where)].at(slot.place);
      if (place) FOLLOW[slot.kind](place, read.word(slot, row), slot, read);
    }
    // What was written here is nobody else's news.
    writes.takeRecords();
  }

  const FOLLOW = {
    text(place, wanted, slot, read) {
      const figure = place.closest(".js-plotly-plot");
      if (figure) touch(figure);
      const leaves = leavesOf(place);
      const said = move.said.get(slot) ?? new Set([spaced(read.word(slot, rowOf(move.from, read)))]);
      move.said.set(slot, said);
      const now = spaced(leaves.map((leaf) => leaf.data).join("\n"));
      const parts = wanted.split("\n");
      if (now === spaced(wanted)) return;
      if (!said.has(now) || parts.length !== leaves.length) return setBusy(place);
      said.add(spaced(wanted));
      leaves.forEach((leaf, i) => write(leaf, parts[i]));
    },
    opacity(place, wanted) {
      touch(place.closest(".js-plotly-plot"));
      place.style.fillOpacity = wanted;
    },
    upright(place, wanted) {
      const figure = place.querySelector(".js-plotly-plot");
      const line = [...(figure?.querySelectorAll(".shapelayer path") ?? [])].at(-1);
      const note = [...(figure?.querySelectorAll(".annotation-text") ?? [])].at(-1);
      // One that began beyond the axis has no line.
      if (!line || !note) return setBusy(place);
      touch(figure);
      const { x, left, width } = scaled(figure);
      const at = Number(slider().value), end = left + width;
      const isBeyond = x(at) > end + 0.5;
      const px = left + Math.min(x(at) - left, width);
      const ys = line.getAttribute("d").match(/-?[\d.]+/g).map(Number);
      line.setAttribute("d", `M${px},${ys[1]}L${px},${ys[3]}`);
      setHidden(line, isBeyond);
      setHidden(note, isBeyond && !wanted.endsWith("→"));
      const isLeft = px - left > 0.6 * width;
      if (note.textContent !== wanted) note.textContent = wanted;
      note.setAttribute("text-anchor", isLeft ? "end" : "start");
      note.setAttribute("x", 0);
      const group = note.parentElement;
      const y = group.getAttribute("transform").match(/-?[\d.]+/g)[1];
      group.setAttribute("transform", `translate(${px + (isLeft ? -5 : 5)},${y})`);
    },
    point(place, wanted) {
      const figure = place.closest(".js-plotly-plot");
      touch(figure);
      const { x, y, left, top, width, height } = scaled(figure);
      const [px, py] = [x, y].map((axis, i) => axis(Number(wanted.split(" ")[i])));
      const isIn = px <= left + width + 0.5 && py >= top - 0.5 && py <= top + height + 0.5;
      setHidden(place, !isIn);
      if (isIn) place.setAttribute("transform", `translate(${px - left},${py - top})`);
    },
  };

  const rowOf = (value, read) => Math.round(value / read.step);

  function leavesOf(place) {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    const leaves = [];
    // Plotly leaves empty ones around bold letters; one that was emptied here is among them all the same.
    while (walker.nextNode()) {
      const leaf = walker.currentNode;
      if (leaf.data || move.touched.has(leaf)) leaves.push(leaf);
    }
    return leaves;
  }

  function write(leaf, wanted) {
    if (leaf.data === wanted) return;
    if (!move.touched.has(leaf)) move.touched.set(leaf, { own: leaf.data });
    move.touched.get(leaf).written = leaf.data = wanted;
  }

  // From the units of a figure's axes to its pixels.
  function scaled(figure) {
    const area = figure.querySelector(".nsewdrag");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(area.getAttribute(name)));
    const [x0, x1] = figure.layout.xaxis.range, [y0, y1] = figure.layout.yaxis.range;
    const x = (value) => left + ((value - x0) / (x1 - x0)) * width;
    const y = (value) => top + height - ((value - y0) / (y1 - y0)) * height;
    return { x, y, left, top, width, height };
  }

  // Plotly draws with elements that it has, and knows nothing of one that was hidden.
  function setHidden(place, isHidden) {
    if (!isHidden && !move.hidden.has(place)) return;
    move.hidden.add(place);
    place.style.visibility = isHidden ? "hidden" : "";
  }

  // A figure's words for those who cannot see it are of the cutoff before.
  function touch(figure) {
    if (move.figures.has(figure)) return;
    move.figures.set(figure, figure.dataset.drawn);
    figure.setAttribute("aria-busy", "true");
  }

  // What the server writes while the slider moves is kept for the end; an answer for an older position is not shown.
  function heed(records) {
    let isWritten = false;
    for (const { type, target } of records) {
      const leaf = move.touched.get(target);
      if (type === "childList") isWritten ||= !target.closest?.(".js-plotly-plot");
      else if (leaf) {
        leaf.own = target.data;
        isWritten ||= target.data !== leaf.written;
      }
    }
    return isWritten;
  }
  const writes = new MutationObserver((records) => {
    if (move && heed(records)) show();
    settleIfDone();
  });

  function settleIfDone() {
    if (!move || isDown || isRunning()) return;
    if (!slider() || Number(announced().cutoff) === Number(slider().value)) settle();
  }

  function settle() {
    heed(writes.takeRecords());
    writes.disconnect();
    for (const [leaf, { own, written: ours }] of move.touched) if (leaf.data === ours) leaf.data = own;
    for (const [figure, drawn] of move.figures) {
      figure.removeAttribute("aria-busy");
      const title = figure.closest('[class*="st-key-figure-"]')?.querySelector("[data-figure]");
      // One that gets no new drawing is drawn as it was.
      const isStale = title?.dataset.figure === drawn || move.name !== announced().name;
      if (isStale && figure.isConnected) window.Plotly.redraw(figure);
    }
    for (const place of move.hidden) place.style.visibility = "";
    for (const place of [...move.busy]) clearBusy(place);
    move = null;
    document.documentElement.removeAttribute("data-cutoff-moves");
    load();
  }

  const isHand = ({ target }) => Boolean(target.closest?.(HAND));
  // On a narrow screen the slider is behind a button.
  const isNear = ({ target }) => Boolean(target.closest?.(".st-key-bar-cutoff, .bar-sheet"));
  for (const name of ["pointerover", "focusin", "pointerdown"]) {
    addEventListener(name, (event) => { if (isNear(event)) load(); }, { capture: true, passive: true });
  }
  addEventListener("pointerdown", (event) => {
    if (!isHand(event)) return;
    isDown = true;
    load();
  }, { capture: true });
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, () => {
      if (!isDown) return;
      isDown = false;
      // After React, for which the press is over now.
      setTimeout(settleIfDone);
    }, { capture: true });
  }
  let isKey = false;
  addEventListener("keydown", (event) => {
    if (!isHand(event)) return;
    isKey = true;
    setTimeout(() => { isKey = false; });
  }, { capture: true });

  // React has drawn the slider at another place.
  new MutationObserver((records) => {
    const input = slider();
    if (!records.some(({ target }) => target === input) || (!isDown && !isKey && !move)) return;
    if (!move && Number(input.value) === Number(announced().cutoff)) return;
    if (!move) begin();
    show();
  }).observe(app, { subtree: true, attributeFilter: ["aria-valuetext"] });
})();
