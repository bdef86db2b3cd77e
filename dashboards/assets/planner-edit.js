// The planner's tools: which is in hand, what it drew sent to the server, undo and redo, the keys.
(() => {
  "use strict";

  const DRAWS = { assign: "lasso", brush: "brush", draw: "lasso", split: "line", drag: "corner", merge: null, bridge: "line" };
  const OF_CHOSEN = ["assign", "brush", "merge"]; // tools that give to the chosen grid
  const LIVE_MS = 250; // how often the figures follow the hand, at most
  const PATIENCE_MS = 5000; // a question that was not answered does not keep the next one
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .planner");
  const bar = () => document.querySelector(".planner .tools");
  const say = (key, values = {}) => (
    (JSON.parse(bar().dataset.words)[key] || "").replace(/{(\w+)}/g, (_, name) => values[name] ?? ""));
  const state = { tool: null, saying: false, rows: [], chosen: null, shapes: [], shown: null, hand: null, asked: 0, waiting: null, timer: 0, next: null };

  function editable() {
    return Boolean(bar()) && state.shown && state.shown.status === "draft" && page().dataset.writing !== "true";
  }

  function hand() {
    const box = document.getElementById("planner-map");
    if (state.hand && state.hand.box === box) return state.hand;
    state.hand = new window.gisappMapEdit.Hand(box, { shapes: () => state.shapes, live: preview, done: draw, gone: stop });
    return state.hand;
  }

  function take(tool) {
    state.saying = false;
    state.tool = state.tool === tool ? null : tool;
    for (const button of bar().querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", String(button.dataset.tool === state.tool));
    bar().dataset.hand = state.tool || "";
    hand().use(state.tool ? DRAWS[state.tool] : null);
    if (state.tool) hand().map.getCanvas().focus({ preventScroll: true });
    hint();
  }

  function hint() {
    const place = document.querySelector(".planner .hint");
    if (!place || !bar()) return;
    const lacks = OF_CHOSEN.includes(state.tool) && !state.chosen;
    const key = state.saying ? "saying" : lacks ? "choose" : state.tool;
    place.textContent = key ? say(key, { grid: state.chosen }) : "";
  }

  // ---- what was drawn ------------------------------------------------------------------------------------------------
  function edit(got) {
    const cut = document.querySelector(".planner [data-cut]").getAttribute("aria-pressed") === "true";
    return { do: state.tool === "bridge" ? "bridge" : "edit", kind: state.tool, to: state.chosen, cut, ...got };
  }

  // What is done while a change is being saved would be for another version: it is told, not done.
  function busy() {
    const place = document.querySelector(".planner .hint");
    if (place && bar()) place.textContent = say("busy");
  }

  function send(deed) {
    if (page().dataset.writing === "true") return void (stop(), busy());
    if (!editable()) return;
    stop();
    page().dataset.writing = "true";
    const { plan, version, steps } = state.shown;
    setProps("planner-drawing", { data: { plan, version, steps, ...deed, at: Date.now() } });
  }

  function draw(got) {
    if (OF_CHOSEN.includes(state.tool) && !state.chosen) return hint();
    send(edit(got));
  }

  // The figures follow the hand: one question at a time, the latest one next.
  function preview(got) {
    if (!editable() || state.tool === "bridge" || (OF_CHOSEN.includes(state.tool) && !state.chosen)) return;
    page().dataset.drawing = "true";
    state.waiting = got;
    if (Date.now() - state.asked > PATIENCE_MS && !state.timer) state.timer = setTimeout(ask, LIVE_MS);
  }

  function ask() {
    state.timer = 0;
    if (!state.waiting) return;
    state.asked = Date.now();
    setProps("planner-preview", { data: { ...edit(state.waiting), plan: state.shown.plan, at: state.asked } });
    state.waiting = null;
  }

  function stop() {
    clearTimeout(state.timer);
    Object.assign(state, { timer: 0, waiting: null });
    page().dataset.drawing = "false";
    setProps("planner-live", { children: [] });
  }

  function stands(shown) {
    state.shown = shown;
    for (const button of bar().querySelectorAll("[data-step]"))
      button.disabled = !(button.dataset.step === "undo" ? shown.steps : shown.undone);
  }

  function step(name) {
    if (page().dataset.writing === "true") return void (state.next = name); // it waits for what is being saved
    const { steps, undone } = state.shown || {};
    if (name === "undo" ? steps > 0 : undone > 0) send({ do: "to", position: name === "undo" ? steps - 1 : steps + 1 });
  }

  window.gisappPlanner = {
    shown(shown) {
      if (!bar()) return;
      if (state.tool && shown.status !== "draft") take(state.tool);
      stands(shown);
    },

    free() {
      const name = state.next;
      state.next = null;
      hint();
      if (name) setTimeout(step, 50, name);
    },

    shapes(features) {
      state.shapes = features.filter((one) => !one.properties._label);
      if (state.hand) state.hand.fresh();
    },

    chosen(code, rows) {
      Object.assign(state, { chosen: code, rows });
      hint();
    },

    // A click on the map that a tool means: true when it chooses nothing.
    clicked({ id: code, lng, lat }) {
      if (state.saying) return sayAt([lng, lat], code);
      if (state.tool !== "merge" || !state.chosen || !code || code === state.chosen) return false;
      send({ do: "edit", kind: "merge", grid: code, to: state.chosen });
      return true;
    },

    send, busy,
  };

  window.dash_clientside = window.dash_clientside || {};
  Object.assign((window.dash_clientside.planner = window.dash_clientside.planner || {}), {
    previewed() {
      state.asked = 0;
      if (state.waiting && !state.timer) state.timer = setTimeout(ask, LIVE_MS);
    },

    // The version that was saved, or what to ask before it is.
    saved(saved) {
      if (saved && saved.words) window.gisappDeeds.inquire(page(), saved.words, [], () => send({ ...saved.edit, sure: true }));
      else if (saved) stands(saved);
    },
  });

  // ---- words: what a grid is called and who leads it, what is said of a place -------------------------------------------
  // A thousand options cost the page's first picture a tenth of a second: they are made when somebody names a leader.
  function offerLeaders() {
    const list = document.getElementById("planner-leaders");
    if (list.childElementCount) return;
    list.append(...JSON.parse(list.dataset.people).map((value) => Object.assign(document.createElement("option"), { value })));
  }

  function nameGrid(code) {
    const shape = state.shapes.find((one) => one.properties.code === code);
    const row = state.rows.find((one) => one.code === code);
    if (!shape || !row || !editable()) return;
    offerLeaders();
    const had = { code, name: shape.properties.name, leader: row.leader || "" };
    const fields = Object.keys(had).map((name) => (
      { name, label: say(`field_${name}`), kind: "text", value: had[name], required: name !== "leader", list: name === "leader" && "planner-leaders" }));
    window.gisappDeeds.inquire(page(), say("name", { grid: code }), fields, (told) => {
      const changed = Object.fromEntries(Object.entries(told).filter(([name, value]) => value.trim() !== had[name]));
      if (Object.keys(changed).length) send({ do: "edit", kind: "name", grid: code, ...changed });
    });
  }

  function sayAt(place, grid) {
    state.saying = false;
    hint();
    const field = { name: "text", label: say("text"), kind: "area", value: "", required: true };
    const deed = { do: "comment", plan: state.shown.plan, place, grid: grid || null };
    window.gisappDeeds.inquire(page(), say("comment"), [field], ({ text }) => (
      setProps("planner-edit", { data: { ...deed, text, at: Date.now() } })));
    return true;
  }

  function startSaying() {
    if (state.tool) take(state.tool);
    state.saying = true;
    hint();
  }

  function across(button) {
    const on = [...button.parentNode.querySelectorAll("[data-across]")].filter((one) => (
      (one.getAttribute("aria-pressed") === "true") !== (one === button)));
    send({ do: "within", across: on.map((one) => one.dataset.across) });
  }

  // ---- beside the table ------------------------------------------------------------------------------------------------
  function view(name) {
    page().dataset.view = name;
    for (const button of document.querySelectorAll(".planner [data-view].button"))
      button.setAttribute("aria-pressed", String(button.dataset.view === name));
    setProps("planner-view", { data: name });
  }

  function lock(which) {
    const locked = new Set(state.shown.locked);
    if (which === "chosen" && state.chosen && !locked.delete(state.chosen)) locked.add(state.chosen);
    const every = which === "all" ? state.shapes.map((one) => one.properties.code) : which === "none" ? [] : [...locked];
    if (which !== "chosen" || state.chosen) send({ do: "lock", grids: every });
  }

  function go(bounds) {
    setProps("planner-map", { view: null, fit: bounds.split(",").map(Number) });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".planner :is(.tools button, .button[data-view], [data-lock], [data-position], [data-fit], [data-take], [data-name], [data-saying], [data-across], [data-do])");
    if (!button) return;
    if (button.dataset.tool) take(button.dataset.tool);
    else if (button.dataset.step) step(button.dataset.step);
    else if (button.dataset.view) view(button.dataset.view);
    else if (button.dataset.lock) lock(button.dataset.lock);
    else if (button.dataset.position) send({ do: "to", position: Number(button.dataset.position) });
    else if (button.dataset.take) send({ do: "edit", kind: "proposal", number: Number(button.dataset.take) });
    else if (button.dataset.fit) go(button.dataset.fit);
    else if (button.dataset.name !== undefined) nameGrid(button.dataset.name || state.chosen);
    else if (button.dataset.saying) startSaying();
    else if (button.dataset.across) across(button);
    else if (button.dataset.do) send(JSON.parse(button.dataset.do));
    else button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  });

  const elsewhere = (target) => target.closest && target.closest("input, textarea, select, dialog, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (!bar() || elsewhere(event.target)) return;
    const letter = event.ctrlKey || event.metaKey ? event.key.toLowerCase() : "";
    if (letter === "z" || letter === "y") {
      event.preventDefault();
      step(letter === "y" || event.shiftKey ? "redo" : "undo");
    } else if (event.key === "Escape" && state.saying) {
      state.saying = false;
      hint();
    } else if (event.key === "Escape" && state.tool) {
      if (!hand().cancel()) take(state.tool);
    } else if (event.key === " " && state.tool && !event.target.closest("button, summary, a")) {
      event.preventDefault();
      hand().pan(true);
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && state.hand) state.hand.pan(false);
  });
  window.addEventListener("blur", () => state.hand && state.hand.pan(false));
})();
