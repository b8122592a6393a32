// A page's link leads to an address without parameters, which the run that follows completes. Streamlit would make
// that two entries of the browser's history, and the back button would first lead from the one to the other.
(() => {
  if (window.scoreroomHistory) return;
  window.scoreroomHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  history.pushState = (state, title, url) => {
    const target = new URL(url, location.href);
    const completes = location.search === "" && target.pathname === location.pathname;
    (completes ? replace : push)(state, title, url);
  };
})();
