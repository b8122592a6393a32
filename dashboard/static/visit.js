// What a visit needs of the browser besides what Streamlit does, run once a page load.
(() => {
  if (window.scoreroomHistory) return;
  window.scoreroomHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);

  // A page's link leads to an address without parameters, which the run that follows completes; a mark (below) is taken
  // away again. Streamlit would make that two entries, and the back button would lead from the one to the other.
  history.pushState = (state, title, url) => {
    const target = new URL(url, location.href);
    const isUnfinished = location.search === "" || new URLSearchParams(location.search).has("went");
    (isUnfinished && target.pathname === location.pathname ? replace : push)(state, title, url);
  };

  // Every message to the server carries the address, often one that a quick reader's own changes have outrun. Only
  // where it is asked for here is it to be believed, which an address with this mark says until the server answers.
  const readAddress = () => {
    const address = new URL(location.href);
    address.searchParams.set("went", "1");
    replace(history.state, "", address);
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  };

  // The reader went back or forward. Streamlit has told the server by now; it is told again, with the mark.
  addEventListener("popstate", () => {
    if (!new URL(location.href).searchParams.has("went")) readAddress();
  });

  // A server that was started again knows nothing of this page until it is asked to run it, and until then does not know
  // its buttons: the first click would be lost. So the page is asked for as soon as the server is back.
  const app = document.querySelector('[data-testid="stApp"]');
  const state = () => app.getAttribute("data-test-connection-state");
  let before = state();
  new MutationObserver(() => {
    if (state() === "CONNECTED" && before !== "CONNECTED") readAddress();
    before = state();
  }).observe(app, { attributeFilter: ["data-test-connection-state"] });
})();
