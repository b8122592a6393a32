// Times a click (or key press) to painted, inside the page, so that no driver's polling adds to it.
// The clock starts at the event, in its capture phase. It stops two animation frames after all of this holds at once:
// what belongs to the new state is shown, the server has answered, no script runs, no element is stale, and every figure
// whose title is on the page has been drawn (dashboard/static/chart.js says so once Plotly is done with it).
(() => {
  const STALE = '[data-stale="true"]';
  // While the cutoff moves, the page shows what its server has not answered yet (dashboard/static/drag.js).
  const DONE = 'html:not([data-cutoff-moves]) [data-testid="stApp"][data-test-script-state="notRunning"]';
  const CHART = ".js-plotly-plot, .vega-embed, canvas";
  const traffic = { sent: [], received: [] };

  // Only to note when: nothing that is sent or received is touched.
  window.WebSocket = class extends window.WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", () => traffic.received.push(performance.now()));
    }
    send(data) {
      traffic.sent.push(performance.now());
      super.send(data);
    }
  };

  const words = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const says = (element, text, within) =>
    within ? ` ${words(element)} `.includes(` ${text} `) : words(element) === text;
  const shows = ({ where, parts, within }) =>
    [...document.querySelectorAll(where)].some((place) =>
      parts.every(([what, text]) => [...place.querySelectorAll(what)].some((element) => says(element, text, within))));
  const isDrawn = ({ dataset: { figure } }) => document.querySelector(`[data-drawn="${figure}"]`) !== null;
  const drawn = () => [...document.querySelectorAll("[data-figure]")].every(isDrawn);
  const frame = () => new Promise(requestAnimationFrame);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  async function watch(start, expected, linger) {
    const times = { changed: null, settled: null, charts: null };
    const look = () => {
      const now = performance.now();
      if (times.changed === null && expected.every(shows)) times.changed = now;
      if (times.settled === null && times.changed !== null && document.querySelector(DONE)
          && !document.querySelector(STALE) && drawn() && expected.every(shows)) times.settled = now;
      return times.settled !== null;
    };
    await new Promise((done) => {
      const observer = new MutationObserver((changes) => {
        if (changes.some(({ target }) => (target.closest ? target : target.parentElement)?.closest(CHART)))
          times.charts = performance.now();
        if (look()) done();
      });
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      times.stop = () => observer.disconnect();
      if (look()) done();
    });
    await frame();
    await frame();
    const painted = performance.now();
    const received = traffic.received.filter((time) => time >= start && time <= times.settled);
    // A chart that is still drawn after the page calls itself done would make a liar of the clock: it is reported.
    await pause(linger);
    times.stop();
    const since = (time) => (time === null || time === undefined ? null : time - start);
    return {
      painted: painted - start,
      sent: since(traffic.sent.find((time) => time >= start)),
      received: since(received.at(-1)),
      changed: since(times.changed),
      settled: since(times.settled),
      charts: since(times.charts),
    };
  }

  // For the message of a benchmark that fails.
  function state() {
    const script = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
    const stale = document.querySelectorAll(STALE).length;
    const cards = [...document.querySelectorAll('[data-testid="stMetric"]')].map(words).join(", ");
    const waiting = [...document.querySelectorAll("[data-figure]")].filter((title) => !isDrawn(title)).length;
    return `the script is ${script}, ${stale} elements are stale, ${waiting} figures are not drawn, the page is ${document.visibilityState}, cards: ${cards}`;
  }

  let result = null;
  window.scoreroomClock = {
    // Before the click: `event` is what starts the clock ("click", "keydown", ...).
    arm(event, expected, linger) {
      if (expected.every(shows)) throw new Error("what is waited for is on the screen before the click");
      result = new Promise((done) => {
        window.addEventListener(event, () => done(watch(performance.now(), expected, linger)),
          { capture: true, once: true });
      });
    },
    // After the click.
    result: () => result,
    // For a page that is being opened: the clock started with the navigation.
    opened: (expected, linger) => watch(0, expected, linger),
    shows: (expected) => expected.every(shows),
    within: (ms, promise) => Promise.race([promise, pause(ms).then(() => { throw new Error(`not within ${ms} ms; ${state()}`); })]),
  };
})();
