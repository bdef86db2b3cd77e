// The planner's page in the browser: one chosen grid, shown in the table, on the map and in the address.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;

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
  window.dash_clientside.planner = {
    // The map, the table and the search box each choose a grid; what is chosen already is not chosen again.
    choose(click, rows, target, chosen) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      if (trigger === "shell-target" && target)
        return { grid: target.kind === "grids" ? target.code : chosen.grid, by: "search", at: target.asked };
      const grid = trigger === "planner-map" ? click && click.id : rows && rows[0] && rows[0].code;
      if (trigger === "planner-table" && !grid) return skip();
      return (grid || null) === chosen.grid ? skip() : { grid: grid || null, by: trigger };
    },

    show(chosen, rows, target) {
      const row = (rows || []).find((one) => one.code === chosen.grid);
      const code = row ? row.code : null;
      if (rows && rows.length) window.gisapp.setState({ grid: code });
      for (const bar of document.querySelectorAll(".balance .bar"))
        bar.classList.toggle("chosen", bar.dataset.grid === code);
      const byTable = chosen.by === "planner-table";
      const place = chosen.by === "search" && target && target.kind !== "grids" ? target : null;
      const goal = place || chosen.by === "planner-map" ? null : row ? around(row.bounds) : all(rows, chosen);
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
  };

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
    const bar = event.target.closest(".balance .bar");
    if (bar) window.dash_clientside.set_props("planner-chosen", { data: { grid: bar.dataset.grid, by: "balance" } });
  });
})();
