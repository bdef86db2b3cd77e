// A hand that draws on the map of dashboards/map.py: a lasso, a brush, a line, or corners of borders dragged; by mouse, pen and touch.
(() => {
  "use strict";

  const STEP_PX = 4; // a stroke has a point each so many pixels
  const ROUGH_PX = 2.5; // and of these only those that matter
  const REACH_PX = { mouse: 14, pen: 18, touch: 28 };
  const MOST_DOTS = 400;
  const BRUSH_PX = 12; // half of what a brush covers
  const SVG = "http://www.w3.org/2000/svg";
  const key = ([lng, lat]) => `${lng},${lat}`;

  function drawn(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    return made;
  }

  // The points of a line that lie further than ROUGH_PX from the line without them (Douglas and Peucker).
  function plain(points) {
    if (points.length < 3) return points;
    const [a, b] = [points[0], points[points.length - 1]];
    const long = Math.hypot(b.x - a.x, b.y - a.y);
    const off = points.map((p) => (long ? Math.abs((b.x - a.x) * (a.y - p.y) - (a.x - p.x) * (b.y - a.y)) / long : Math.hypot(p.x - a.x, p.y - a.y)));
    const most = off.indexOf(Math.max(...off));
    if (off[most] <= ROUGH_PX) return [a, b];
    return [...plain(points.slice(0, most + 1)).slice(0, -1), ...plain(points.slice(most))];
  }

  // Corners of polygons by place: the corners next to each along every ring, and how many polygons use it.
  function cornersOf(features) {
    const corners = new Map();
    for (const { geometry, properties } of features) {
      const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
      for (const ring of polygons.flat()) {
        ring.slice(0, -1).forEach((at, place) => {
          const before = ring[(place || ring.length - 1) - 1];
          const corner = corners.get(key(at)) || { at, next: new Map(), of: new Set() };
          for (const one of [before, ring[place + 1]]) corner.next.set(key(one), one);
          corner.of.add(properties.code);
          corners.set(key(at), corner);
        });
      }
    }
    return corners;
  }

  class Hand {
    // box: the map's element; shapes(): the features whose corners may be dragged; live(got), done(got): what was drawn; gone(): nothing.
    constructor(box, { shapes, live, done, gone }) {
      Object.assign(this, { box, shapes, live, done, gone, tool: null, stroke: null, spread: false, down: new Set() });
      this.map = box.querySelector(".gm-canvas").gisappMap;
      this.sheet = drawn("svg", { class: "gm-hand", "aria-hidden": "true" });
      box.append(this.sheet);
      const canvas = this.map.getCanvasContainer();
      const listen = (name, act) => canvas.addEventListener(name, act, { capture: true });
      listen("pointerdown", (event) => this.begin(event));
      listen("pointermove", (event) => this.move(event));
      listen("pointerup", (event) => this.end(event));
      // A stroke that ends where it began would be a click to the map.
      listen("click", (event) => { if (this.struck) event.stopImmediatePropagation(); });
      listen("pointercancel", (event) => { this.down.delete(event.pointerId); this.cancel(); });
      this.map.on("move", () => this.draw());
    }

    // What is drawn from now on: "lasso", "brush", "line", "corner", or nothing.
    use(tool) {
      this.cancel();
      this.tool = tool;
      this.corners = null;
      this.hold(Boolean(tool));
      this.draw();
    }

    fresh() {
      this.corners = null;
      this.draw();
    }

    // The map stays where it is while a tool is in hand; two fingers move it all the same.
    hold(on) {
      for (const name of ["dragPan", "doubleClickZoom", "boxZoom"]) this.map[name][on ? "disable" : "enable"]();
      this.map.getCanvasContainer().classList.toggle("gm-drawing", on);
    }

    pan(on) {
      if (!this.tool || this.spread === on) return;
      this.spread = on;
      this.hold(!on);
    }

    cancel() {
      const was = Boolean(this.stroke);
      this.stroke = null;
      this.draw();
      if (was) this.gone();
      return was;
    }

    place(event) {
      const box = this.map.getCanvasContainer().getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    begin(event) {
      this.down.add(event.pointerId);
      this.struck = false;
      if (!this.tool || this.spread) return;
      if (this.down.size > 1 || event.button) return void this.cancel();
      const at = this.place(event);
      const caught = this.tool === "corner" ? this.near(at, REACH_PX[event.pointerType] || REACH_PX.mouse) : null;
      if (this.tool === "corner" && !caught) return;
      this.stroke = { pointer: event.pointerId, points: [at], caught, from: at };
      event.target.setPointerCapture(event.pointerId);
      this.draw();
    }

    move(event) {
      if (!this.tool || this.spread) return;
      const at = this.place(event);
      if (!this.stroke) {
        this.over = this.tool === "corner" && event.pointerType !== "touch" ? this.near(at, REACH_PX.mouse) : null;
        if (this.tool === "corner") this.draw();
        return;
      }
      if (event.pointerId !== this.stroke.pointer) return;
      const last = this.stroke.points[this.stroke.points.length - 1];
      if (Math.hypot(at.x - last.x, at.y - last.y) < STEP_PX) return;
      this.stroke.points.push(at);
      this.draw();
      const got = this.got();
      if (got) this.live(got);
    }

    end(event) {
      this.down.delete(event.pointerId);
      if (!this.stroke || event.pointerId !== this.stroke.pointer) return;
      const got = this.got();
      this.stroke = null;
      this.struck = Boolean(got);
      this.draw();
      if (got) this.done(got);
    }

    // What was drawn so far, in degrees; nothing for a click.
    got() {
      const { points, caught } = this.stroke;
      if (points.length < 2 && this.tool !== "brush") return null;
      const degrees = ({ x, y }) => { const { lng, lat } = this.map.unproject([x, y]); return [lng, lat]; };
      if (this.tool === "brush") return { line: plain(points).map(degrees), reach_m: BRUSH_PX * this.metres() };
      if (!caught) return { line: plain(points).map(degrees) };
      const moves = this.moved().map(({ at, to }) => [at, degrees(to)]);
      const going = new Set(caught.map(({ at }) => key(at)));
      const held = caught.flatMap(({ next }) => [...next.values()]).filter((one) => !going.has(key(one)));
      return { moves, held };
    }

    // Metres to a pixel of the screen where the map is.
    metres() {
      return (Math.cos((this.map.getCenter().lat * Math.PI) / 180) * 40075016.7) / (512 * 2 ** this.map.getZoom());
    }

    // The corners that were caught, and where they are on the screen now.
    moved() {
      const { points, caught, from } = this.stroke;
      const last = points[points.length - 1];
      return caught.map((corner) => {
        const { x, y } = this.map.project(corner.at);
        const to = caught.length > 1 ? { x: x + last.x - from.x, y: y + last.y - from.y } : last;
        return { ...corner, to };
      });
    }

    // The corner that is near, or both ends of the border that is; nothing on the outer border, which stays.
    near(point, reach) {
      this.corners = this.corners || cornersOf(this.shapes());
      const edge = (side) => this.map.unproject([point.x + side * reach * 12, point.y + side * reach * 12]);
      const [low, high] = [edge(-1), edge(1)];
      let [best, least] = [null, reach];
      const shown = [...this.corners.values()].filter(({ of }) => of.size > 1);
      for (const corner of shown) {
        const [lng, lat] = corner.at;
        if (lng < low.lng || lng > high.lng || lat > low.lat || lat < high.lat) continue;
        const { x, y } = this.map.project(corner.at);
        const off = Math.hypot(x - point.x, y - point.y);
        if (off < least) [best, least] = [[corner], off];
      }
      return best || this.border(point, reach / 2, shown);
    }

    border(point, reach, shown) {
      let [best, least] = [null, reach];
      const known = new Set(shown.map(({ at }) => key(at)));
      for (const one of shown) {
        const a = this.map.project(one.at);
        for (const name of one.next.keys()) {
          if (!known.has(name) || name < key(one.at)) continue;
          const other = this.corners.get(name);
          if ([...one.of].filter((code) => other.of.has(code)).length < 2) continue;
          const b = this.map.project(other.at);
          const long = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
          const share = Math.max(0, Math.min(1, ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y)) / (long || 1)));
          const off = Math.hypot(a.x + share * (b.x - a.x) - point.x, a.y + share * (b.y - a.y) - point.y);
          if (off < least) [best, least] = [[one, other], off];
        }
      }
      return best;
    }

    draw() {
      this.sheet.replaceChildren(...(this.stroke ? this.drawnStroke() : this.tool === "corner" ? this.drawnCorners() : []));
    }

    drawnStroke() {
      const { points, caught } = this.stroke;
      if (!caught) {
        const text = points.map(({ x, y }) => `${x},${y}`).join(" ");
        return [drawn(this.tool === "lasso" ? "polygon" : "polyline", { points: points.length > 1 ? text : `${text} ${text}`, class: `stroke ${this.tool}` })];
      }
      const going = new Map(this.moved().map((one) => [key(one.at), one]));
      return [...going.values()].flatMap(({ next, to }) => [
        ...[...next.values()].map((one) => {
          const { x, y } = going.has(key(one)) ? going.get(key(one)).to : this.map.project(one);
          return drawn("line", { x1: x, y1: y, x2: to.x, y2: to.y, class: "stroke" });
        }),
        drawn("circle", { cx: to.x, cy: to.y, r: 7, class: "corner on" }),
      ]);
    }

    drawnCorners() {
      this.corners = this.corners || cornersOf(this.shapes());
      const bounds = this.map.getBounds();
      const seen = [...this.corners.values()].filter(({ at, of }) => of.size > 2 && bounds.contains(at));
      const over = new Set((this.over || []).map(({ at }) => key(at)));
      const dots = seen.length > MOST_DOTS ? [] : seen;
      return [...dots, ...(this.over || [])].map(({ at }) => {
        const { x, y } = this.map.project(at);
        return drawn("circle", { cx: x, cy: y, r: over.has(key(at)) ? 7 : 4, class: over.has(key(at)) ? "corner on" : "corner" });
      });
    }
  }

  window.gisappMapEdit = { Hand };
})();
