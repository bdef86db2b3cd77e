/* One living map: what MapLibre holds between two renderings of the component of map.js. It needs no React: the map of
   the page begins before the page, from what the first bytes tell of it (dashboards/begun.py). */
(function () {
  "use strict";

  const NEAR_PX = 4;
  const NARROW = "(max-width: 860px)"; // there the height of what stands above the map is not known before the page
  const KEPT_MS = 60000; // a map that began and that no page takes
  const { style: styleOf, source: sourceOf } = window.gisappMapStyle;

  function calm() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  function pageTheme() {
    const { shown: told, mantineColorScheme, scheme } = document.documentElement.dataset;
    const said = told || mantineColorScheme || scheme;
    if (said === "light" || said === "dark") return said;
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function specsOf(props) {
    return [...(props.layers || []), ...(props.answers || [])];
  }

  /* One living map: everything that MapLibre holds between two renderings of the component. */
  class Living {
    constructor(box, told) {
      this.told = told; // what the map says: {props, theme, setProps, setState}
      this.box = box;
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
      this.listen();
    }

    state() {
      return { ...this.told().props, theme: this.told().theme };
    }

    addControls(frame) {
      const { words } = this.told().props;
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
      map.on("movestart", (event) => { this.moved_by_hand = this.moved_by_hand || Boolean(event.originalEvent); this.leave(); });
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
        window.gisappMapLiving.stands = true; // for what waits: later.js
        window.dispatchEvent(new Event("gisapp-map-ready"));
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
      if (this.held) return;
      this.map.easeTo({ center: view.center, zoom: view.zoom ?? this.map.getZoom(), ...this.motion() });
    }

    fit(bounds) {
      if (this.held) return;
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
      window.gisappMapLiving.stands = false;
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

  /* The map that began before the page: what it tells is kept until the page takes it. */
  class Begun {
    constructor(place) {
      const { id, props } = JSON.parse(place.dataset.map);
      const frame = place.querySelector(".gm");
      this.place = place;
      this.id = id;
      this.props = {};
      this.state = {};
      this.living = new Living(frame.firstElementChild, () => ({
        props: { ...props, ...this.props }, theme: pageTheme(),
        setProps: ({ click, hover, ...kept }) => Object.assign(this.props, kept), // nobody answers a click yet
        setState: (key, value) => { if (key !== "tip") this.state[key] = value; },
      }));
      if (props.fit) this.living.fit(props.fit);
      else if (props.view) this.living.look(props.view);
      else this.living.first();
      this.keep(frame.querySelector(".gm-picture"));
      this.timer = setTimeout(() => this.end(), KEPT_MS);
    }

    // The pictures stand until the map is drawn or looks elsewhere.
    keep(picture) {
      if (!picture) return;
      this.picture = picture;
      const done = () => picture.remove();
      window.addEventListener("gisapp-map-ready", done, { once: true });
      this.living.map.once("movestart", done);
    }

    // Give the map to the page, in the place of its empty box; it stays where it is unless the page has another size.
    into(box, told) {
      const { living } = this;
      const { clientWidth, clientHeight } = living.box;
      living.told = told;
      box.replaceWith(living.box);
      if (this.picture && this.picture.isConnected) living.box.append(this.picture);
      const alike = living.box.clientWidth === clientWidth && living.box.clientHeight === clientHeight;
      living.held = alike || living.moved_by_hand;
      if (!living.held) { living.placed = false; living.map.resize(); }
      for (const [key, value] of Object.entries(this.state)) told().setState(key, value);
      told().setProps(this.props);
      this.done();
      return living;
    }

    end() {
      this.living.end();
      this.done();
    }

    done() {
      clearTimeout(this.timer);
      this.place.remove();
      window.gisappMapLiving.begun = null;
    }
  }

  function begin() {
    const place = document.getElementById("gm-begun");
    if (!place) return null;
    try {
      if (!window.matchMedia(NARROW).matches) return new Begun(place);
    } catch (error) {
      console.info(error); // the page's own map says that it cannot be drawn
    }
    place.remove();
    return null;
  }

  window.gisappMapLiving = { Living, pageTheme, specsOf, stands: false };
  window.gisappMapLiving.begun = begin();
  if (!window.gisappMapLiving.begun) window.maplibregl.prewarm(); // its workers, while the page is put together
})();
