// The commander's page in the browser: what burst, which valves cannot be closed; both stand in the address.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  let present = null; // the case as it stands now, for the buttons of the panel

  function change(update) {
    if (present) window.dash_clientside.set_props("emergency-case", { data: { ...present, ...update } });
  }

  function show(code) {
    for (const row of document.querySelectorAll(".valves li")) row.classList.toggle("chosen", row.id === `valve-${code}`);
    const row = document.getElementById(`valve-${code}`);
    if (row) row.scrollIntoView({ block: "nearest" });
    window.dash_clientside.set_props("emergency-map", { highlight: { shutoff_valves: code ? [code] : [] } });
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.emergency = {
    // A click on a pipe, or a pipe found by the search box, is the burst; with "add another" it joins the others.
    choose(click, target, old) {
      const trigger = window.dash_clientside.callback_context.triggered_id;
      const found = trigger === "shell-target";
      if (found && (!target || target.kind !== "links")) return skip();
      if (!found && (!click || !click.layer || !click.id)) return skip();
      if (!found && click.layer === "shutoff_valves") {
        show(click.id);
        return skip();
      }
      const utility = found ? target.utility : old.utility;
      const code = found ? target.code : click.id;
      const joins = old.adding && utility === old.utility;
      const bursts = joins ? [...old.bursts.filter((one) => one !== code), code] : [code];
      return { utility, bursts, stuck: joins ? old.stuck : [], adding: false };
    },

    keep(now, utility) {
      present = now;
      document.querySelector(".emergency").dataset.idle = String(!now.bursts.length);
      for (const button of document.querySelectorAll(".utility"))
        button.setAttribute("aria-pressed", String(button.dataset.utility === now.utility));
      window.gisapp.setState({
        utility: now.utility,
        pipe: now.bursts.join(",") || null,
        stuck: now.stuck.join(",") || null,
      });
      return now.utility === utility ? skip() : now.utility;
    },

    point(rows) {
      const row = rows && rows[0];
      return row && row.lon !== null ? { lng: row.lon, lat: row.lat, at: Date.now() } : skip();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".emergency button");
    if (!button || !present) return;
    const { utility, stuck, free, valve } = button.dataset;
    if (utility && utility !== present.utility) change({ utility, bursts: [], stuck: [], adding: false });
    if (stuck) change({ stuck: [...present.stuck, stuck] });
    if (free) change({ stuck: present.stuck.filter((one) => one !== free) });
    if (button.dataset.case === "adding") change({ adding: !present.adding });
    if (button.dataset.case === "clear") change({ bursts: [], stuck: [], adding: false });
    if (valve) show(valve);
  });
})();
