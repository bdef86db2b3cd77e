/* Signs for what stands on a network, so that shape and not only colour tells a valve from an incident.
   Each is a signed distance field, which the map can draw in any colour, size and rim. */
(function () {
  "use strict";

  const SIDE = 56; // texture pixels, two to a screen pixel
  const REACH = 16;
  const STRIPES = 16;
  const PATHS = {
    valve: ["M8 14 28 28 8 42Z", "M48 14 28 28 48 42Z"],
    switch: ["M13 13H43V43H13Z"],
    pump: ["M28 9A19 19 0 1 1 27.9 9Z M22 18V38L39 28Z"],
    regulator: ["M28 8 48 44H8Z"],
    hydrant: ["M28 8 46 28 28 48 10 28Z"],
    source: ["M8 26 28 8 48 26V46H8Z"],
  };
  const SIGNS = {
    pump: "pump", regulator: "regulator", breaker: "switch", switch: "switch", open_point: "switch", fuse: "switch",
  };

  function mask(name) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    for (const path of PATHS[name]) pen.fill(new Path2D(path), "evenodd");
    const { data } = pen.getImageData(0, 0, SIDE, SIDE);
    return Array.from({ length: SIDE * SIDE }, (_, at) => data[4 * at + 3] > 127);
  }

  // The distance to the nearest pixel on the other side, looked for one square around each pixel: small enough.
  function distance(inside, x, y) {
    const own = inside[y * SIDE + x];
    let best = REACH * REACH;
    for (let v = Math.max(0, y - REACH); v < Math.min(SIDE, y + REACH); v += 1) {
      for (let u = Math.max(0, x - REACH); u < Math.min(SIDE, x + REACH); u += 1) {
        if (inside[v * SIDE + u] !== own) best = Math.min(best, (u - x) ** 2 + (v - y) ** 2);
      }
    }
    return (Math.sqrt(best) - 0.5) * (own ? -1 : 1);
  }

  function image(name) {
    const inside = mask(name);
    const data = new Uint8ClampedArray(4 * SIDE * SIDE);
    for (let at = 0; at < SIDE * SIDE; at += 1) {
      data[4 * at + 3] = 255 - 255 * (distance(inside, at % SIDE, Math.floor(at / SIDE)) / REACH + 0.25);
    }
    return { width: SIDE, height: SIDE, data };
  }

  // Slanted stripes that meet at the edges of the picture, to fill what is only partly so.
  function stripes(colour) {
    const rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    const data = new Uint8ClampedArray(4 * STRIPES * STRIPES);
    for (let at = 0; at < STRIPES * STRIPES; at += 1) {
      const on = ((at % STRIPES) + Math.floor(at / STRIPES)) % STRIPES < STRIPES / 3;
      if (on) data.set([...rgb, 255], 4 * at);
    }
    return { width: STRIPES, height: STRIPES, data };
  }

  function supply(map) {
    map.on("styleimagemissing", ({ id }) => {
      const stripe = id.match(/^gm-stripes-(#\w{6})$/);
      if (stripe && !map.hasImage(id)) map.addImage(id, stripes(stripe[1]), { pixelRatio: 2 });
      const name = id.replace(/^gm-/, "");
      if (PATHS[name] && !map.hasImage(id)) map.addImage(id, image(name), { sdf: true, pixelRatio: 2 });
    });
  }

  function sign(table) {
    if (table === "hydrants") return "gm-hydrant";
    if (table === "nodes") return "gm-source";
    if (table !== "devices") return null;
    return ["match", ["to-string", ["get", "kind"]], ...Object.entries(SIGNS).flatMap(([kind, name]) => [kind, `gm-${name}`]), "gm-valve"];
  }

  window.gisappMapIcons = { supply, sign, PATHS };
})();
