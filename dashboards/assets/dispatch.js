// The dispatchers' page in the browser: the rows of the board, what is left of each limit, the chosen incident, writes.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const stands = () => document.querySelector("#shell-page .dispatch");
  const begun = () => document.querySelector("#gm-begun .dispatch[data-first]"); // the board before the page: dashboards/begun.py
  const page = () => stands() || begun();
  const part = (id) => page().querySelector(`#${id}, [data-place="${id}"]`);
  const { element } = window.gisappDeeds;
  const COLOURS = ["breached", "due_soon", "running", "nothing"];
  const LISTS = { type: "types", status: "statuses" };
  const FIRST = 60; // rows that stand at once; the rest follow while the person reads
  const PATIENCE_MS = 20000; // an answer that never came unlocks the buttons
  const NEEDS = { "incidents.clear": "dispatch-in-clear", "incidents.handle": "dispatch-record" };
  let asked = null;
  let board = null;
  let known = new Map(); // rows that stand, by code: what they say and their element
  let writing = 0;
  let flown = null;
  let told = null;
  let filtered = ""; // what the controls were last made for
  let wish = null; // what the person asked for before the page stood
  let focused = null; // and where the keyboard was

  function words(name, values = {}) {
    told = told && told.page === page() ? told : { page: page(), ...JSON.parse(page().dataset.words) };
    return (told.words[name] || name).replace(/{(\w+)}/g, (_, key) => values[key]);
  }
  const mine = () => { words(""); return told; };

  // ---- what is left of a limit ---------------------------------------------------------------------------------------
  function span(ms) {
    const minutes = Math.floor(Math.abs(ms) / 60000);
    if (minutes < 60) return words("minutes", { count: minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return words("hours", { hours, minutes: String(minutes % 60).padStart(2, "0") });
    return words("days", { count: Math.floor(hours / 24) });
  }

  function left(due) {
    const ms = due - Date.now();
    return words(ms < 0 ? "over" : "left", { time: span(ms) });
  }

  function tick() {
    if (!page()) return;
    for (const one of page().querySelectorAll("[data-due]")) {
      one.textContent = left(Number(one.dataset.due));
      one.classList.toggle("over", Number(one.dataset.due) < Date.now());
    }
    for (const one of page().querySelectorAll("[data-ago]")) one.textContent = words("ago", { time: span(Date.now() - Number(one.dataset.ago)) });
  }
  setInterval(tick, 5000);

  // ---- the board -----------------------------------------------------------------------------------------------------
  function rowOf(row) {
    const limit = row.due
      ? [element("span", { class: "clock" }, row.limit || row.clock), element("span", { class: "left", "data-due": row.due })]
      : [element("span", { class: "clock quiet" }, words("no_limit"))];
    const marks = [];
    if (row.drill) marks.push(element("span", { class: "badge warn" }, words("drill")));
    if (row.again > 0) marks.push(element("span", { class: "badge warn" }, words("again", { count: row.again + 1 })));
    return element("button", { class: `row ${row.colour}`, type: "button", "data-incident": row.code },
      element("span", { class: "sign", title: words(row.colour) }, element("span", { class: "unseen" }, words(row.colour))),
      element("span", { class: "what" }, element("b", {}, row.kind), element("small", { class: "code" }, row.code), ...marks),
      element("span", { class: "where" }, element("b", {}, row.grid || words("no_grid")), element("small", {}, row.unit || words("no_unit"))),
      element("span", { class: "stands" }, element("span", {}, row.standing), element("small", { "data-ago": row.reported })),
      element("span", { class: "limit" }, ...limit));
  }

  function made(row) {
    const said = JSON.stringify(row);
    const old = known.get(row.code);
    return old && old.said === said ? old : { said, element: element("li", {}, rowOf(row)) };
  }

  // Rows that say the same as before stay where they are; those further down are made while the first are read.
  function showRows(rows) {
    const place = part("dispatch-rows");
    let list = place.querySelector("ol");
    if (!rows.length) {
      known = new Map();
      const title = words(board.all ? "nothing_chosen" : "nothing_waits");
      return place.replaceChildren(element("div", { class: "empty" }, element("h2", {}, title), element("p", {}, words(board.all ? "nothing_chosen_todo" : "nothing_waits_todo"))));
    }
    if (!list || list.parentNode !== place) {
      list = element("ol", { "aria-label": words("rows") });
      place.replaceChildren(list);
      known = new Map();
    }
    const mark = board.mark;
    const next = new Map();
    const put = (from, to) => {
      if (!board || board.mark !== mark || !list.isConnected) return;
      const some = rows.slice(from, to).map((row) => { const one = made(row); next.set(row.code, one); return one.element; });
      some.forEach((one, at) => { if (list.children[from + at] !== one) list.insertBefore(one, list.children[from + at] || null); });
      if (to < rows.length) return void setTimeout(() => put(to, Math.min(rows.length, to + 200)), 0);
      while (list.children.length > rows.length) list.lastElementChild.remove();
      known = next;
      pick(chosenCode());
      tick();
    };
    put(0, Math.min(rows.length, FIRST));
    tick();
    pick(chosenCode());
  }

  const chosenCode = () => new URL(location.href).searchParams.get("incident");

  function pick(code, scroll = false) {
    for (const one of page().querySelectorAll(".waiting .row[aria-current]")) one.removeAttribute("aria-current");
    const row = code && page().querySelector(`.waiting .row[data-incident="${CSS.escape(code)}"]`);
    if (!row) return;
    row.setAttribute("aria-current", "true");
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }

  function choiceOf(name, values, chosen) {
    const options = [["", words(`every_${name}`)], ...values];
    if (chosen && !values.some(([value]) => value === chosen)) options.push([chosen, chosen]);
    const select = element("select", { "data-choice": name, "aria-label": words(name), class: chosen ? "set" : false },
      ...options.map(([value, said]) => element("option", { value }, said)));
    select.value = chosen || "";
    return select;
  }

  // A list that the person has open is not made anew under their hand, unless they have just chosen.
  function held(place) {
    const focus = document.activeElement;
    if (!place.contains(focus)) return { skip: false, again: () => {} };
    const [[name, value] = []] = Object.entries(focus.dataset);
    const again = () => place.querySelector(`[data-${name}="${value}"]`)?.focus();
    return { skip: focus.tagName === "SELECT" && filtered === JSON.stringify(asked), again };
  }

  function showHead() {
    const { reports, imports, roles } = mine();
    const count = words("count", { count: board.listed ?? board.rows.length, all: board.all });
    const place = part("dispatch-head");
    const { skip: busy, again } = held(place);
    if (busy) return void (part("dispatch-count").textContent = count);
    const role = element("select", { "data-choice": "role", "aria-label": words("role") }, ...roles.map(([value, said]) => element("option", { value }, said)));
    role.value = asked.role;
    const add = reports ? [element("button", { class: "button main", type: "button", "data-intake": "true" }, words("intake"), element("kbd", {}, "n"))] : [];
    if (imports) add.push(element("button", { class: "button", type: "button", "data-bulk": "true" }, words("import")));
    place.replaceChildren(element("h2", { id: "dispatch-count" }, count), element("label", { class: "as" }, element("span", {}, words("role")), role), ...add);
    again();
  }

  function showFilter() {
    const place = part("dispatch-filter");
    const { skip: busy, again } = held(place);
    if (busy) {
      for (const colour of COLOURS) place.querySelector(`[data-colour="${colour}"] b`).textContent = String(board.counts[colour]);
      return;
    }
    const chips = COLOURS.map((colour) => element("button", {
      class: `chip ${colour}`, type: "button", "data-colour": colour, "aria-pressed": String(asked.clocks.includes(colour)) },
      element("span", { class: "sign" }), element("b", {}, String(board.counts[colour])), element("span", {}, words(colour))));
    const single = { unit: asked.unit, grid: asked.grid, type: asked.types[0], status: asked.statuses[0] };
    const offers = { unit: board.units, grid: board.grids, type: board.types, status: board.statuses };
    const choices = Object.keys(single).map((name) => choiceOf(name, offers[name], single[name]));
    const set = Object.values(single).some(Boolean) || asked.clocks.length;
    const all = element("button", { class: "button", type: "button", "data-all": "true", hidden: set ? false : "" }, words("all"));
    place.replaceChildren(element("div", { class: "chips", role: "group", "aria-label": words("clocks") }, ...chips), element("div", { class: "choices" }, ...choices, all));
    again();
  }

  function ask(changes) {
    if (asked) setProps("dispatch-asked", { data: { ...asked, ...changes } });
  }

  function showBoard(told) {
    board = told;
    showHead();
    showFilter();
    filtered = JSON.stringify(asked);
    showRows(board.rows);
  }

  // ---- the board before the page stands ------------------------------------------------------------------------------
  function begin() {
    if (!begun()) return;
    const first = JSON.parse(page().dataset.first);
    asked = first.asked;
    showBoard(first.board);
    performance.mark("gisapp-board");
  }

  // The page has come: what was asked for meanwhile is done now, and the keyboard stays where it was.
  function taken() {
    const [name, value] = focused || [];
    if (name && document.activeElement === document.body) part("dispatch-rows").parentNode.querySelector(`[data-${name}="${CSS.escape(value)}"]`)?.focus();
    if (wish) setTimeout(wish, 0);
    focused = wish = null;
  }

  function soon(what) {
    if (stands() && asked && !begun()) return what();
    wish = what;
  }

  // ---- the chosen incident -------------------------------------------------------------------------------------------
  function open(part) {
    if (page().dataset.open === part) return;
    if (part) page().dataset.open = part;
    else delete page().dataset.open;
    window.dispatchEvent(new Event("resize"));
  }

  function choose(code, by) {
    setProps("dispatch-chosen", { data: { code: code || null, by, at: Date.now() } });
  }

  function shut() {
    const before = chosenCode();
    if (page().dataset.open === "intake") {
      window.gisappIntake.leave();
      open(before ? "sheet" : "");
      return;
    }
    if (page().dataset.open === "import") {
      open(before ? "sheet" : "");
      page().querySelector("[data-bulk]")?.focus();
      return;
    }
    choose(null, "shut");
    page().querySelector(`.waiting .row[data-incident="${CSS.escape(before || "")}"]`)?.focus();
  }

  // Where the incidents are drawn: the map's own shapes.
  function placeOf(code, answers) {
    const spec = (answers || []).find((one) => one.name === "waiting");
    const found = spec && spec.shapes.features.find((one) => one.properties.code === code);
    return found ? found.geometry.coordinates : null;
  }

  // ---- one write at a time, so that a double click writes once ---------------------------------------------------------
  function lock(on) {
    clearTimeout(writing);
    writing = on ? setTimeout(() => lock(false), PATIENCE_MS) : 0;
    if (page()) page().dataset.writing = String(on);
  }

  function send(id, deed) {
    if (writing) return false;
    lock(true);
    setProps(id, { data: { ...deed, role: asked.role, at: Date.now() } });
    return true;
  }

  function act(button) {
    const deed = JSON.parse(button.dataset.deed);
    const { ask: fields, title, needs } = button.dataset;
    if (!fields) return send(NEEDS[needs], deed);
    return window.gisappDeeds.inquire(page(), title, JSON.parse(fields), (answers) => send(NEEDS[needs], { ...deed, ...answers }));
  }

  window.gisappDispatch = { words, send, open, choose, mine, asked: () => asked };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.dispatch = {
    choose(click, target, sent, chosen) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      if (trigger === "dispatch-sent") return sent ? { code: sent.code, by: "sent", at: sent.at } : skip();
      if (trigger === "shell-target") return target && target.kind === "incidents" ? { code: target.code, by: "search", at: target.asked } : skip();
      if (!click || window.gisappIntake.clicked(click)) return skip();
      return click.id && click.id !== chosen.code ? { code: click.id, by: "map", at: click.at } : skip();
    },

    list(now, chosen, previewed, target, answers, wanted) {
      asked = wanted;
      if (now && now !== board) showBoard(now);
      if (now) taken();
      window.gisapp.setState({ incident: chosen.code });
      pick(chosen.code, chosen.by === "map" || chosen.by === "sent");
      const trigger = window.dash_clientside.callback_context.triggered.map((one) => one.prop_id).join(" ");
      if (trigger.includes("dispatch-chosen") || (chosen.by === "link" && chosen.code && !page().dataset.open)) {
        if (!(trigger.includes("dispatch-chosen") && chosen.by === "sent")) window.gisappIntake.leave();
        open(chosen.code ? "sheet" : "");
      }
      const elsewhere = trigger.includes("shell-target") && target && target.kind !== "incidents" ? [target.lon, target.lat] : null;
      const typed = trigger.includes("dispatch-previewed") && previewed && previewed.place;
      if (trigger.includes("dispatch-previewed")) window.gisappIntake.found(typed || null);
      const spot = chosen.code && flown !== chosen && chosen.by !== "map" ? placeOf(chosen.code, answers) : null;
      if (spot || chosen.by === "map") flown = chosen;
      const goal = elsewhere || typed || spot;
      return [
        { waiting: chosen.code ? [chosen.code] : [] },
        goal ? { center: goal, zoom: 16 } : skip(),
        goal ? { lng: goal[0], lat: goal[1], at: Date.now() } : skip(),
      ];
    },

    keep(now) {
      asked = now;
      window.gisapp.setState({
        role: mine().roles.length && now.role !== mine().roles[0][0] ? now.role : null, clock: now.clocks.join(","), status: now.statuses.join(","),
        kind: now.types.join(","), unit: now.unit, grid: now.grid,
      });
    },

    // What was asked for last is brought into sight.
    shown(_sheet, clear, said) {
      tick();
      const trigger = window.dash_clientside.callback_context.triggered_id;
      const filled = { "dispatch-clear": clear, "dispatch-told": said };
      if (filled[trigger]) document.getElementById(trigger).scrollIntoView({ block: "nearest" });
    },

    busy(on) {
      if (on === false) lock(false);
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".dispatch :is([data-incident], [data-colour], [data-all], [data-shut], [data-deed], [data-intake], [data-bulk])");
    if (!button) return;
    const { incident, colour } = button.dataset;
    if (incident) {
      pick(incident);
      soon(() => choose(incident, "row"));
    } else if (colour) soon(() => ask({ clocks: asked.clocks.includes(colour) ? asked.clocks.filter((one) => one !== colour) : [...asked.clocks, colour] }));
    else if (button.dataset.all) soon(() => ask({ clocks: [], statuses: [], types: [], unit: "", grid: "" }));
    else if (button.dataset.bulk) soon(() => {
      window.gisappIntake.leave();
      window.gisappImport.enter();
    });
    else if (button.dataset.intake) soon(() => window.gisappIntake.enter());
    else if (button.dataset.deed) act(button);
    else shut();
  });

  document.addEventListener("focusin", ({ target }) => {
    if (begun() && begun().contains(target)) [focused] = Object.entries(target.dataset);
  });

  document.addEventListener("change", ({ target }) => {
    const name = target.dataset && target.dataset.choice;
    if (!name || !target.closest(".dispatch")) return;
    const list = LISTS[name];
    const { value } = target;
    soon(() => ask(list ? { [list]: value ? [value] : [] } : { [name]: value }));
  });

  // n takes a report down, Escape goes back, arrows walk through the rows.
  document.addEventListener("keydown", (event) => {
    if (!page() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && page().dataset.open && !event.isComposing && !event.target.closest(".search")) shut();
    else if (event.key === "n" && !typing && mine().reports) {
      event.preventDefault();
      soon(() => window.gisappIntake.enter());
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches(".waiting .row")) {
      event.preventDefault();
      const item = event.target.parentNode[event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling"];
      item?.firstElementChild.focus();
    }
  });

  begin();
})();
