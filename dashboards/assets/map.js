/* The map component: window.dashboards.Map, drawn by MapLibre GL JS from the props of dashboards/map.py. */
(function () {
  "use strict";

  const React = window.React;
  const h = React.createElement;
  const { Living, pageTheme, specsOf } = window.gisappMapLiving;
  const DRAWN = ["layers", "answers", "shapes", "image", "markers", "visible", "opacity", "basemap", "language"];

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
        const { begun } = window.gisappMapLiving;
        if (begun && begun.id === props.id) living.current = begun.into(box.current, () => told.current);
        else {
          if (begun) begun.end();
          living.current = new Living(box.current, () => told.current);
        }
        living.current.addControls(frame.current);
      } catch (error) {
        setSeen({ blank: true });
        window.gisappMapLiving.stands = true;
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
    React.useEffect(() => { if (living.current) living.current.held = false; }, []); // what it began with is done
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
