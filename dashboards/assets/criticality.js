// The page of critical mains in the browser: which table, what is chosen in it or on the map; both in the address.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  let asked = null; // what is shown now, for the buttons of the panel
  let chosen = null;

  function press() {
    for (const button of document.querySelectorAll(".criticality .utility"))
      button.setAttribute("aria-pressed", String(button.dataset.utility === asked.utility));
  }

  function keep() {
    window.gisapp.setState({ utility: asked.utility, table: asked.table, code: chosen && chosen.kind !== "link" ? chosen.code : null });
  }

  const nothing = (now, by) => ({ utility: now.utility, kind: now.table.slice(0, -1), code: null, by });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.criticality = {
    // The rows come packed by columns, for a city has tens of thousands of them.
    async load(now, _version, columns) {
      asked = now;
      press();
      const answer = await fetch(`/criticality/rows.json?${new URLSearchParams(now)}`);
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      const { columns: names, data } = await answer.json();
      const rows = data.map((values) => Object.fromEntries(names.map((name, at) => [name, values[at]])));
      return [columns[now.utility][now.table], rows];
    },

    // The map, the table and the search box each choose; what is chosen already is not chosen again.
    choose(click, rows, target, old, now, found) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      const pick = (kind, code, utility) => {
        const next = { utility, kind, code, by: trigger };
        const table = kind === "device" ? "devices" : "segments";
        const same = utility === now.utility && table === now.table;
        return [next, same ? skip() : { utility, table }];
      };
      if (trigger === "shell-target") {
        if (!target || !["links", "devices"].includes(target.kind)) return [skip(), skip()];
        return pick(target.kind.slice(0, -1), target.code, target.utility);
      }
      if (trigger === "criticality-map") {
        if (!click) return [skip(), skip()];
        if (!click.id) return old.code ? [nothing(now, trigger), skip()] : [skip(), skip()];
        return pick(click.layer.includes("_devices_") ? "device" : "link", click.id, now.utility);
      }
      const code = rows && rows[0] && rows[0].code;
      if (!code || (old.code && found && code === found.row)) return [skip(), skip()];
      return pick(now.table.slice(0, -1), code, now.utility);
    },

    show(found, rows, now, picked) {
      chosen = picked;
      if (asked) keep();
      if (!found || found.table !== now.table || !(rows || []).some((row) => row.code === found.row)) return [[], skip()];
      const byTable = found.by === "criticality-table";
      return [byTable ? skip() : { ids: [found.row] }, byTable ? skip() : { rowId: found.row, rowPosition: "middle" }];
    },
  };

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const number = (value, digits) =>
    value === null || value === undefined
      ? "–"
      : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  functions.criticality = { count: (value) => number(value, 0), length: (value) => number(value, 2) };

  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.CriticalityIsolates = ({ value, context }) =>
    window.React.createElement("span", { className: value ? "quiet" : "badge warn" }, value ? context.yes : context.no);

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".criticality button");
    if (!button || !asked) return;
    const { utility, table } = button.dataset;
    const next = { utility: utility || asked.utility, table: table || asked.table };
    if (next.utility === asked.utility && next.table === asked.table) return;
    window.dash_clientside.set_props("criticality-chosen", { data: nothing(next, "button") });
    window.dash_clientside.set_props("criticality-asked", { data: next });
  });
})();
