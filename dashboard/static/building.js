// Shows how far a build is, and turns the page into the dashboard once there is something to show.
(() => {
  const EVERY_MS = 500;
  const SILENT_MS = 5000;
  // A step that has begun tells from this share on how long it takes; before, what was expected does.
  const TELLING = 0.1;
  const find = (selector) => document.querySelector(selector);
  const bar = find(".bar");
  const heading = find("h1").textContent;
  let heard = performance.now();
  let last = "";

  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const seconds = (value) => (value < 90 ? `${Math.round(value)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`);
  // Far from the end nobody can know the second.
  const rough = (value) => seconds(value < 10 ? Math.max(1, value) : Math.round(value / 5) * 5);
  const rowOf = (step) => find(`[data-step="${step.name}"]`);

  // How many times as long as expected the steps took that are done, on a machine that is slower or busy.
  function applyPace(steps) {
    const done = steps.filter((step) => step.state === "done" && step.expected_s);
    const sum = (name) => done.reduce((total, step) => total + step[name], 0);
    const pace = done.length ? sum("seconds") / sum("expected_s") : 1;
    for (const step of steps) if (step.expected_s !== null) step.expected_s *= pace;
  }

  // Seconds that a step takes, as far as anybody knows.
  function whole(step) {
    if (step.state === "kept") return 0;
    if (step.state === "done") return step.seconds;
    const seen = step.share > 0 ? step.seconds / step.share : null;
    if (step.state !== "running") return step.expected_s;
    if (step.expected_s === null || seen === null) return step.expected_s ?? seen;
    return step.share >= TELLING ? seen : Math.max(step.expected_s, step.seconds);
  }

  function words(step) {
    if (step.state === "kept") return "up to date";
    if (step.state === "done") return `took ${seconds(step.seconds)}`;
    if (step.state === "running") {
      const percent = `${Math.round(100 * step.share)} %, ${seconds(step.seconds)}`;
      return whole(step) === null ? percent : `${percent} of about ${rough(Math.max(whole(step), step.seconds))}`;
    }
    return step.expected_s === null ? "" : `about ${rough(step.expected_s)}`;
  }

  function show(told) {
    applyPace(told.steps);
    // The dashboard opens before the last step.
    const steps = told.steps.slice(0, -1);
    const known = steps.every((step) => whole(step) !== null);
    const total = steps.reduce((sum, step) => sum + whole(step), 0);
    const done = steps.reduce((sum, step) => sum + (step.state === "done" ? step.seconds : step.state === "running" ? step.share * whole(step) : 0), 0);
    const counted = steps.reduce((sum, step) => sum + (step.state === "done" || step.state === "kept" ? 1 : step.share), 0);
    const share = known && total > 0 ? done / total : counted / steps.length;
    const failed = told.status === "failed";
    for (const step of told.steps) {
      rowOf(step).dataset.now = failed && step.state === "running" ? "failed" : step.state;
      put(rowOf(step).querySelector(".time"), failed && step.state === "running" ? "stopped" : failed && step.state === "waiting" ? "" : words(step));
    }
    const percent = Math.round(100 * share);
    bar.firstElementChild.style.width = `${percent}%`;
    bar.setAttribute("aria-valuenow", percent);
    bar.hidden = failed;
    const running = told.steps.find((step) => step.state === "running");
    put(find("h1"), failed ? "The build stopped" : heading);
    put(find(".left"), failed ? "" : told.is_waiting ? "Another build is under way; this one waits for it." : known ? `${percent} %, about ${rough(Math.max(1, total - done))} left` : `${percent} %`);
    put(find(".passed"), `${seconds(told.seconds)} so far`);
    find(".problem").hidden = !failed;
    put(find(".problem"), failed ? `${told.problem}\nFix this, then run the same command again; this page turns into the dashboard by itself.` : "");
    // A step that begins is announced, not every second.
    if (running && running.name !== last) {
      last = running.name;
      const row = rowOf(running);
      put(find(".heard"), `${row.querySelector("b").textContent}. ${row.querySelector("p").textContent}`);
    }
    document.title = failed ? "Build stopped - Scoreroom" : `${percent} % built - Scoreroom`;
    return failed;
  }

  async function look() {
    try {
      const answer = await fetch(document.body.dataset.state, { cache: "no-store", signal: AbortSignal.timeout(SILENT_MS) });
      const told = await answer.json().catch(() => null);
      // Whatever else answers here is the dashboard.
      if (answer.ok && (told === null || told.status === "usable")) { location.reload(); return; }
      if (told?.steps) { heard = performance.now(); show(told); }
    } catch {
      if (find(".problem").hidden && performance.now() - heard > SILENT_MS)
        put(find(".left"), "The server does not answer; it may have been stopped. This page tries again.");
    }
    setTimeout(look, EVERY_MS);
  }
  look();
})();
