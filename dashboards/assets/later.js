// What is mounted when the page's map stands (dashboards/later.py): the code of tables and charts is fetched then.
(() => {
  "use strict";

  const React = window.React;
  const MOST_MS = 10000; // a map that never stands keeps nothing back for longer

  function Later(props) {
    const [due, setDue] = React.useState(false);
    React.useEffect(() => {
      if (props.told !== undefined) return undefined;
      const now = () => {
        setDue(true);
        props.setProps({ due: true });
      };
      const timer = setTimeout(now, MOST_MS);
      window.addEventListener("gisapp-map-ready", now);
      return () => {
        clearTimeout(timer);
        window.removeEventListener("gisapp-map-ready", now);
      };
    }, []);
    if (props.told !== undefined)
      return React.createElement("div", { id: props.id, className: props.className, hidden: !props.told }, props.told ? props.children : null);
    const spinner = React.createElement("span", { className: "spinner" });
    return React.createElement("div", { id: props.id, className: props.className, "aria-busy": !due }, due ? props.children : spinner);
  }

  window.dashboards = { ...window.dashboards, Later };
})();
