// The commander's page by keyboard: number keys and arrows walk the valves, Enter is done, X is cannot close, Esc goes back.
(() => {
  "use strict";

  const rows = () => [...document.querySelectorAll(".emergency .valves li")];
  const elsewhere = "input, textarea, select, dialog, [contenteditable], .ag-root-wrapper, .maplibregl-map";

  function walk(to) {
    const row = rows()[to];
    if (!row) return;
    window.gisappEmergency.choose(row.id.slice("valve-".length));
    row.querySelector(".row").focus({ preventScroll: true });
  }

  function present() {
    return rows().findIndex((row) => row.id === `valve-${window.gisappEmergency.chosen()}`);
  }

  function press(selector) {
    const button = rows()[present()]?.querySelector(selector);
    if (button) button.click();
    return Boolean(button);
  }

  function back() {
    const { change, choose, chosen } = window.gisappEmergency;
    const now = window.gisappEmergency.case();
    if (now.opened) change({ opened: "" });
    else if (now.adding) change({ adding: false });
    else if (chosen()) choose(null);
    return true;
  }

  function answer(event) {
    const { key } = event;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (/^[1-9]$/.test(key)) walk(Number(key) - 1);
    else if (step && rows().length) walk(Math.min(Math.max(present() + step, 0), rows().length - 1));
    else if (key === "Enter" && event.target.closest(".valves .row")) return press(".closed");
    else if (key === "x" || key === "X") return press("[data-stuck], .could_not_close");
    else if (key === "Escape") return back();
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("#shell-page .emergency") || !window.gisappEmergency.case()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(elsewhere)) return;
    if (answer(event)) event.preventDefault();
  });
})();
