// What is mounted when the page's map stands (dashboards/later.py): the code of tables and charts is fetched then.
(() => {
  "use strict";

  const React = window.React;
  const MOST_MS = 10000; // a map that never stands keeps nothing back for longer
  const AGAIN_MS = 3000; // after a script could not be fetched
  const LOOK_MS = 100; // how often is looked whether the page still waits for answers

  const fetched = new Map(); // the address of a script -> when it has run

  function run(script) {
    if (!fetched.has(script))
      fetched.set(script, new Promise((done, failed) => {
        const tag = document.createElement("script");
        Object.assign(tag, { src: script, onload: done, onerror: () => { tag.remove(); fetched.delete(script); failed(); } });
        document.head.append(tag);
      }));
    return fetched.get(script);
  }

  function Later(props) {
    const [due, setDue] = React.useState(false);
    React.useEffect(() => {
      if (props.told !== undefined) return undefined;
      const show = () => {
        setDue(true);
        props.setProps({ due: true });
      };
      const now = () => (props.script ? run(props.script).then(show, () => setTimeout(now, AGAIN_MS)) : show());
      const timer = setTimeout(now, MOST_MS);
      let looking;
      // A map that stood before the page: what the page shows first comes first.
      const look = () => {
        looking = document.querySelector("#shell-page [data-dash-is-loading]") ? setTimeout(look, LOOK_MS) : now();
      };
      if (props.alone) now();
      else if (window.gisappMapLiving.stands) looking = setTimeout(look, LOOK_MS);
      else window.addEventListener("gisapp-map-ready", now);
      return () => {
        clearTimeout(timer);
        clearTimeout(looking);
        window.removeEventListener("gisapp-map-ready", now);
      };
    }, []);
    if (props.told !== undefined)
      return React.createElement("div", { id: props.id, className: props.className, hidden: !props.told }, props.told ? props.children : null);
    const spinner = React.createElement("span", { className: "spinner" });
    return React.createElement("div", { id: props.id, className: props.className, "aria-busy": !due }, due ? props.children : spinner);
  }

  // Dash looks up every component of a page when it comes; the code of tables puts itself in this place when it has run.
  window.dash_ag_grid = window.dash_ag_grid || { AgGrid: () => null };
  window.dashboards = { ...window.dashboards, Later };
})();
