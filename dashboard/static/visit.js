// What a visit needs of the browser besides what Streamlit does, run once a page load.
(() => {
  if (window.scoreroomHistory) return;
  window.scoreroomHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);

  // A page's link leads to an address without parameters, which the run that follows completes. Streamlit would make
  // that two entries, and the back button would first lead from the one to the other.
  history.pushState = (state, title, url) => {
    const target = new URL(url, location.href);
    const completes = location.search === "" && target.pathname === location.pathname;
    (completes ? replace : push)(state, title, url);
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
})();
