// The page's own scripts, where a map stands first (dashboards/begun.py): they run when the map is drawn, or soon.
(() => {
  "use strict";
  const SOON_MS = 2500; // after the page was asked for
  let running = false;

  // Scripts that are put in run in their order; returned is when that is done.
  function runs(waiting) {
    const script = document.createElement("script");
    for (const { name, value } of waiting.attributes) if (name !== "type") script.setAttribute(name, value);
    script.async = false;
    script.textContent = waiting.textContent;
    const done = new Promise((resolve) => {
      script.onload = resolve;
      script.onerror = resolve; // as on a page whose script is missing: the others run on
    });
    waiting.replaceWith(script);
    return script.src ? done : undefined;
  }

  async function run() {
    if (running) return;
    running = true;
    const files = [];
    for (const waiting of document.querySelectorAll('script[type="text/later"]')) {
      if (!waiting.src) await Promise.all(files); // what is written in the page runs at once
      files.push(runs(waiting));
    }
    await Promise.all(files);
    window.dispatchEvent(new Event("gisapp-page-runs"));
  }

  window.addEventListener("gisapp-map-ready", run, { once: true });
  document.addEventListener("DOMContentLoaded", () => {
    if (document.getElementById("gm-begun")) setTimeout(run, Math.max(0, SOON_MS - performance.now()));
    else run();
  });
})();
