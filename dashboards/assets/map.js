/* The map component: window.dashboards.Map, drawn by MapLibre GL JS from the props of dashboards/map.py. */
(function () {
  "use strict";

  const React = window.React;
  const h = React.createElement;
  const NEAR_PX = 4;
  document.addEventListener("DOMContentLoaded", () => window.maplibregl.prewarm()); // its workers, while the page is put together
  const { style: styleOf, source: sourceOf } = window.gisappMapStyle;
  const DRAWN = ["layers", "answers", "shapes", "image", "markers", "visible", "opacity", "basemap", "language"];

  function calm() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  function pageTheme() {
    const { shown: told, mantineColorScheme, scheme } = document.documentElement.dataset;
    const said = told || mantineColorScheme || scheme;
    if (said === "light" || said === "dark") return said;
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function useTheme(theme) {
    const [page, setPage] = React.useState(pageTheme);
    React.useEffect(() => {
      const look = () => setPage(pageTheme());
      const watch = new MutationObserver(look);
      watch.observe(document.documentElement, { attributeFilter: ["data-shown", "data-mantine-color-scheme", "data-scheme"] });
      const system = window.matchMedia("(prefers-color-scheme: dark)");
      system.addEventListener("change", look);
      return () => { watch.disconnect(); system.removeEventListener("change", look); };
    }, []);
    return theme === "light" || theme === "dark" ? theme : page;
  }

  function specsOf(props) {
    return [...(props.layers || []), ...(props.answers || [])];
  }

  /* One living map: everything that MapLibre holds between two renderings of the component. */
  class Living {
    constructor(box, frame, told) {
      this.told = told; // what the map says: {props, theme, setProps, setState}
      this.lit = [];
      this.over = null;
      this.placed = false;
      this.loaded = false;
      const { words, language } = told().props;
      this.map = new window.maplibregl.Map({
        container: box, style: styleOf(this.state()), center: [108, 34], zoom: 3, minZoom: 3, maxZoom: 21, maxPitch: 0,
        attributionControl: told().props.basemap ? { compact: false } : false, dragRotate: true, pitchWithRotate: false,
        fadeDuration: 0, localIdeographFontFamily: language === "zh-Hant"
          ? "'PingFang TC','Microsoft JhengHei','Noto Sans CJK TC',sans-serif"
          : "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif",
        locale: {
          "Map.Title": words.keys, "NavigationControl.ZoomIn": words.zoom_in, "NavigationControl.ZoomOut": words.zoom_out,
          "NavigationControl.ResetBearing": words.north, "FullscreenControl.Enter": words.fullscreen,
          "FullscreenControl.Exit": words.fullscreen_exit, "ScaleControl.Meters": words.metres,
          "ScaleControl.Kilometers": words.kilometres,
        },
      });
      box.gisappMap = this.map; // for tests and the browser's console
      this.addControls(frame, words);
      this.listen();
    }

    state() {
      return { ...this.told().props, theme: this.told().theme };
    }

    addControls(frame, words) {
      const gl = window.maplibregl;
      this.map.addControl(new gl.NavigationControl({ showZoom: true, showCompass: true }), "top-right");
      this.map.addControl(new Home(words.home, () => this.home()), "top-right");
      this.map.addControl(new gl.FullscreenControl({ container: frame }), "top-right");
      this.map.addControl(new gl.ScaleControl({ unit: "metric", maxWidth: 110 }), "bottom-right");
    }

    listen() {
      const map = this.map;
      window.gisappMapIcons.supply(map);
      performance.mark("gisapp-map-made");
      map.once("style.load", () => { performance.mark("gisapp-map-style"); this.loaded = true; this.draw(); });
      map.on("idle", () => this.rested());
      map.on("render", () => this.told().setState("loading", this.loaded && !map.areTilesLoaded()));
      map.on("error", (event) => this.failed(event));
      map.on("moveend", () => this.moved());
      map.on("zoom", () => this.told().setState("zoom", Math.floor(map.getZoom() * 4) / 4));
      map.on("click", (event) => this.click(event.point, event.lngLat));
      map.on("mousemove", (event) => this.move(event));
      map.on("mouseout", () => this.leave());
      map.on("movestart", () => this.leave());
      map.on("webglcontextlost", () => this.told().setState("lost", true));
      map.on("webglcontextrestored", () => this.told().setState("lost", false));
      map.getCanvas().addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        const { width, height } = map.getCanvas().getBoundingClientRect();
        this.click({ x: width / 2, y: height / 2 }, map.getCenter());
      });
    }

    draw() {
      if (!this.loaded) return;
      const next = styleOf(this.state());
      for (const [id, wanted] of Object.entries(next.sources)) this.patch(this.map.getSource(id), wanted);
      this.map.setStyle(next, { diff: true });
      this.light(true);
    }

    // A new address or picture of the same source is changed in place: removing the source would blink.
    patch(source, wanted) {
      if (!source || source.type !== wanted.type) return;
      if (wanted.type === "vector" && source.tiles && source.tiles[0] !== wanted.tiles[0]) source.setTiles(wanted.tiles);
      if (wanted.type === "image" && source.url !== wanted.url) {
        source.updateImage({ url: wanted.url, coordinates: wanted.coordinates });
      }
    }

    targets(name) {
      if (name === "markers") return [{ source: "shapes:markers" }];
      return specsOf(this.told().props).filter((spec) => spec.name === name).map((spec) => (
        spec.bundle ? { source: sourceOf(spec), sourceLayer: spec.name } : { source: sourceOf(spec) }));
    }

    light(again) {
      if (!this.loaded) return;
      const wanted = Object.entries(this.told().props.highlight || {}).flatMap(([name, ids]) => (
        this.targets(name).flatMap((target) => (ids || []).map((id) => ({ ...target, id })))));
      const key = (one) => `${one.source}|${one.sourceLayer || ""}|${one.id}`;
      const keep = new Set(wanted.map(key));
      const had = new Set(this.lit.map(key));
      for (const one of this.lit) if (!keep.has(key(one))) this.mark(one, { on: false });
      for (const one of wanted) if (again || !had.has(key(one))) this.mark(one, { on: true });
      this.lit = wanted;
    }

    mark(target, state) {
      if (this.map.getSource(target.source)) this.map.setFeatureState(target, state);
    }

    pick(point) {
      const { clickable } = this.told().props;
      const named = new Map(specsOf(this.told().props).map((spec) => [spec.name, spec]));
      const may = (name) => (clickable ? clickable.includes(name) : name === "markers" || (named.get(name)?.popup || []).length);
      const ids = this.map.getStyle().layers
        .filter((layer) => layer.metadata && !layer.id.endsWith("/label") && may(layer.metadata.name)).map((layer) => layer.id);
      const box = [[point.x - NEAR_PX, point.y - NEAR_PX], [point.x + NEAR_PX, point.y + NEAR_PX]];
      const found = ids.length ? this.map.queryRenderedFeatures(box, { layers: ids }) : [];
      if (!found.length) return null;
      const name = found[0].layer.metadata.name;
      return { name, feature: found[0], spec: named.get(name) };
    }

    click(point, place) {
      const got = this.loaded && this.pick(point);
      this.told().setProps({
        click: {
          layer: got ? got.name : null, id: got ? got.feature.properties.code ?? null : null,
          properties: got ? got.feature.properties : {}, lng: place.lng, lat: place.lat, at: Date.now(),
        },
      });
    }

    move(event) {
      if (this.frame || !this.loaded) return;
      this.frame = requestAnimationFrame(() => { this.frame = null; this.point(event); });
    }

    point(event) {
      const { props, setState, setProps } = this.told();
      const got = this.pick(event.point);
      const id = got && got.feature.id;
      this.map.getCanvas().style.cursor = props.cursor || (got ? "pointer" : "");
      const plain = got && got.spec && got.spec.kind === "polygon" && got.spec.style.light.opacity < 0.2; // its label says it
      const { x, y } = event.point;
      const { clientWidth, clientHeight } = this.map.getCanvas();
      const side = { left: x > clientWidth - 290, above: y > clientHeight - 200 };
      setState("tip", got && got.spec && !plain ? { x, y, side, spec: got.spec, of: got.feature.properties } : null);
      if (this.over && (!got || this.over.id !== id || this.over.name !== got.name)) this.unmark();
      if (got && !this.over) {
        const target = { source: got.feature.source, sourceLayer: got.feature.sourceLayer, id };
        this.over = { name: got.name, id, target };
        if (id !== undefined) this.mark(target, { over: true });
        if (props.hoverable) setProps({ hover: { layer: got.name, id: got.feature.properties.code ?? null } });
      }
    }

    unmark() {
      if (this.over && this.over.id !== undefined) this.mark(this.over.target, { over: false });
      this.over = null;
    }

    leave() {
      if (this.over && this.told().props.hoverable) this.told().setProps({ hover: null });
      this.unmark();
      this.told().setState("tip", null);
    }

    rested() {
      const { setState, setProps, props } = this.told();
      setState("loading", false);
      if (this.loaded && !props.ready && specsOf(props).length && this.map.areTilesLoaded()) {
        performance.mark("gisapp-map-ready");
        window.dispatchEvent(new Event("gisapp-map-ready")); // for what waits: later.js
        setProps({ ready: true });
      }
    }

    moved() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const bounds = this.map.getBounds();
        const round = (value) => Math.round(value * 1e6) / 1e6;
        this.told().setProps({
          extent: {
            west: round(bounds.getWest()), south: round(bounds.getSouth()), east: round(bounds.getEast()),
            north: round(bounds.getNorth()), zoom: Math.round(this.map.getZoom() * 100) / 100,
          },
        });
      }, 200);
    }

    failed(event) {
      const error = event.error || {};
      if (event.sourceId || error.status !== undefined || error instanceof TypeError) this.told().setState("broken", true);
      else console.error(error);
    }

    retry() {
      this.told().setState("broken", false);
      for (const id of Object.keys(this.map.getStyle().sources)) {
        const source = this.map.getSource(id);
        if (source.type === "vector") source.setTiles(source.tiles);
      }
    }

    home() {
      const bounds = this.told().props.fit || this.extent();
      if (bounds) this.map.fitBounds(bounds, { padding: this.around(32), duration: calm() ? 0 : 600 });
    }

    // What stays free at each side; where there is room enough, the legend's place at the left, too.
    around(px) {
      const { room } = this.told().props;
      const wide = this.map.getContainer().clientWidth;
      return { top: px, right: px, bottom: px, left: room && wide > 3 * room ? room : px };
    }

    extent() {
      const all = specsOf(this.told().props).map((spec) => spec.tiles && spec.tiles.bounds).filter((box) => box && box[0] > -180);
      if (!all.length) return null;
      return [0, 1, 2, 3].map((side) => (side < 2 ? Math.min : Math.max)(...all.map((bounds) => bounds[side])));
    }

    // Before a page asks to go anywhere: the whole of what there is.
    first() {
      if (!this.placed && this.extent()) this.map.fitBounds(this.extent(), { padding: this.around(24), duration: 0 });
    }

    look(view) {
      this.map.easeTo({ center: view.center, zoom: view.zoom ?? this.map.getZoom(), ...this.motion() });
    }

    fit(bounds) {
      this.map.fitBounds(bounds, { padding: this.around(32), maxZoom: 17.5, ...this.motion() });
    }

    motion() {
      const duration = this.placed && !calm() ? 700 : 0;
      this.placed = true;
      return { duration, essential: true };
    }

    flash(place) {
      const ring = document.createElement("div");
      ring.className = "gm-flash";
      const marker = new window.maplibregl.Marker({ element: ring }).setLngLat([place.lng, place.lat]).addTo(this.map);
      setTimeout(() => marker.remove(), 2400);
    }

    end() {
      clearTimeout(this.timer);
      if (this.frame) cancelAnimationFrame(this.frame);
      this.map.remove();
    }
  }

  class Home {
    constructor(title, act) {
      this.title = title;
      this.act = act;
    }

    onAdd() {
      this.box = document.createElement("div");
      this.box.className = "maplibregl-ctrl maplibregl-ctrl-group";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "gm-home";
      button.title = this.title;
      button.setAttribute("aria-label", this.title);
      button.addEventListener("click", this.act);
      this.box.append(button);
      return this.box;
    }

    onRemove() {
      this.box.remove();
    }
  }

  function Map_(props) {
    const theme = useTheme(props.theme);
    const box = React.useRef(null);
    const frame = React.useRef(null);
    const living = React.useRef(null);
    const told = React.useRef({});
    const [seen, setSeen] = React.useState({ loading: true });
    const setState = React.useCallback((key, value) => (
      setSeen((old) => (old[key] === value ? old : { ...old, [key]: value }))), []);
    told.current = { props, theme, setState, setProps: props.setProps };

    React.useEffect(() => {
      try {
        living.current = new Living(box.current, frame.current, () => told.current);
      } catch (error) {
        setSeen({ blank: true });
        window.dispatchEvent(new Event("gisapp-map-ready"));
        return undefined;
      }
      const online = () => { setState("offline", false); living.current.retry(); };
      const offline = () => setState("offline", true);
      window.addEventListener("online", online);
      window.addEventListener("offline", offline);
      return () => {
        window.removeEventListener("online", online);
        window.removeEventListener("offline", offline);
        living.current.end();
        living.current = null;
      };
    }, []);

    React.useEffect(() => { living.current?.draw(); }, [...DRAWN.map((name) => props[name]), theme]);
    React.useEffect(() => { living.current?.light(false); }, [props.highlight]);
    React.useEffect(() => { if (props.fit) living.current?.fit(props.fit); }, [props.fit]);
    React.useEffect(() => { if (props.view) living.current?.look(props.view); }, [props.view]);
    React.useEffect(() => { living.current?.first(); }, [props.layers]);
    React.useEffect(() => { if (props.flash && living.current) living.current.flash(props.flash); }, [props.flash]);

    return h("section", {
      id: props.id, ref: frame, className: `gm ${props.className || ""}`, "data-theme": theme,
      style: props.height ? { height: props.height } : undefined, "aria-label": props.words.label,
    },
    h("div", { ref: box, className: "gm-canvas" }),
    h("div", { className: "gm-cross", "aria-hidden": "true" }),
    seen.blank ? null : h(window.gisappMapPanel.Panel, { ...props, theme, zoom: seen.zoom, specs: specsOf(props) }),
    h(window.gisappMapPanel.Tip, { tip: seen.tip }),
    h(window.gisappMapPanel.Status, { words: props.words, seen, retry: () => living.current.retry() }));
  }

  window.dashboards = { ...window.dashboards, Map: Map_ };
})();
