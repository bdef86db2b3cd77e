// The browser's half of the frame (dashboards/shell.py): address, light and dark, search, data age, lost connection.
(() => {
  "use strict";

  // Plotly's locale files are CommonJS and come after this file: what they export goes where Plotly looks for it.
  window.module = { set exports(locale) { (window.PlotlyLocales = window.PlotlyLocales || []).push(locale); } };
  window.addEventListener("gisapp-page-runs", () => delete window.module, { once: true });

  const POLL_MS = 5000; // how often the server is asked whether its data changed
  const LATE_MS = 8000; // without an answer for so long the age turns amber
  const LOST_MS = 13000; // and the red banner comes: looked at every second, so within 15 s of the last answer
  const ANSWER_MS = 12000; // for so long an answer is waited for: a busy server is late before it is lost
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  let words = {};
  const say = (key, values = {}) =>
    (words[key] || "").replace(/{(\w+)}/g, (_, name) => (name in values ? values[name] : ""));

  // ---- address -------------------------------------------------------------------------------------------------
  // State lives in the query of the address, so that a link shows what its sender saw.
  function setState(changes) {
    const url = new URL(location.href);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") url.searchParams.delete(key);
      else url.searchParams.set(key, value);
    }
    const address = url.pathname + url.search.replace(/%2F/g, "/").replace(/%2C/g, ",");
    if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
  }

  const clientside = (window.dash_clientside = window.dash_clientside || {});
  clientside.shell = {
    keep_view(extent) {
      if (!extent) return;
      const up = (degrees) => Math.asinh(Math.tan((degrees * Math.PI) / 180)); // the middle of the picture, not of the degrees
      const lat = (Math.atan(Math.sinh((up(extent.south) + up(extent.north)) / 2)) * 180) / Math.PI;
      const lon = (extent.west + extent.east) / 2;
      setState({ view: `${extent.zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}` });
    },
  };

  function visit(link) {
    const view = new URL(location.href).searchParams.get("view");
    setProps("shell-location", { pathname: new URL(link.href).pathname, search: view ? `?view=${view}` : "" });
  }

  function speak(link) {
    const rest = location.pathname.split("/").slice(2).join("/");
    location.assign(`/${link.lang}/${rest}${location.search}`);
  }

  // ---- light and dark ------------------------------------------------------------------------------------------
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  function shownScheme() {
    const chosen = root.dataset.scheme;
    if (chosen === "light" || chosen === "dark") return chosen;
    return system.matches ? "dark" : "light";
  }

  root.dataset.shown = shownScheme(); // before anything is drawn
  function showScheme() {
    root.dataset.agThemeMode = root.dataset.shown = shownScheme();
    setProps("shell-scheme", { data: shownScheme() });
    if (root.dataset.scheme !== "auto") setProps("shell-theme", { forceColorScheme: shownScheme() });
  }

  function toggleScheme() {
    root.dataset.scheme = shownScheme() === "dark" ? "light" : "dark";
    document.cookie = `scheme=${root.dataset.scheme}; path=/; max-age=31536000; samesite=lax`;
    showScheme();
  }

  // ---- search --------------------------------------------------------------------------------------------------
  const search = { input: null, list: null, found: [], active: -1, asked: 0, timer: 0 };

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function buildSearch(place) {
    search.input = element("input", {
      type: "search", role: "combobox", id: "shell-search-text", autocomplete: "off", spellcheck: "false",
      "aria-expanded": "false", "aria-controls": "shell-found", "aria-autocomplete": "list",
      "aria-label": say("search"), placeholder: say("search"), maxlength: "80",
    });
    search.list = element("div", { id: "shell-found", role: "listbox", "aria-label": say("found"), hidden: "" });
    place.append(search.input, element("kbd", { "aria-hidden": "true" }, "/"), search.list);
    search.input.addEventListener("input", () => {
      clearTimeout(search.timer);
      search.timer = setTimeout(find, 150);
    });
    search.input.addEventListener("focus", () => search.found.length && openList(true));
    search.input.addEventListener("blur", () => setTimeout(() => openList(false), 150));
    search.input.addEventListener("keydown", steer);
  }

  function openList(open) {
    search.list.hidden = !open;
    search.input.setAttribute("aria-expanded", String(open));
  }

  async function find() {
    const text = search.input.value.trim();
    const asked = ++search.asked;
    if (!text) {
      search.found = [];
      return openList(false);
    }
    try {
      const answer = await fetch(`/find?q=${encodeURIComponent(text)}`);
      if (asked !== search.asked) return; // the person typed on
      search.found = answer.ok ? await answer.json() : [];
      listFound(answer.ok ? say("nothing", { text }) : say("search_failed"));
    } catch {
      search.found = [];
      listFound(say("search_failed"));
    }
  }

  function listFound(otherwise) {
    search.active = search.found.length ? 0 : -1;
    const options = search.found.map((row, at) => {
      const option = element("div", { role: "option", id: `shell-found-${at}` });
      option.append(element("strong", {}, row.code), element("span", {}, row.label === row.code ? "" : row.label || ""));
      const utility = row.utility ? ` · ${say("utility." + row.utility)}` : "";
      option.append(element("small", {}, say("kind." + row.kind) + utility));
      option.addEventListener("mousedown", () => choose(at));
      return option;
    });
    search.list.replaceChildren(...(options.length ? options : [element("p", {}, otherwise)]));
    markActive();
    openList(true);
  }

  function markActive() {
    [...search.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === search.active)));
    const option = search.list.children[search.active];
    if (search.active >= 0 && option) {
      search.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else search.input.removeAttribute("aria-activedescendant");
  }

  function steer(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && search.found.length) {
      search.active = (search.active + step + search.found.length) % search.found.length;
      markActive();
      event.preventDefault();
    } else if (event.key === "Enter" && search.active >= 0) choose(search.active);
    else if (event.key === "Escape") {
      openList(false);
      search.input.blur();
    }
  }

  function choose(at) {
    const row = search.found[at];
    search.input.value = row.code;
    openList(false);
    setProps("shell-target", { data: { ...row, asked: Date.now() } }); // the same thing found twice flies twice
  }

  // ---- data age and lost connection ----------------------------------------------------------------------------
  const contact = { at: Date.now(), etag: "", revisions: null, server: "", asking: false, active: false, ended: false, store: {} };
  for (const kind of ["pointerdown", "keydown", "wheel"])
    document.addEventListener(kind, () => { contact.active = true; }, { capture: true, passive: true });

  async function poll() {
    if (contact.asking) return;
    contact.asking = true;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ANSWER_MS);
    try {
      const headers = contact.etag ? { "If-None-Match": contact.etag } : {};
      const address = contact.active ? "/version?active=1" : "/version"; // a screen that only polls does not keep a session
      contact.active = false;
      const answer = await fetch(address, { cache: "no-store", headers, signal: stop.signal });
      if (answer.ok || answer.status === 304) contact.at = Date.now();
      if (answer.ok || answer.status === 304 || answer.status === 401) contact.ended = answer.status === 401;
      if (answer.ok) takeVersion(answer.headers.get("ETag"), await answer.json());
    } catch {
      // showAge tells the person; the next poll tries again
    } finally {
      clearTimeout(timer);
      contact.asking = false;
      showAge();
    }
  }

  // A page names in data-leaves the tables that it does not show: what moves there alone asks nothing.
  function takeVersion(etag, version) {
    const { revisions, server, store = {} } = version;
    const before = contact.revisions;
    const leaves = (document.querySelector("#shell-page [data-leaves]")?.dataset.leaves || "").split(" ");
    const moved = (name) => revisions[name] !== before[name] && !leaves.includes(name);
    const changed = before && (server !== contact.server || Object.keys(revisions).some(moved));
    Object.assign(contact, { etag, revisions, server, store });
    if (changed) setProps("shell-version", { data: version });
  }

  function showAge() {
    const badge = byId("shell-age");
    const lost = byId("shell-lost");
    if (!badge || !lost) return;
    const silent = Date.now() - contact.at;
    const { answered, writable } = contact.store; // of a store that is away the server tells what it remembers
    const gone = silent > LOST_MS || !navigator.onLine && silent > POLL_MS;
    const state = gone ? "lost" : answered ? "old" : silent > LATE_MS ? "late" : "fresh";
    const stuck = state === "lost" || answered ? "" : words[`stuck.${writable}`] || "";
    const time = new Date(state === "old" ? answered : contact.at).toLocaleTimeString(root.lang, { hour12: false });
    badge.dataset.state = state;
    if (badge.dataset.told !== state + time)
      badge.replaceChildren(element("span", { class: "word" }, say(`age_${state}`)), element("span", {}, time));
    badge.dataset.told = state + time;
    badge.title = say("age_tip", { time });
    const shut = contact.ended || state === "lost" || state === "old" || stuck !== "";
    lost.hidden = !shut;
    if (contact.ended) showEnded(lost);
    else if (shut) lost.textContent = stuck || say(state, { time });
    root.dataset.writes = shut ? "shut" : "open";
    for (const control of document.querySelectorAll(".writes")) control.inert = shut;
  }

  function showEnded(banner) {
    if (banner.querySelector("a")) return;
    const href = `/${location.pathname.split("/")[1]}/login?why=ended&next=${encodeURIComponent(location.pathname + location.search)}`;
    banner.replaceChildren(say("ended"), element("a", { href }, say("login")));
  }

  // ---- wiring --------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
    const tab = event.target.closest(".tabs a, .brand");
    const language = event.target.closest(".language");
    const close = event.target.closest("[data-close]");
    if ((tab || language) && plain) event.preventDefault();
    if (tab && plain) visit(tab.matches(".brand") ? document.querySelector(".tabs a") || tab : tab);
    if (language && plain) speak(language);
    if (close) setProps(close.dataset.close, { children: [] });
    if (event.target.closest("#shell-scheme-toggle")) toggleScheme();
    if (event.target.closest(".skip")) {
      event.preventDefault();
      byId("shell-page").focus();
    }
  });
  // A control that writes does nothing without the server or its store, however it is reached.
  for (const kind of ["click", "submit", "change"])
    document.addEventListener(kind, (event) => {
      if (root.dataset.writes === "shut" && event.target.closest(".writes")) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    }, true);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && search.input) {
      event.preventDefault();
      search.input.focus();
      search.input.select();
    }
  });
  system.addEventListener("change", showScheme);
  window.addEventListener("offline", showAge);
  window.addEventListener("online", poll);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); }); // timers of hidden pages rest

  // Dash builds the page after this file has run: wait for its parts, then keep the title in step.
  const waiting = new MutationObserver(() => {
    const title = document.querySelector("#shell-page > h1");
    const product = document.querySelector(".brand strong");
    if (title && product) document.title = `${title.textContent} · ${product.textContent}`;
    const place = byId("shell-search");
    if (!place || place.childElementCount || !byId("shell-words")) return;
    words = JSON.parse(byId("shell-words").dataset.words);
    buildSearch(place);
    showScheme();
    poll();
    setInterval(poll, POLL_MS);
    setInterval(showAge, 1000);
  });
  waiting.observe(document.body || root, { childList: true, subtree: true });

  window.gisapp = Object.assign(window.gisapp || {}, { setState, say });
})();
