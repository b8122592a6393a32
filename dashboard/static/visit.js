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

  // The bar shows as many chips as there is room for, and lists the others under a button that says how many they are.
  const chipsOf = (row) => [...row.children].filter((each) => each.querySelector("button"));
  const textOf = (chip) => chip.querySelector('[data-testid="stMarkdownContainer"]')?.textContent ?? "";
  const showList = (open) => document.querySelector(".bar-more-chips > button")?.setAttribute("aria-expanded", String(open));
  const LEAST_CHIP = 90;
  let fitted = "";
  const fitChips = () => {
    const row = document.querySelector(".st-key-bar-chips");
    const more = document.querySelector(".bar-more-chips");
    const controls = document.querySelector(".st-key-bar-controls");
    if (!row || !more || !controls) return;
    const chips = chipsOf(row);
    widths.observe(row);
    const found = () => [controls.clientWidth, row.clientWidth, more.hidden, ...chips.map(textOf)].join("\n");
    if (found() === fitted && (more.hidden || more.querySelector("li"))) return;
    for (const chip of chips) {
      chip.removeAttribute("data-over");
      chip.removeAttribute("data-alone");
    }
    more.hidden = true;
    const over = [];
    const hasRoom = () => row.scrollWidth <= row.clientWidth + 1;
    if (getComputedStyle(row).flexWrap === "nowrap" && !hasRoom()) {
      more.hidden = false;
      more.firstElementChild.textContent = `+${chips.length} more`;
      const hideLast = () => {
        over.unshift(chips[chips.length - 1 - over.length]);
        over[0].setAttribute("data-over", "");
      };
      while (over.length < chips.length - 1 && !hasRoom()) hideLast();
      chips[0].toggleAttribute("data-alone", over.length === chips.length - 1);
      if (row.clientWidth < LEAST_CHIP) hideLast();
    }
    const noun = over.length === 1 ? "filter" : "filters";
    const isAll = over.length === chips.length;
    more.hidden = !over.length;
    more.firstElementChild.textContent = isAll ? `${over.length} ${noun}` : `+${over.length} more`;
    more.firstElementChild.setAttribute("aria-label", isAll ? `${over.length} ${noun}` : `${over.length} more ${noun}`);
    const items = over.map((chip) => {
      const item = document.createElement("li");
      const button = item.appendChild(document.createElement("button"));
      button.type = "button";
      button.setAttribute("aria-label", `Remove ${textOf(chip)}`);
      button.append(textOf(chip), Object.assign(document.createElement("span"), { className: "bar-icon", textContent: "close" }));
      button.lastElementChild.setAttribute("aria-hidden", "true");
      button.addEventListener("click", () => chip.querySelector("button").click());
      return item;
    });
    more.lastElementChild.replaceChildren(...items);
    if (!over.length) showList(false);
    fitted = found();
  };
  let isFitting = false;
  const fitSoon = () => {
    if (isFitting) return;
    isFitting = true;
    requestAnimationFrame(() => {
      isFitting = false;
      fitChips();
    });
  };
  const widths = new ResizeObserver(fitSoon);
  new MutationObserver(fitSoon).observe(app, { childList: true, characterData: true, subtree: true });
  addEventListener("resize", fitSoon);
  document.fonts.ready.then(fitSoon);
  fitSoon();

  addEventListener("click", (event) => {
    const list = event.target.closest(".bar-more-chips > button");
    showList(list !== null && list.getAttribute("aria-expanded") !== "true");
    if (event.target.closest(".bar-search")) openPanel(true);
    const copy = event.target.closest(".copy-link");
    if (copy) {
      const body = copy.closest('[data-testid="stPopoverBody"]');
      // What shows the link is loaded when it is first needed.
      const select = (tries) => {
        const link = body.querySelector("code");
        if (!link) return void (tries && setTimeout(select, 50, tries - 1));
        getSelection().selectAllChildren(link);
        copy.textContent = "Link selected: copy it with Ctrl+C";
      };
      // Browsers have no clipboard for pages without TLS, and refuse it to a window that is not in front.
      const copied = navigator.clipboard?.writeText(copy.dataset.link) ?? Promise.reject(new Error("no clipboard"));
      copied.then(() => { copy.textContent = "Link copied"; }, () => select(100));
    }
    if (event.target.closest(".bar-sheet")) setSheet(!document.body.classList.contains("sheet-open"));
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.('input, textarea, [contenteditable="true"], [role="combobox"]');
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      openPanel(true);
    }
    if (event.key !== "Escape") return;
    setSheet(false);
    showList(false);
    // A button that is being answered is disabled and has lost the focus: what was open around it would not hear of this.
    if (event.target !== document.body) return;
    const open = [...document.querySelectorAll('[data-testid="stDialog"] [role="dialog"]')].at(-1);
    open?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  });

  // Figures are as wide as the window they were drawn in, and paper is as wide as A4 lying (1,047 pixels within its margins).
  addEventListener("beforeprint", () => {
    document.documentElement.style.setProperty("--print-zoom", Math.min(1, 1047 / innerWidth));
  });
})();
