// The manager's page in the browser: one filter, which the controls, the histogram, the maps and the ranking change.
(() => {
  "use strict";

  const skip = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .manager");
  const LISTS = ["types", "utilities", "statuses", "channels", "units", "causes"];
  const STEP_MS = 1500; // between two pictures of a period that is played
  const DAY_MS = 86400000;
  let present = null;
  let drawn = null; // what the maps show, as it was asked
  let following = false;
  let playing = 0;

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const day = (moment) => moment.slice(0, 10);

  // Dragging over the weeks chooses whole days between the two ends.
  function dragged(selected) {
    const range = selected && selected.range && selected.range.x;
    return range ? { start: day(range[0]), end: day(range[1]), last: null } : null;
  }

  function bounds(extent) {
    return extent ? [extent.west, extent.south, extent.east, extent.north] : null;
  }

  function change(update) {
    const now = { ...present, ...update };
    if (present && !same(now, present)) setProps("manager-filter", { data: now });
  }

  // ---- a period that moves on by itself ---------------------------------------------------------------------------
  // The window keeps its length and moves by a quarter of it, from the first week of the bars to the last.
  function step() {
    const bars = document.getElementById("manager-days")?.querySelector(".js-plotly-plot");
    const weeks = bars?.data?.[0]?.x;
    if (!weeks || !weeks.length || !present) return stop();
    const last = new Date(`${day(String(weeks[weeks.length - 1]))}T00:00:00Z`).getTime() + 6 * DAY_MS;
    const first = new Date(`${day(String(weeks[0]))}T00:00:00Z`).getTime();
    const shown = page().querySelector(".period strong")?.textContent.match(/\d{4}-\d\d-\d\d/g);
    if (!shown) return stop();
    const [start, end] = shown.map((text) => new Date(`${text}T00:00:00Z`).getTime());
    const length = end - start;
    const by = Math.max(7 * DAY_MS, Math.round(length / 4 / DAY_MS) * DAY_MS);
    const over = end >= last;
    if (over && playing.moved) return stop();
    const from = over ? first : start + by;
    playing.moved = true;
    const iso = (moment) => new Date(moment).toISOString().slice(0, 10);
    return change({ start: iso(from), end: iso(Math.min(from + length, last)), last: null });
  }

  function stop() {
    if (playing) clearInterval(playing.timer);
    playing = 0;
    document.getElementById("manager-play")?.setAttribute("aria-pressed", "false");
  }

  function play() {
    if (playing) return stop();
    playing = { timer: setInterval(step, STEP_MS), moved: false };
    document.getElementById("manager-play").setAttribute("aria-pressed", "true");
    return step();
  }

  // ---- two maps that show the same place --------------------------------------------------------------------------
  function mapOf(id) {
    return document.querySelector(`#${id} .gm-canvas`)?.gisappMap;
  }

  function bind(tries = 40) {
    const [one, other] = [mapOf("manager-map"), mapOf("manager-map-2")];
    if (!one || !other) return tries && setTimeout(() => bind(tries - 1), 150);
    if (other.gisappBound === one) return undefined;
    other.gisappBound = one;
    let moving = false;
    const follow = (from, to) => () => {
      if (moving) return;
      moving = true;
      to.jumpTo({ center: from.getCenter(), zoom: from.getZoom(), bearing: from.getBearing() });
      moving = false;
    };
    one.on("move", follow(one, other));
    other.on("move", follow(other, one));
    follow(one, other)();
    return undefined;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.manager = {
    choose(...given) {
      const old = given.pop();
      const [target, extent, click2, click, selected, compared, size, width, measure, shape, ...lists] = given.reverse();
      const told = window.dash_clientside.callback_context;
      const trigger = told.triggered_id;
      if (trigger === "manager-map" || trigger === "manager-map-2") {
        const moved = told.triggered.some((one) => one.prop_id.endsWith(".extent"));
        if (moved) return following && !same(bounds(extent), old.bounds) ? [{ ...old, bounds: bounds(extent) }, skip()] : [skip(), skip()];
        const at = trigger === "manager-map" ? click : click2;
        return [skip(), at ? { lng: at.lng, lat: at.lat, at: at.at } : skip()];
      }
      const values = { drawn: shape, measure, bandwidth: Number(width), size: Number(size), compared: compared === "none" ? "" : compared };
      LISTS.slice().reverse().forEach((name, at) => { values[name] = lists[at] || []; });
      let update = values;
      if (trigger === "manager-days") update = dragged(selected);
      if (trigger === "shell-target") update = target && target.kind === "grids" ? { place: target.code } : null;
      if (update === values && (values.drawn !== old.drawn || values.size !== old.size)) update = { ...values, place: "" };
      const now = update ? { ...old, ...update } : old;
      if (trigger === "manager-days" && update) stop();
      return [same(now, old) ? skip() : now, skip()];
    },

    keep(now) {
      present = now;
      const beside = Boolean(now.compared) && !now.compared.endsWith("change");
      page().dataset.drawn = now.drawn;
      page().dataset.beside = String(beside);
      for (const button of document.querySelectorAll(".presets button"))
        button.setAttribute("aria-pressed", String(button.dataset.last === String(now.last)));
      const lists = Object.fromEntries(LISTS.map((name) => [name, now[name].join(",") || null]));
      window.gisapp.setState({
        ...lists,
        from: now.start || null,
        to: now.end || null,
        last: now.last === 365 || now.last === null ? null : String(now.last),
        draw: now.drawn === "surface" ? null : now.drawn,
        measure: now.measure === "count" ? null : now.measure,
        bandwidth: String(now.bandwidth),
        size: now.drawn === "hexagons" ? String(now.size) : null,
        compare: now.compared || null,
        place: now.place || null,
      });
      if (beside) bind();
      for (const button of document.querySelectorAll(".rank"))
        button.setAttribute("aria-pressed", String(button.dataset.place === now.place));
      // A place that is looked into draws nothing anew: what is drawn depends on all but it.
      const asked = JSON.stringify({ ...now, place: "" });
      if (drawn !== null && drawn !== asked) setProps("manager-drawn-now", { data: asked });
      drawn = asked;
      const grid = now.place && !now.place.startsWith("@") && !now.place.startsWith("H") ? [now.place] : [];
      return [{ grids: grid }, beside];
    },
  };

  document.addEventListener("click", async (event) => {
    const file = event.target.closest(".manager a[data-file]");
    if (file) {
      const lang = location.pathname.split("/")[1];
      file.href = `/manager.${file.dataset.file}?${location.search.slice(1)}&lang=${lang}`;
      return;
    }
    const button = event.target.closest(".manager button");
    if (!button || !present) return;
    const { last, place, follow, share } = button.dataset;
    if (button.id === "manager-play") play();
    if (last) { stop(); change({ last: Number(last), start: "", end: "" }); }
    if (place !== undefined) change({ place: place === present.place ? "" : place });
    if (follow) {
      following = !following;
      button.setAttribute("aria-pressed", String(following));
      const map = mapOf("manager-map");
      const box = following && map ? map.getBounds() : null;
      change({ bounds: box ? [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()] : null });
    }
    if (share) {
      try { await navigator.clipboard.writeText(location.href); button.textContent = share; } catch { window.prompt("", location.href); }
    }
  });
})();
