// The commander's page in the browser: what is asked stands in the address; lists and map point at one another.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .emergency");
  const map = () => document.querySelector("#emergency-map .gm-canvas")?.gisappMap;
  const EMPTY = { bursts: [], stuck: [], opened: "", code: "", event: "", adding: false };

  let present = null; // the case as it stands now
  let chosen = null; // the valve that is chosen in the list
  let places = new Map(); // where the valves, candidates and critical users of the answer are drawn
  let figures = { of: "", told: new Map() };

  function words(key, values = {}) {
    const said = JSON.parse(page().dataset.words)[key] || "";
    return said.replace(/{(\w+)}/g, (_, name) => (name in values ? values[name] : ""));
  }

  function change(update) {
    if (present) setProps("emergency-case", { data: { ...present, ...update } });
  }

  // ---- lists and map ---------------------------------------------------------------------------------------------
  // A row is chosen: its sign on the map lights up, and the map moves there when it is out of sight.
  function choose(code, layer = "shutoff_valves") {
    chosen = layer === "shutoff_valves" ? code : chosen;
    mark();
    setProps("emergency-map", { highlight: { [layer]: code ? [code] : [] } });
    const place = places.get(`${layer}:${code}`);
    if (!place || !map()) return;
    const [lng, lat] = place;
    if (!map().getBounds().contains(place)) setProps("emergency-map", { view: { center: place } });
    setProps("emergency-map", { flash: { lng, lat, at: Date.now() } });
  }

  function mark() {
    for (const row of document.querySelectorAll(".emergency .valves li"))
      row.classList.toggle("chosen", row.id === `valve-${chosen}`);
    document.getElementById(`valve-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }

  function pickRow(selector) {
    const row = document.querySelector(selector)?.closest("li");
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.classList.add("changed");
    setTimeout(() => row.classList.remove("changed"), 2400);
  }

  function fromMap(click) {
    if (click.layer === "shutoff_valves") choose(click.id);
    if (click.layer === "shutoff_candidates") pickRow(`[data-open="${click.id}"]`);
    if (click.layer !== "shutoff_critical") return;
    pickRow(`[data-customer="${click.id}"]`);
    setProps("emergency-customers", { selectedRows: { ids: [click.id] }, scrollTo: { rowId: click.id } });
  }

  // On a phone the page scrolls under the map and the list of sections, which stay.
  function jumpTo(section) {
    if (!section) return;
    const stage = document.querySelector("#shell-page .emergency .stage");
    const under = page().getBoundingClientRect().top + parseFloat(getComputedStyle(stage).top) + stage.offsetHeight;
    page().scrollBy({ top: section.getBoundingClientRect().top - under - 8, behavior: "smooth" });
  }

  // ---- what changed is said, and shown for a moment ----------------------------------------------------------------
  function told(mark) {
    const of = present.code || present.utility + present.bursts;
    const now = new Map();
    const changes = figures.mark === mark ? figures.changes : []; // an answer comes in two parts
    const before = changes.length;
    for (const part of document.querySelectorAll(".emergency [data-figure]")) {
      const name = part.dataset.figure;
      const text = (part.querySelector("b, dd") || part).textContent;
      const old = figures.of === of ? figures.told.get(name) : undefined;
      now.set(name, text);
      if (old === undefined || old === text) continue;
      changes.push(words("changed", { name, old, new: text }));
      part.classList.add("changed");
      setTimeout(() => part.classList.remove("changed"), 4000);
    }
    figures = { of, told: now, mark, changes };
    if (changes.length > before) document.getElementById("emergency-said").textContent = changes.join("; ");
  }

  function tick() {
    for (const part of document.querySelectorAll(".emergency [data-since]")) {
      const until = part.dataset.until ? new Date(part.dataset.until) : new Date();
      const seconds = Math.max(0, Math.floor((until - new Date(part.dataset.since)) / 1000));
      const two = (value) => String(value).padStart(2, "0");
      const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
      const days = Math.floor(seconds / 86400);
      part.textContent = days ? words("days", { days, clock }) : clock;
    }
  }
  setInterval(tick, 1000);

  window.dash_clientside = window.dash_clientside || {};
  Object.assign((window.dash_clientside.emergency = window.dash_clientside.emergency || {}), {
    // A click on a pipe, or a pipe found by the search box, is the burst; with "add another" it joins the others.
    // Where along the pipe a click was, the server says. While a record is open nothing leads away from it.
    choose(click, target, old) {
      const found = window.dash_clientside.callback_context.triggered_id === "shell-target";
      if (!found && window.gisappEvents.pointed(click)) return [skip(), skip()];
      if (found ? !target || target.kind !== "links" : !click || !click.layer || !click.id) return [skip(), skip()];
      const pipe = found || click.layer.startsWith("links_") || click.layer === "shutoff_links";
      if (!pipe) fromMap(click);
      if (!pipe || old.event && !old.code || (old.code && (found || !old.adding))) return [skip(), skip()];
      const utility = found ? target.utility : old.utility;
      const code = found ? target.code : click.id;
      const joins = old.adding && utility === old.utility;
      const others = joins ? old.bursts.filter((one) => one.split("@")[0] !== code) : [];
      const kept = { ...EMPTY, code: old.code, utility, bursts: others, stuck: joins ? old.stuck : [] };
      if (found) return [{ ...kept, bursts: [...others, code] }, skip()];
      return [skip(), { case: kept, code, lng: click.lng, lat: click.lat, zoom: map()?.getZoom() || 0, at: click.at }];
    },

    keep(now) {
      if (!present || now.code !== present.code || String(now.bursts) !== String(present.bursts)) chosen = null;
      present = now;
      page().dataset.idle = String(!now.bursts.length && !now.code);
      page().dataset.record = String(Boolean(now.code));
      window.gisappEvents.keep(now);
      for (const button of document.querySelectorAll(".utility"))
        button.setAttribute("aria-pressed", String(button.dataset.utility === now.utility));
      for (const button of document.querySelectorAll("[data-case=adding]"))
        button.setAttribute("aria-pressed", String(now.adding));
      window.gisapp.setState({
        shutoff: now.code, event: now.event, opened: now.opened, utility: now.code ? null : now.utility,
        pipe: now.code ? null : now.bursts.join(","), stuck: now.code ? null : now.stuck.join(","),
      });
      if (now.code && now.bursts.length) { // another burst of the operation was clicked
        change({ bursts: [] });
        window.gisappWrites.join(now.code, now.bursts[0]);
      }
      return (now.code || now.event) && !now.adding ? "" : "crosshair";
    },

    told(answerMark, _rows, answers) {
      places = new Map();
      for (const spec of answers || [])
        for (const feature of spec.kind === "point" ? spec.shapes.features : [])
          places.set(`${spec.name}:${feature.properties.code}`, feature.geometry.coordinates);
      setTimeout(() => { if (present) { mark(); told(answerMark); tick(); } }, 60); // once the parts stand
    },

    point(rows) {
      const row = rows && rows[0];
      return row && row.lon !== null ? { lng: row.lon, lat: row.lat, at: Date.now() } : skip();
    },

    within(all, wanted, extent) {
      const rows = all || [];
      const inside = (row) => (
        row.lon >= extent.west && row.lon <= extent.east && row.lat >= extent.south && row.lat <= extent.north);
      const shown = wanted && extent ? rows.filter(inside) : rows;
      return [shown, shown.length === rows.length ? ` ${rows.length}` : ` ${shown.length} / ${rows.length}`];
    },
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".emergency button");
    if (!button || !present) return;
    const { utility, stuck, free, valve, customer, open, record, of, jump, within } = button.dataset;
    const asked = button.dataset.case;
    if (utility && (utility !== present.utility || present.code)) change({ ...EMPTY, utility });
    if (stuck) change({ stuck: [...present.stuck, stuck], opened: "" });
    if (free) change({ stuck: present.stuck.filter((one) => one !== free), opened: "" });
    if (open) change({ opened: open === present.opened ? "" : open });
    if (record) change({ ...EMPTY, code: record, utility: of });
    if (asked === "adding") change({ adding: !present.adding });
    if (asked === "clear" || asked === "back") change(EMPTY);
    if (valve) choose(valve);
    if (customer) choose(customer, "shutoff_critical");
    if (within) {
      const wanted = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(wanted));
      setProps("emergency-within", { data: wanted });
    }
    if (button.dataset.pressure) {
      const below = button.closest(".pressure-ask")?.querySelector("input")?.value;
      setProps("emergency-pressure-asked", { data: { do: button.dataset.pressure, below, at: Date.now() } });
    }
    if (jump) jumpTo(document.getElementById(jump));
  });

  window.gisappEmergency = { words, change, choose, EMPTY, case: () => present, chosen: () => chosen };
})();
