/* What stands over the map: the layer list, the legend, what the pointer is on, and how the map is doing. */
(function () {
  "use strict";

  const h = window.React.createElement;
  const { useState } = window.React;
  const shown = (spec, props) => window.gisappMapStyle.shown(spec, props); // that file is loaded after this one

  function narrow() {
    return window.matchMedia("(max-width: 720px)").matches;
  }

  function first(colour) {
    return typeof colour === "string" ? colour : Object.values(colour.of)[0] || colour.other;
  }

  function swatch(kind, colour, outline, table, bare, opacity, striped) {
    const sign = { devices: "valve", hydrants: "hydrant", nodes: "source" }[table];
    if (sign) {
      const paths = window.gisappMapIcons.PATHS[sign].map((d) => h("path", { key: d, d, fill: colour }));
      return h("svg", { className: "gm-sign", viewBox: "4 4 48 48", "aria-hidden": "true" }, paths);
    }
    const style = { "--c": colour, "--o": outline || "transparent", "--a": opacity };
    if (bare) kind += " gm-bare";
    if (striped) kind += " gm-striped";
    return h("span", { className: `gm-swatch gm-swatch-${kind}`, style, "aria-hidden": "true" });
  }

  function signOf(spec) {
    return spec.bundle && spec.kind === "point" ? spec.table : null;
  }

  function grouped(specs) {
    const groups = new Map();
    for (const spec of [...specs].reverse()) {
      const key = spec.bundle || "answers";
      groups.set(key, [...(groups.get(key) || []), spec]);
    }
    return [...groups];
  }

  function Row({ spec, props }) {
    const { words, theme, zoom, setProps } = props;
    const on = shown(spec, props);
    const given = (props.opacity || {})[spec.name];
    const style = spec.style[theme];
    const later = style.min_zoom && zoom !== undefined && zoom < style.min_zoom;
    return h("li", { className: `gm-row${on ? "" : " gm-off"}` },
      h("label", null,
        h("input", {
          type: "checkbox", checked: on,
          onChange: (event) => setProps({ visible: { ...props.visible, [spec.name]: event.target.checked } }),
        }),
        spec.kind === "raster" ? swatch("polygon", "#888") : swatch(spec.kind, first(style.colour), style.outline, signOf(spec), style.opacity < 0.2),
        h("span", null, spec.title, later ? h("small", null, words.from_zoom) : null)),
      h("input", {
        type: "range", min: 10, max: 100, step: 5, value: Math.round((given === undefined ? 1 : given) * 100), disabled: !on,
        "aria-label": `${spec.title} ${words.opacity}`, title: words.opacity,
        onChange: (event) => setProps({ opacity: { ...props.opacity, [spec.name]: event.target.value / 100 } }),
      }));
  }

  function LayerList({ props, close }) {
    return h("div", { className: "gm-card gm-layers", id: `${props.id}-layers`, role: "group", "aria-label": props.words.layers },
      h("div", { className: "gm-head" }, h("strong", null, props.words.layers),
        h("button", { type: "button", className: "gm-close", onClick: close, "aria-label": props.words.close_panel }, "×")),
      grouped(props.specs).map(([key, specs]) => h("section", { key },
        h("h3", null, props.words[`group_${key}`] || key),
        h("ul", null, specs.map((spec) => h(Row, { key: spec.name, spec, props }))))));
  }

  function LegendPart({ spec, props }) {
    const legend = spec.legend[props.theme];
    const style = spec.style[props.theme];
    const unit = legend && legend.unit ? h("small", null, legend.unit) : null;
    if (!legend || !legend.entries.length) {
      return h("li", { className: "gm-entry" }, swatch(spec.kind, first(style.colour), style.outline, signOf(spec), style.opacity < 0.2), h("span", null, spec.title));
    }
    return h("li", null, h("h4", null, spec.title, unit),
      h("ul", { className: spec.kind === "raster" ? "gm-ramp" : "" }, legend.entries.map(([colour, words]) => (
        h("li", { key: words, className: "gm-entry" },
          swatch(
            spec.kind === "raster" ? "polygon" : spec.kind, colour, style.outline, signOf(spec), false, style.opacity,
            style.hatched), h("span", null, words))))));
  }

  function Legend({ props, close }) {
    const zoom = props.zoom === undefined ? 0 : props.zoom;
    const seen = props.specs.filter((spec) => (
      spec.bundle !== "base" && shown(spec, props) && (spec.style.light.min_zoom || 0) <= zoom)).reverse();
    const classed = (spec) => Boolean(spec.legend[props.theme]?.entries.length);
    seen.sort((one, other) => classed(one) - classed(other));
    if (!seen.length) return null;
    const thinned = seen.some((spec) => spec.kind === "point" && spec.bundle && Math.floor(zoom) < spec.whole_zoom);
    return h("div", { className: "gm-card gm-legend", id: `${props.id}-legend`, role: "group", "aria-label": props.words.legend },
      h("div", { className: "gm-head" }, h("strong", null, props.words.legend),
        h("button", { type: "button", className: "gm-close", onClick: close, "aria-label": props.words.close_panel }, "×")),
      h("ul", null, seen.map((spec) => h(LegendPart, { key: spec.name, spec, props }))),
      thinned ? h("p", { className: "gm-note" }, props.words.thinned) : null);
  }

  function Opener({ words, open, kind, id, set }) {
    return h("button", {
      type: "button", className: `gm-card gm-opener gm-opener-${kind}`, onClick: () => set(true), "aria-expanded": open,
      "aria-controls": `${id}-${kind}`,
    }, h("span", { className: `gm-icon gm-icon-${kind}`, "aria-hidden": "true" }), words[kind]);
  }

  function Panel(props) {
    const [layers, setLayers] = useState(false);
    const [legend, setLegend] = useState(props.legend !== false && !narrow());
    if (props.panel === false || !props.specs.length) return null;
    return h("div", { className: "gm-panels" },
      layers ? h(LayerList, { props, close: () => setLayers(false) })
        : h(Opener, { words: props.words, open: layers, kind: "layers", id: props.id, set: setLayers }),
      legend ? h(Legend, { props, close: () => setLegend(false) })
        : h(Opener, { words: props.words, open: legend, kind: "legend", id: props.id, set: setLegend }));
  }

  function Tip({ tip }) {
    if (!tip) return null;
    const rows = tip.spec.popup.filter((one) => tip.of[one.column] !== undefined && tip.of[one.column] !== null);
    if (!rows.length) return null;
    const told = (one) => {
      const value = tip.of[one.column];
      if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(1);
      return one.values[value] || String(value);
    };
    const away = (turned) => (turned ? "calc(-100% - 14px)" : "14px"); // never under the pointer, never over the edge
    const style = { left: tip.x, top: tip.y, transform: `translate(${away(tip.side.left)}, ${away(tip.side.above)})` };
    return h("div", { className: "gm-tip", style, "aria-hidden": "true" },
      h("strong", null, tip.spec.title),
      h("dl", null, rows.map((one) => h("div", { key: one.column }, h("dt", null, one.title), h("dd", null, told(one))))));
  }

  function Status({ words, seen, retry }) {
    if (seen.blank) return h("div", { className: "gm-blank", role: "alert" }, h("p", null, words.no_webgl));
    const wrong = seen.offline ? words.offline : seen.lost ? words.context_lost : seen.broken ? words.tile_error : null;
    return h("div", { className: "gm-status" },
      h("div", { className: `gm-progress${seen.loading ? " gm-busy" : ""}`, "aria-hidden": "true" }),
      h("div", { role: "status" }, wrong
        ? h("div", { className: "gm-card gm-wrong" }, h("span", null, wrong),
          seen.broken && !seen.offline ? h("button", { type: "button", onClick: retry }, words.retry) : null)
        : seen.loading ? h("span", { className: "gm-hidden" }, words.loading) : null));
  }

  window.gisappMapPanel = { Panel, Tip, Status };
})();
