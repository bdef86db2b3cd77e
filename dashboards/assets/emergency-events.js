// The event of the commander's page: its side of the panel, and the place on the map where one is declared.
(() => {
  "use strict";

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .emergency");
  const map = () => document.querySelector("#emergency-map .gm-canvas")?.gisappMap;
  let shown = null; // the case whose side was chosen
  let pointing = null; // what to do with the place that is pointed at

  // ---- the two sides of the panel ------------------------------------------------------------------------------------
  function side(name) {
    page().dataset.side = name;
    mark();
  }

  function mark() {
    for (const button of page()?.querySelectorAll("[data-side].side") || [])
      button.setAttribute("aria-selected", String(button.dataset.side === page().dataset.side));
  }

  function keep(now) {
    const alone = Boolean(now.event) && !now.code && !now.bursts.length;
    const is = `${now.code}#${now.event}`;
    page().dataset.alone = String(alone);
    if (is !== shown || !page().dataset.side) side(now.event ? "event" : "valves");
    shown = is;
  }

  // ---- pointing at a place: a click, or Enter for the middle of the map -------------------------------------------------
  function point(then) {
    stop();
    const hint = document.createElement("p");
    Object.assign(hint, { className: "pointing", textContent: window.gisappEmergency.words("pointing") });
    hint.setAttribute("role", "status");
    page().querySelector(".stage").append(hint);
    pointing = { then, hint };
    setProps("emergency-map", { cursor: "crosshair" });
    document.activeElement?.blur();
  }

  function stop() {
    pointing?.hint.remove();
    pointing = null;
  }

  function pointed(place) {
    if (!pointing || !place) return false;
    const { then } = pointing;
    stop();
    then({ lng: place.lng, lat: place.lat });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (!pointing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Escape") stop();
    else if (window.gisappMapLiving.stands && map() && !map().isMoving()) pointed(map().getCenter());
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".emergency button");
    if (!button) return;
    const { side: name, event: code, shutoff, of, lng, lat } = button.dataset;
    const { change, EMPTY } = window.gisappEmergency;
    if (name) side(name);
    if (code) change({ ...EMPTY, event: code, code: shutoff, ...(of ? { utility: of } : {}) });
    if (!lng) return;
    const place = [Number(lng), Number(lat)];
    if (map() && !map().getBounds().contains(place)) setProps("emergency-map", { view: { center: place } });
    setProps("emergency-map", { flash: { lng: place[0], lat: place[1], at: Date.now() } });
  });

  window.dash_clientside = window.dash_clientside || {};
  Object.assign((window.dash_clientside.emergency = window.dash_clientside.emergency || {}), {
    asksEvent(asked, before) {
      const now = `${asked.code}#${asked.event}`;
      return now === before ? window.dash_clientside.no_update : now;
    },

    sides() {
      setTimeout(mark, 60); // once they stand
    },
  });

  window.gisappEvents = { keep, point, pointed };
})();
