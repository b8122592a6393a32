// What a visit needs of the browser besides what Streamlit does, run once a page load.
(() => {
  if (window.scoreroomHistory) return;
  window.scoreroomHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const applicant = () => new URLSearchParams(location.search).get("applicant");

  // A page's link leads to an address without parameters, which the run that follows completes. Streamlit would make
  // that two entries, and the back button would first lead from the one to the other.
  history.pushState = (state, title, url) => {
    const target = new URL(url, location.href);
    const completes = location.search === "" && target.pathname === location.pathname;
    const before = applicant();
    (completes ? replace : push)(state, title, url);
    // Whoever chooses an applicant on a page of others wants to see who it is.
    if (applicant() && applicant() !== before && !location.pathname.endsWith("/applicant")) openPanel(false);
  };

  // A server that was started again knows nothing of this page until it is asked to run it, and until then does not know
  // its buttons: the first click would be lost. So the page is asked for as soon as the server is back.
  const app = document.querySelector('[data-testid="stApp"]');
  const state = () => app.getAttribute("data-test-connection-state");
  let before = state();
  new MutationObserver(() => {
    if (state() === "CONNECTED" && before !== "CONNECTED") dispatchEvent(new PopStateEvent("popstate"));
    before = state();
  }).observe(app, { attributeFilter: ["data-test-connection-state"] });

  // Figures are drawn on the server in the colours of a theme that it is told of with a run, and a switch of the theme is
  // none: text and grid would change in the browser, cells of heat maps and backgrounds of labels would not. So the page
  // is asked for once more. The app's class changes with its colours.
  const scheme = () => getComputedStyle(app).colorScheme;
  let drawn = scheme();
  new MutationObserver(() => {
    if (scheme() === drawn) return;
    drawn = scheme();
    dispatchEvent(new PopStateEvent("popstate"));
  }).observe(app, { attributeFilter: ["class"] });

  // The bar's own buttons need no run of the page: one opens the applicant panel, which is Streamlit's side bar, and one
  // shows the bar's controls on a narrow screen.
  const search = () => document.querySelector('[data-testid="stSidebar"] input');
  const isShown = (node) => node !== null && node.getBoundingClientRect().right > 0 && node.offsetParent !== null;
  const unfold = '[data-testid="stExpandSidebarButton"]';
  const openPanel = (toType) => {
    if (!isShown(search())) document.querySelector(`${unfold} button, button${unfold}`)?.click();
    // The panel slides in; a box that is not there yet takes no focus.
    let tries = toType ? 40 : 0;
    const focus = () => {
      if (isShown(search())) search().focus();
      else if (tries-- > 0) setTimeout(focus, 50);
    };
    if (toType) focus();
  };
  const setSheet = (open) => {
    document.body.classList.toggle("sheet-open", open);
    document.querySelector(".bar-sheet")?.setAttribute("aria-expanded", String(open));
  };
  addEventListener("click", (event) => {
    if (event.target.closest(".bar-search")) openPanel(true);
    if (event.target.closest(".bar-sheet")) setSheet(!document.body.classList.contains("sheet-open"));
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.('input, textarea, [contenteditable="true"], [role="combobox"]');
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      openPanel(true);
    }
    if (event.key === "Escape") setSheet(false);
  });

  // Figures are as wide as the window they were drawn in, and paper is as wide as A4 lying (1,047 pixels within its margins).
  addEventListener("beforeprint", () => {
    document.documentElement.style.setProperty("--print-zoom", Math.min(1, 1047 / innerWidth));
  });
})();
