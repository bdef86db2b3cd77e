// The planner's page in the browser: one chosen grid, shown in the table, on the map and in the address; the plan's shapes.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .planner");
  const APPROVE = "grids.approve";
  const PATIENCE_MS = 60000; // an answer that never came unlocks the buttons; streets are cut out in half a minute
  let flown = null; // the choice that the map went to: rows that come anew do not move it
  let writing = 0;

  // One write at a time, so that a double click writes once.
  function lock(on) {
    clearTimeout(writing);
    writing = on ? setTimeout(() => lock(false), PATIENCE_MS) : 0;
    if (page()) page().dataset.writing = String(on);
  }

  function send(deed, needs) {
    if (writing) return window.gisappPlanner.busy();
    lock(true);
    setProps(needs === APPROVE ? "planner-decide" : "planner-edit", { data: { ...deed, at: Date.now() } });
  }

  function act(button) {
    const deed = JSON.parse(button.dataset.deed);
    const { ask, title, needs } = button.dataset;
    if (!ask) return send(deed, needs);
    window.gisappDeeds.inquire(page(), title, JSON.parse(ask), (answers) => send({ ...deed, ...answers }, needs));
  }

  function look(button) {
    button.closest("details").open = false;
    setProps("planner-plan", { data: button.dataset.plan });
  }

  // A grid with its neighbourhood: one that fills the screen cannot be compared with anything.
  function around([west, south, east, north]) {
    const [x, y] = [(east - west) * 0.6, (north - south) * 0.6];
    return [west - x, south - y, east + x, north + y];
  }

  // Where the map starts when the address names neither a grid nor a view: all grids.
  function all(rows, chosen) {
    if (!rows || !rows.length || chosen.by !== "link" || new URL(location.href).searchParams.has("view")) return null;
    const boxes = rows.map((row) => row.bounds);
    const [low, high] = [(at) => Math.min(...boxes.map((box) => box[at])), (at) => Math.max(...boxes.map((box) => box[at]))];
    return [low(0), low(1), high(2), high(3)];
  }

  window.dash_clientside = window.dash_clientside || {};
  Object.assign((window.dash_clientside.planner = window.dash_clientside.planner || {}), {
    // The map, the table and the search box each choose a grid; what is chosen already is not chosen again.
    choose(click, rows, target, chosen) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      if (trigger === "shell-target" && target)
        return { grid: target.kind === "grids" ? target.code : chosen.grid, by: "search", at: target.asked };
      if (trigger === "planner-map" && click && window.gisappPlanner.clicked(click)) return skip();
      const grid = trigger === "planner-map" ? click && click.id : rows && rows[0] && rows[0].code;
      if (trigger === "planner-table" && !grid) return skip();
      return (grid || null) === chosen.grid ? skip() : { grid: grid || null, by: trigger };
    },

    show(chosen, rows, target) {
      const row = (rows || []).find((one) => one.code === chosen.grid);
      const code = row ? row.code : null;
      if (rows && rows.length) {
        window.gisapp.setState({ grid: code });
        window.gisappPlanner.chosen(code, rows);
      }
      for (const bar of document.querySelectorAll(".balance .bar"))
        bar.classList.toggle("chosen", bar.dataset.grid === code);
      const byTable = chosen.by === "planner-table";
      const place = chosen.by === "search" && target && target.kind !== "grids" ? target : null;
      const known = flown === chosen || chosen.by === "planner-map";
      const goal = place || known ? null : row ? around(row.bounds) : all(rows, chosen);
      if (rows && rows.length) flown = chosen;
      return [
        byTable ? skip() : row ? { ids: [code] } : chosen.by === "link" ? skip() : [],
        byTable || !row ? skip() : { rowId: code, rowPosition: "middle" },
        { deviation: row ? [code] : [] },
        // A place in the map's view wins over its fit: the one that is not meant is taken away.
        place ? { center: [place.lon, place.lat], zoom: 16.5 } : goal ? null : skip(),
        goal || skip(),
        place ? { lng: place.lon, lat: place.lat, at: place.asked } : skip(),
      ];
    },

    // A comparison stands in the place of the plan's colours; comments lie over either.
    answers(specs, moves, said) {
      return [...(moves || specs || []), ...((said && said.specs) || [])];
    },

    // The shapes that came replace those of the same grids; every grid takes the class that it has now.
    draw(drawn, shapes) {
      if (!drawn) return shapes ? {} : skip();
      const had = (!drawn.whole && shapes && shapes.deviation && shapes.deviation.features) || [];
      const fresh = new Set([...drawn.gone, ...drawn.features.map((one) => one.properties.code)]);
      const features = [...had.filter((one) => !fresh.has(one.properties.code)), ...drawn.features].map((one) => (
        { ...one, properties: { ...one.properties, class: drawn.classes[one.properties.code] } }));
      window.gisappPlanner.shapes(features);
      return { deviation: { type: "FeatureCollection", features } };
    },

    keep(shown) {
      if (!shown) return;
      window.gisapp.setState({ plan: shown.plan });
      Object.assign(page().dataset, { plan: shown.plan, version: shown.version || "", status: shown.status || "" });
      window.gisappPlanner.shown(shown);
    },

    busy(on) {
      if (on !== false) return;
      lock(false);
      window.gisappPlanner.free();
    },
  });

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const missing = (value) => value === null || value === undefined;
  functions.planner = {
    count: (value) => (missing(value) ? "–" : Math.round(value).toLocaleString("en")),
    length: (value) =>
      missing(value) ? "–" : value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  };

  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.PlannerDeviation = ({ value, data }) => {
    if (missing(value)) return "–";
    const make = window.React.createElement;
    const text = `${value < 0 ? "−" : "+"}${Math.abs(Math.round(value * 100))}%`;
    const bar = { "--share": Math.max(-1, Math.min(1, value)) };
    return make("span", { className: "deviation" }, [
      make("span", { key: "bar", className: "track" }, make("span", { className: `bar deviation-${data.class}`, style: bar })),
      make("span", { key: "text", className: "text" }, text),
    ]);
  };

  // A grid has exactly one leader; one without or with several is shown as a fault.
  components.PlannerLeader = ({ value, data }) => {
    if (data.leaders === 1) return value;
    return window.React.createElement("span", { className: "badge bad" }, data.leaders ? `×${data.leaders}` : "–");
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".planner :is(.balance .bar, [data-deed], [data-plan])");
    if (!button) return;
    if (button.dataset.grid) setProps("planner-chosen", { data: { grid: button.dataset.grid, by: "balance" } });
    else if (button.dataset.deed) act(button);
    else if (button.dataset.plan !== undefined) look(button);
  });
})();
