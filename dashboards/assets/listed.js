// Pages of a list and of one row chosen in it (dashboards/listed.py): what is asked stands in the address; a deed asks for what it lacks.
(() => {
  "use strict";

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  function attach(name, { first, keys, deeds }) {
    const page = () => document.querySelector(`#shell-page .${name}`);
    let asked = null;
    let seen = ""; // what was brought into sight last

    function change(update) {
      if (asked) setProps(`${name}-asked`, { data: { ...asked, ...update } });
    }

    function send(deed) {
      if (page().dataset.writing === "true") return; // a double click writes once
      page().dataset.writing = "true";
      setProps(`${name}-${deeds}`, { data: { ...deed, at: Date.now() } });
    }

    window.dash_clientside = window.dash_clientside || {};
    window.dash_clientside[name] = {
      keep(now) {
        asked = now;
        page().dataset.view = now.view || first;
        window.gisapp.setState(Object.fromEntries(keys.map((key) => [key, now[key]])));
      },

      span() {
        setTimeout(() => {
          for (const select of page()?.querySelectorAll("[data-choose]") || []) select.value = select.dataset.now;
        }, 0);
      },

      chosen() { // on a phone it stands below the table; whoever reads it is not moved when it is told anew
        setTimeout(() => {
          const shown = page()?.querySelector(".picked .chosen");
          const code = shown ? shown.dataset.code : "";
          if (shown && code !== seen && innerWidth <= 860) shown.scrollIntoView({ block: "center" });
          seen = code;
        }, 60);
      },

      busy(on) {
        if (on === false) page().dataset.writing = "false";
      },
    };

    document.addEventListener("click", (event) => {
      const button = event.target.closest(`.${name} button`);
      if (!button) return;
      const { choice, deed, ask, title, anew } = button.dataset;
      if (choice) change({ [choice]: button.dataset[choice] });
      if (anew) change({ anew: Date.now() });
      if (deed && ask) window.gisappDeeds.inquire(page(), title, JSON.parse(ask), (answers) => send({ ...JSON.parse(deed), ...answers }));
      else if (deed) send(JSON.parse(deed));
    });

    document.addEventListener("change", ({ target }) => {
      if (target.matches(`.${name} [data-choose]`)) change({ [target.dataset.choose]: target.value });
    });
  }

  attach("assessment", { first: "proposals", keys: ["view", "span", "by", "kind", "done"], deeds: "decide" });
  attach("following", { first: "measures", keys: ["view", "state", "kind", "every"], deeds: "write" });
})();
