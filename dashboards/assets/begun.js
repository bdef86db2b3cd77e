// The scripts of a page where a map stands first (dashboards/begun.py): those of the map run when its pictures are seen,
// the page's own when the map is drawn, or soon.
(() => {
  "use strict";
  const SEEN_MS = 800; // both after the page was asked for
  const SOON_MS = 2500;
  const root = document.documentElement;
  const frame = document.querySelector("#gm-begun .gm");
  let running = false;

  // Light or dark from the first picture on, as shell.js says it later.
  const dark = root.dataset.scheme === "dark"
    || (root.dataset.scheme === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.shown = dark ? "dark" : "light";
  if (frame) frame.dataset.theme = root.dataset.shown;

  function at(ms) {
    return new Promise((resolve) => { setTimeout(resolve, Math.max(0, ms - performance.now())); });
  }

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

  async function all(group) {
    const files = [];
    for (const waiting of document.querySelectorAll(`script[type="text/${group}"]`)) {
      if (!waiting.src) await Promise.all(files); // what is written in the page runs at once
      files.push(runs(waiting));
    }
    await Promise.all(files);
  }

  function fetched(group) {
    for (const { src } of document.querySelectorAll(`script[type="text/${group}"]`)) {
      const link = document.createElement("link");
      if (src) document.head.append(Object.assign(link, { rel: "preload", as: "script", fetchPriority: "low", href: src }));
    }
  }

  async function seen() {
    const pictures = [...document.querySelectorAll(".gm-picture img")];
    await Promise.all(pictures.map((one) => one.decode().catch(() => {}))); // one that fails keeps nobody waiting
    if (pictures.length) await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
  }

  const parsed = new Promise((resolve) => { document.addEventListener("DOMContentLoaded", resolve); });
  const map = parsed.then(() => Promise.race([seen(), at(SEEN_MS)])).then(() => {
    fetched("later");
    return all("map");
  });

  async function run() {
    if (running) return;
    running = true;
    await map;
    await all("later");
    window.dispatchEvent(new Event("gisapp-page-runs"));
  }

  window.addEventListener("gisapp-map-ready", run, { once: true });
  parsed.then(() => (frame ? at(SOON_MS) : undefined)).then(run);
})();
