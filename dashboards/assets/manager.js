// The manager's page in the browser: one filter, which the controls, the histogram, the map and the ranking change.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  let present = null;

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const day = (moment) => moment.slice(0, 10);

  // Dragging over the weeks chooses whole days between the two ends.
  function dragged(selected) {
    const range = selected && selected.range && selected.range.x;
    return range ? { from: day(range[0]), to: day(range[1]), last: null } : null;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.manager = {
    choose(types, bandwidth, selected, click, target, old) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      const updates = {
        "manager-types": () => ({ types: types || [] }),
        "manager-bandwidth": () => ({ bandwidth: Number(bandwidth) }),
        "manager-days": () => dragged(selected),
        "manager-map": () => click && { grid: click.layer === "grids" && click.id !== old.grid ? click.id : null },
        "shell-target": () => target && target.kind === "grids" && { grid: target.code },
      };
      const update = updates[trigger] && updates[trigger]();
      const now = update ? { ...old, ...update } : old;
      return same(now, old) ? skip() : now;
    },

    keep(now) {
      present = now;
      for (const button of document.querySelectorAll(".presets button"))
        button.setAttribute("aria-pressed", String(button.dataset.last === String(now.last)));
      window.gisapp.setState({
        types: now.types.join(",") || null,
        from: now.from,
        to: now.to,
        bandwidth: now.bandwidth,
        grid: now.grid,
      });
      return { grids: now.grid ? [now.grid] : [] };
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".manager button[data-last], .manager button[data-grid]");
    if (!button || !present) return;
    const { last, grid } = button.dataset;
    const update = last ? { last: Number(last), from: null, to: null } : { grid: grid === present.grid ? null : grid };
    window.dash_clientside.set_props("manager-filter", { data: { ...present, ...update } });
  });
})();
