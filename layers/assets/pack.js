// Lets the map of a pack be moved, finds what a list names on it, and looks customers up. Text is set as text.
"use strict";

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figure = document.querySelector("#map figure");
  const svg = figure.querySelector("svg");
  const [width, height] = svg.getAttribute("viewBox").split(" ").slice(2).map((part) => Number(part) / 10);
  const PAPER = [680, 470];  // pixels that the drawing has on A4
  const names = [...svg.querySelectorAll(".by"), ...svg.querySelectorAll(".street")];
  const marks = new Map([...svg.querySelectorAll("[data-code]")].map((mark) => [mark.dataset.code, mark]));

  const holder = document.createElement("div");
  holder.id = "map-live";
  figure.before(holder);
  L.Control.Scale.prototype.options.imperial = false;
  const map = L.map(holder, {
    crs: L.CRS.Simple, attributionControl: false, zoomSnap: 0.25, minZoom: -7, maxZoom: 4,
    zoomControl: true, maxBounds: [[-height / 2, -width / 2], [height * 1.5, width * 1.5]],
  });
  const overlay = L.svgOverlay(svg, [[0, 0], [height, width]]);
  L.control.scale().addTo(map);

  const placed = (mark) => {
    const [, x, y, turn] = mark.getAttribute("transform").match(/translate\((-?\d+) (-?\d+)\)(?: rotate\((-?\d+)\))?/);
    return [x / 10, y / 10, ((turn || 0) * Math.PI) / 180];
  };

  // A name as a box on the screen: of a mark at its right, of a street around its middle.
  const boxOf = (name, pixels) => {
    const [x, y, turn] = placed(name.closest(".mark"));
    const long = Number(name.dataset.px), cos = Math.abs(Math.cos(turn)), sin = Math.abs(Math.sin(turn));
    const wide = long * cos + 14 * sin, high = long * sin + 14 * cos;
    const left = x * pixels + (name.matches(".street") ? -wide / 2 : 8);
    return [left, y * pixels - high / 2, left + wide, y * pixels + high / 2];
  };

  // Marks keep their size; lines get thinner when the whole is small; a name shows where there is room for it.
  const fit = (pixels) => {
    svg.style.setProperty("--k", 10 / pixels);
    svg.style.setProperty("--w", Math.min(1, Math.max(0.35, Math.sqrt(pixels * 1.5))));
    const taken = [];
    for (const name of names) {
      const box = boxOf(name, pixels);
      const off = (name.dataset.m / 10) * pixels < name.dataset.px || taken.some((other) =>
        box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      name.classList.toggle("off", off);
      if (!off) taken.push(box);
    }
  };

  let classes = "";
  const live = () => {
    figure.hidden = true;
    holder.hidden = false;
    svg.setAttribute("class", classes || "drawing live");
    overlay.addTo(map);
    map.invalidateSize(false);
  };

  // On paper the whole drawing stands as it is, in its own scale.
  const still = () => {
    overlay.remove();
    classes = svg.getAttribute("class");
    svg.setAttribute("class", "drawing");
    svg.removeAttribute("style");
    fit(Math.min(PAPER[0] / width, PAPER[1] / height));
    figure.append(svg);
    figure.hidden = false;
    holder.hidden = true;
  };

  map.on("zoomend viewreset", () => fit(2 ** map.getZoom()));
  live();
  const [west, south, east, north] = svg.dataset.focus.split(" ").map(Number);
  map.fitBounds([[south, west], [north, east]]);
  fit(2 ** map.getZoom());
  window.addEventListener("beforeprint", still);
  window.addEventListener("afterprint", () => { live(); fit(2 ** map.getZoom()); });

  const rows = new Map();
  const pick = (code) => {
    document.querySelectorAll(".on").forEach((part) => part.classList.remove("on"));
    marks.get(code)?.classList.add("on");
    rows.get(code)?.classList.add("on");
  };

  for (const cell of document.querySelectorAll("section td")) {
    const code = cell.textContent;
    if (!marks.has(code)) continue;
    if (!rows.has(code)) rows.set(code, cell.parentElement);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = code;
    button.addEventListener("click", () => {
      pick(code);
      const [x, y] = placed(marks.get(code));
      map.setView([height - y, x], Math.max(map.getZoom(), 1));
      holder.scrollIntoView({ block: "nearest" });
    });
    cell.replaceChildren(button);
  }
  // On a phone a row of many cells is a card, and each cell says what it is.
  for (const table of document.querySelectorAll("section > table")) {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    if (heads.length > 3) table.classList.add("cards");
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, at) => { cell.dataset.head = heads[at]; });
    }
  }
  svg.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-code]");
    if (!mark) return;
    pick(mark.dataset.code);
    rows.get(mark.dataset.code)?.scrollIntoView({ block: "nearest" });
  });

  const field = document.querySelector("#customers input");
  if (!field) return;
  const { buildings, ways, customers } = read("pack-customers");
  const words = read("pack-words");
  const table = document.querySelector("#customers table");
  const told = document.querySelector("#customers p");
  const most = 100;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    const found = wanted === "" ? [] : customers.filter(([account, home]) =>
      account.endsWith(wanted) || (home >= 0 && `${buildings[home][0]} ${buildings[home][1]} ${buildings[home].join("")}`.toLowerCase().includes(wanted)));
    table.hidden = found.length === 0;
    table.tBodies[0].replaceChildren(...found.slice(0, most).map(([account, home, households, way]) => {
      const row = document.createElement("tr");
      for (const text of [account, ...(home < 0 ? ["", ""] : buildings[home]), households, ways[way]]) {
        row.insertCell().textContent = text;
      }
      return row;
    }));
    told.textContent = wanted === "" ? "" : found.length === 0 ? words.customers_none
      : found.length > most ? words.customers_more.replace("{count}", found.length - most) : "";
  });
})();
