// Draws the packed layers of an offline map with Leaflet. Text is set as text, never as markup.
"use strict";

const gisapp = (() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const words = read("gisapp-words");
  const groups = [];

  L.Control.Zoom.prototype.options.zoomInTitle = words.zoom_in;
  L.Control.Zoom.prototype.options.zoomOutTitle = words.zoom_out;
  L.Control.Scale.prototype.options.imperial = false;

  // A chain of whole steps of 1e-7 degree, the first from the origin, each other from the one before.
  const unpack = (flat, origin) => {
    const places = [];
    let x = 0, y = 0;
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      places.push([origin[1] + y / 1e7, origin[0] + x / 1e7]);
    }
    return places;
  };

  const nested = (part, origin) =>
    typeof part[0] === "number" ? unpack(part, origin) : part.map((inner) => nested(inner, origin));

  const pick = (column, row) => ("index" in column ? column.values[column.index[row]] : column.values[row]);

  const told = (columns, row) => {
    const table = document.createElement("table");
    for (const column of columns) {
      const text = pick(column, row);
      if (text === "") continue;
      const line = table.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = column.heading;
      line.append(head);
      line.insertCell().textContent = text;
    }
    return table;
  };

  const shape = (layer, row, origin, renderer) => {
    const colour = pick(layer.colour, row);
    const width = pick(layer.width, row);
    const options = { renderer, interactive: layer.popup.length > 0, color: colour, weight: width };
    const places = nested(layer.shapes[row], origin);
    if (layer.kind === "line") {
      return L.polyline(places, { ...options, opacity: layer.opacity, dashArray: layer.dashed ? "6 4" : null });
    }
    options.fillColor = colour;
    options.fillOpacity = layer.opacity;
    options.color = layer.outline || colour;
    options.stroke = layer.outline !== null;
    if (layer.kind === "polygon") return L.polygon(places, options);
    return L.circleMarker(places[0], { ...options, radius: width, weight: 1.2 });
  };

  // A number of one or two digits stands in its mark, anything longer beside it.
  const label = (text, drawn, kind) => {
    const place = kind === "point" ? drawn.getLatLng() : drawn.getBounds().getCenter();
    const side = kind === "point" && (text.length > 2 || drawn.getRadius() < 8) ? "right" : "center";
    const node = document.createElement("span");
    node.textContent = text;
    return L.tooltip(place, {
      content: node, permanent: true, direction: side, className: `gisapp-label gisapp-${kind}-${side}`,
      opacity: 1, offset: side === "right" ? [6, 0] : [0, 0],
    });
  };

  // Layers and their labels come and go with the zoom; their order is that of the list.
  const restack = (map) => {
    for (const one of groups) {
      for (const [inner, from] of [[one.shapes, one.minZoom], [one.labels, one.labelZoom]]) {
        const wanted = map.getZoom() >= from;
        if (wanted !== one.group.hasLayer(inner)) wanted ? one.group.addLayer(inner) : one.group.removeLayer(inner);
      }
    }
    for (const one of groups) {
      if (map.hasLayer(one.group) && one.group.hasLayer(one.shapes)) one.shapes.bringToFront();
    }
  };

  // Lines and dots shrink with the scale, so that a whole city is still a map; marks with a number stay.
  const thin = (map) => {
    const share = Math.min(1, Math.max(0.4, 2 ** ((map.getZoom() - 15) / 2)));
    for (const one of groups) {
      if (one.kind === "polygon" || one.share === share) continue;
      one.share = share;
      one.shapes.eachLayer((drawn) => {
        if (one.kind === "line") drawn.setStyle({ weight: drawn.gisappWidth * share });
        else if (drawn.gisappWidth < 8) drawn.setRadius(drawn.gisappWidth * share);
      });
    }
  };

  // Of labels that would overlap, the one of the higher layer is shown; numbers in marks always are.
  const declutter = (map) => {
    const taken = [];
    for (const one of [...groups].reverse()) {
      if (!map.hasLayer(one.group) || !one.group.hasLayer(one.labels)) continue;
      one.labels.eachLayer((tip) => {
        const node = tip.getElement();
        if (!node) return;
        const box = node.getBoundingClientRect();
        const hit = !node.classList.contains("gisapp-point-center") && taken.some((other) =>
          box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top);
        node.style.visibility = hit ? "hidden" : "visible";
        if (!hit) taken.push(box);
      });
    }
  };

  const refresh = (map) => {
    restack(map);
    thin(map);
    declutter(map);
  };

  const draw = (map, group, id, pane) => {
    const layer = read(id);
    map.gisappCanvas ||= {};
    const renderer = (map.gisappCanvas[pane] ||= L.canvas({ padding: 0.3, pane: pane || "overlayPane" }));
    const shapes = L.featureGroup(), labels = L.layerGroup();
    layer.shapes.forEach((_, row) => {
      const drawn = shape(layer, row, layer.origin, renderer);
      drawn.gisappWidth = pick(layer.width, row);
      if (layer.popup.length) drawn.bindPopup(() => told(layer.popup, row), { maxWidth: 320 });
      shapes.addLayer(drawn);
      const text = layer.label ? pick(layer.label, row) : "";
      if (text !== "") labels.addLayer(label(text, drawn, layer.kind));
    });
    const labelZoom = Math.max(layer.minZoom, layer.labelZoom);
    groups.push({ group, shapes, labels, kind: layer.kind, share: 1, minZoom: layer.minZoom, labelZoom });
  };

  // Panes below the shapes: what lies under a picture, and pictures.
  const begin = (map) => {
    map.createPane("under").style.zIndex = 350;
    map.createPane("picture").style.zIndex = 360;
    map.getPane("picture").style.pointerEvents = "none";
    map.getContainer().setAttribute("role", "region");
    map.getContainer().setAttribute("aria-label", document.title);
  };

  const ready = (map) => {
    refresh(map);
    map.on("zoomend overlayadd overlayremove", () => refresh(map));
    const toggle = document.querySelector(".leaflet-control-layers-toggle");
    if (toggle) {
      toggle.title = words.layers;
      toggle.setAttribute("aria-label", words.layers);
    }
    if (window.innerWidth < 700) document.querySelectorAll("details").forEach((part) => { part.open = false; });
  };

  return { begin, draw, ready };
})();
