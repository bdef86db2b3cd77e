/* Layers as dashboards/specs.py writes them -> one MapLibre style. Pure: the same input, the same style. */
(function () {
  "use strict";

  const FONTS = {
    "zh-Hans": ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC"],
    "zh-Hant": ["PingFang TC", "Microsoft JhengHei", "Noto Sans CJK TC", "Noto Sans TC"],
    en: ["Segoe UI", "Helvetica Neue", "Noto Sans", "Noto Sans CJK SC"],
  };
  const THEMES = {
    light: {
      ground: "#f4f4f1", casing: "#d3d6d8", text: "#2b3542", quiet: "#6a7480",
      halo: "rgba(255,255,255,0.94)", mark: "#e5006d", rim: "#ffffff", edge: "#c6c3bb", badge: "#ffffff",
    },
    dark: {
      ground: "#12161b", casing: "#0d1014", text: "#e6ebf2", quiet: "#8d98a6",
      halo: "rgba(10,13,17,0.92)", mark: "#ffe14a", rim: "#0b0e12", edge: "#39414d", badge: "#0b0e12",
    },
  };
  // From below to above: what fills, what runs along, what stands on it, what is written.
  const PHASE = { base: 0, fill: 1, border: 2, line: 3, point: 4, label: 5, badge: 6 };
  const BADGE_PX = 8;
  const BADGE_STEP_PX = 28;
  const ON = ["boolean", ["feature-state", "on"], false];
  const OVER = ["boolean", ["feature-state", "over"], false];

  function choice(part) {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    const pairs = Object.entries(part.of);
    if (!pairs.length) return part.other;
    return ["match", ["to-string", ["get", part.column]], ...pairs.flat(), part.other];
  }

  function byZoom(stops, value, base) {
    const curve = base ? ["exponential", base] : ["linear"];
    return ["interpolate", curve, ["zoom"], ...stops.flatMap(([zoom, factor]) => [zoom, value(factor)])];
  }

  const LINE_STOPS = [[9, 0.3], [12, 0.4], [14, 0.7], [16, 1.25], [19, 2.6]];
  const RIBBON_STOPS = [[10, 0.35], [12, 0.6], [14, 1], [17, 1.6]];
  const STREET_STOPS = [[9, 0.12], [12, 0.35], [14, 1.0], [16, 2.6], [18, 8], [20, 26]];
  const POINT_STOPS = [[9, 0.45], [12, 0.6], [14, 0.85], [16, 1.15], [19, 1.7]];

  function source(spec) {
    if (spec.kind === "raster") return `image:${spec.name}`;
    return spec.bundle ? `tiles:${spec.bundle}` : `shapes:${spec.name}`;
  }

  function layer(spec, part, type, phase, rest) {
    const made = { id: `${spec.name}/${part}`, type, source: source(spec), paint: {}, layout: {}, ...rest };
    if (spec.bundle && !made["source-layer"]) made["source-layer"] = spec.name;
    if (!spec.bundle && spec.kind === "polygon") {
      made.filter = type === "symbol" ? ["has", "_label"] : ["!", ["has", "_label"]];
    }
    const style = spec.style.light;
    const least = Math.max(style.min_zoom || 0, type === "symbol" ? style.label_zoom || 0 : 0);
    if (least) made.minzoom = least;
    made.metadata = { name: spec.name, phase };
    return made;
  }

  function streetLayers(spec, style, look) {
    const width = choice(style.width_px);
    const colour = choice(style.colour);
    const rounded = { "line-cap": "round", "line-join": "round" };
    return [
      layer(spec, "casing", "line", PHASE.base, {
        layout: rounded,
        minzoom: 13,
        paint: {
          "line-color": look.colours.casing, "line-opacity": look.opacity,
          "line-width": byZoom(STREET_STOPS, (f) => ["+", 1.6, ["*", f, width]], 1.5),
        },
      }),
      layer(spec, "line", "line", PHASE.base, {
        layout: rounded,
        paint: {
          "line-color": colour, "line-opacity": look.opacity,
          "line-width": byZoom(STREET_STOPS, (f) => ["max", 0.6, ["*", f, width]], 1.5),
        },
      }),
      ...label(spec, style, look, { quiet: true }),
    ];
  }

  function lineLayers(spec, style, look) {
    const width = choice(style.width_px);
    const wide = (extra) => byZoom(LINE_STOPS, (f) => ["+", ["*", f, width], ["case", ON, 4, OVER, 2.5, 0], extra]);
    const round = (plain) => (style.dashed ? plain : ["step", ["zoom"], plain, 14, "round"]); // many small triangles
    const layout = { "line-cap": round("butt"), "line-join": round("miter") };
    const made = [];
    if (style.outline || !spec.bundle) {
      made.push(layer(spec, "casing", "line", PHASE.line, {
        layout,
        paint: {
          "line-color": style.outline || look.colours.rim, "line-opacity": 0.8 * look.opacity, "line-width": wide(2.5),
        },
      }));
    }
    made.push(layer(spec, "line", "line", PHASE.line, {
      layout,
      paint: {
        "line-color": ["case", ON, look.colours.mark, choice(style.colour)],
        "line-opacity": style.opacity * look.opacity,
        "line-width": wide(0),
        ...(style.dashed ? { "line-dasharray": [2, 1.6] } : {}),
      },
    }));
    return made.concat(label(spec, style, look, { along: true }));
  }

  function polygonLayers(spec, style, look) {
    const base = ["landcover", "buildings"].includes(spec.table);
    const made = [
      layer(spec, "fill", "fill", base ? PHASE.base : PHASE.fill, {
        paint: {
          "fill-color": choice(style.colour),
          "fill-opacity": base ? look.opacity * style.opacity : ["*", look.opacity, ["case",
            ON, Math.min(1, style.opacity + 0.1), OVER, Math.min(1, style.opacity + 0.03), style.opacity]],
          "fill-antialias": spec.table === "landcover",
          ...(style.hatched ? { "fill-pattern": ["concat", "gm-stripes-", choice(style.colour)] } : {}),
        },
      }),
    ];
    if (!style.outline || !style.width_px) return made.concat(label(spec, style, look, {}));
    const width = choice(style.width_px);
    if (!base) made.push(ribbon(spec, style, look, width));
    made.push(layer(spec, "border", "line", base ? PHASE.base : PHASE.border, {
      layout: { "line-join": "round" },
      minzoom: base ? 15 : 0,
      paint: {
        "line-color": ["case", ON, look.colours.mark, base ? look.colours.edge : style.outline],
        "line-opacity": (base ? 0.8 : 0.9) * look.opacity,
        "line-width": byZoom(LINE_STOPS, (f) => ["+", ["*", f, width], ["case", ON, 2.5, OVER, 1, 0]]),
        ...(style.dashed ? { "line-dasharray": [3, 2] } : {}),
      },
    }));
    return made.concat(label(spec, style, look, { strong: true }));
  }

  // Grid borders run along streets, and so do pipes: a soft ribbon shows on both sides of what lies on it.
  function ribbon(spec, style, look, width) {
    const bare = style.opacity < 0.2;
    return layer(spec, "ribbon", "line", PHASE.border, {
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-color": ["case", ON, look.colours.mark, bare ? style.outline : look.colours.rim],
        "line-opacity": look.opacity * (bare ? 0.22 : 0.6),
        "line-width": byZoom(RIBBON_STOPS, (f) => ["+", f * (bare ? 6 : 2.6), ["*", 0.7 * f, width], ["case", ON, 6, 0]]),
      },
    });
  }

  function signLayers(spec, style, look, sign) {
    const size = 0.3 + 0.11 * style.width_px;
    return [layer(spec, "sign", "symbol", PHASE.point, {
      minzoom: style.min_zoom || 0,
      layout: {
        "icon-image": sign, "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-padding": 0,
        "icon-size": byZoom(POINT_STOPS, (f) => f * size),
      },
      paint: {
        "icon-color": ["case", ON, look.colours.mark, choice(style.colour)],
        "icon-halo-color": ["case", OVER, look.colours.mark, style.outline || look.colours.rim],
        "icon-halo-width": ["case", ON, 3, 1.6],
        "icon-opacity": style.opacity * look.opacity,
      },
    }), ...label(spec, style, look, { below: true })];
  }

  function pointLayers(spec, style, look) {
    const sign = spec.bundle && window.gisappMapIcons.sign(spec.table);
    if (sign && typeof style.width_px === "number") return signLayers(spec, style, look, sign);
    const badge = Boolean(style.label) && typeof style.width_px === "number" && style.width_px >= BADGE_PX;
    const radius = choice(style.width_px);
    const stops = badge ? [[10, 1.1], [14, 1.4], [18, 1.6]] : POINT_STOPS;
    const made = [
      layer(spec, "point", "circle", badge ? PHASE.badge : PHASE.point, {
        paint: {
          "circle-color": choice(style.colour),
          "circle-radius": byZoom(stops, (f) => ["+", ["*", f, radius], ["case", ON, 3, OVER, 1.5, 0]]),
          "circle-opacity": style.opacity * look.opacity,
          "circle-stroke-color": ["case", ON, look.colours.mark, style.outline || look.colours.rim],
          "circle-stroke-width": ["case", ON, 3.5, badge ? 2 : 1.2],
          "circle-stroke-opacity": look.opacity,
        },
      }),
    ];
    const whole = made.concat(label(spec, style, look, badge ? { badge } : { below: radius }));
    return badge ? sideBySide(spec, whole) : whole;
  }

  // Badges in one place would hide one another: the first stands there, the others in a row beside it.
  function sideBySide(spec, layers) {
    const before = (spec.shapes ? spec.shapes.features : []).map((one) => one.properties._before || 0);
    const most = Math.max(0, ...before);
    if (!most) return layers;
    return Array.from({ length: most + 1 }, (_, at) => layers.map((one) => ({
      ...one, id: at ? one.id.replace("/", `/${at}/`) : one.id, filter: ["==", ["get", "_before"], at],
      paint: { ...one.paint, [one.type === "circle" ? "circle-translate" : "text-translate"]: [at * BADGE_STEP_PX, 0] },
    }))).flat();
  }

  function label(spec, style, look, how) {
    if (!style.label) return [];
    const weight = how.strong || how.badge ? "Bold" : "Medium";
    const full = ["to-string", ["get", style.label]];
    const layout = {
      // Seen from far, a grid's code is enough.
      "text-field": spec.table === "grids" ? ["step", ["zoom"], ["to-string", ["get", "code"]], 13.5, full] : full,
      "text-font": look.fonts.map((name, place) => (place ? name : `${name} ${weight}`)).concat(["sans-serif"]),
      "text-size": how.badge ? ["step", ["length", full], 13, 3, 10] : how.strong ? byZoom([[11, 10.5], [14, 13], [17, 15]], (f) => f) : 11.5,
      "text-max-width": 12,
    };
    if (how.along || how.quiet) Object.assign(layout, { "symbol-placement": "line", "symbol-spacing": 320 });
    if (how.below) Object.assign(layout, { "text-anchor": "top", "text-offset": [0, 0.75], "text-optional": true });
    if (how.badge) Object.assign(layout, { "text-allow-overlap": true, "text-ignore-placement": true });
    if (how.strong) Object.assign(layout, { "text-letter-spacing": 0.03, "text-padding": 6 });
    const paint = how.badge
      ? { "text-color": look.colours.badge }
      : {
          "text-color": how.quiet ? look.colours.quiet : look.colours.text,
          "text-halo-color": look.colours.halo, "text-halo-width": how.strong ? 1.8 : 1.4,
        };
    const place = spec.bundle && spec.kind === "polygon" ? { "source-layer": `${spec.name}:label` } : {};
    paint["text-opacity"] = look.opacity;
    return [layer(spec, "label", "symbol", how.badge ? PHASE.badge : PHASE.label, { layout, paint, ...place })];
  }

  function rasterLayers(spec, style, look) {
    return [layer(spec, "image", "raster", PHASE.fill, {
      paint: { "raster-opacity": style.opacity * look.opacity, "raster-fade-duration": 0 },
    })];
  }

  function layersOf(spec, state) {
    const style = spec.style[state.theme];
    const given = (state.opacity || {})[spec.name];
    const look = {
      colours: THEMES[state.theme],
      opacity: given === undefined ? 1 : given,
      fonts: FONTS[state.language] || FONTS.en,
    };
    const draw = spec.table === "streets" ? streetLayers
      : { line: lineLayers, polygon: polygonLayers, point: pointLayers, raster: rasterLayers }[spec.kind];
    const hidden = !shown(spec, state);
    return draw(spec, style, look).map((one) => (
      hidden ? { ...one, layout: { ...one.layout, visibility: "none" } } : one));
  }

  function shown(spec, state) {
    const said = (state.visible || {})[spec.name];
    return said === undefined ? !(state.basemap && spec.bundle === "base") : said;
  }

  function absolute(url) {
    return url.startsWith("/") ? window.location.origin + url : url;
  }

  function sources(specs, state) {
    const made = {};
    for (const spec of specs) {
      const id = source(spec);
      if (spec.bundle) {
        made[id] = {
          type: "vector", tiles: [absolute(spec.tiles.url)], minzoom: spec.tiles.least_zoom,
          maxzoom: spec.tiles.most_zoom, bounds: spec.tiles.bounds, promoteId: "code",
        };
      } else if (spec.kind === "raster") {
        const own = spec.image && (spec.image[state.theme] || spec.image.light);
        const given = (state.image || {})[spec.name] || own;
        if (given) made[id] = { type: "image", url: given.url, coordinates: given.coordinates };
      } else {
        const data = (state.shapes || {})[spec.name] || spec.shapes || nothing();
        made[id] = { type: "geojson", data, promoteId: "code", tolerance: 0.2 };
      }
    }
    return made;
  }

  function nothing() {
    return { type: "FeatureCollection", features: [] };
  }

  function badges(markers, state) {
    const colours = THEMES[state.theme];
    const features = (markers || []).map((one) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [one.lng, one.lat] },
      properties: { code: one.id === undefined ? one.text : one.id, text: one.text, colour: one.colour || "#b3261e" },
    }));
    const spec = {
      name: "markers", kind: "point",
      style: { light: {}, dark: {} }, shapes: { type: "FeatureCollection", features },
    };
    const style = {
      colour: ["get", "colour"], width_px: BADGE_PX, opacity: 1, outline: colours.rim, label: "text",
    };
    return { spec, style };
  }

  function style(state) {
    const specs = [...(state.layers || []), ...(state.answers || [])];
    const made = { version: 8, sources: sources(specs, state), layers: [] };
    const drawn = specs.filter((spec) => made.sources[source(spec)]).flatMap((spec) => layersOf(spec, state));
    if ((state.markers || []).length) {
      const { spec, style: own } = badges(state.markers, state);
      const colours = { ...THEMES[state.theme], badge: THEMES.light.badge }; // theirs are the same in the dark
      const look = { colours, opacity: 1, fonts: FONTS[state.language] || FONTS.en };
      made.sources[source(spec)] = { type: "geojson", data: spec.shapes, promoteId: "code" };
      drawn.push(...pointLayers(spec, own, look));
    }
    made.transition = { duration: 0, delay: 0 };
    const ground = [{ id: "ground", type: "background", paint: { "background-color": THEMES[state.theme].ground } }];
    if (state.basemap) {
      made.sources.basemap = {
        type: "raster", tiles: [state.basemap.url], tileSize: 256, maxzoom: state.basemap.max_zoom,
        attribution: state.basemap.attribution,
      };
      ground.push({ id: "basemap", type: "raster", source: "basemap" });
    }
    made.layers = [...ground, ...drawn.sort((one, other) => one.metadata.phase - other.metadata.phase)];
    return made;
  }

  window.gisappMapStyle = { style, source, shown, THEMES };
})();
