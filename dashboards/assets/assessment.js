// The page of assessments in the browser: what is asked stands in the address; a decision asks for its reason.
(() => {
  "use strict";

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .assessment");
  let asked = null;

  function change(update) {
    if (asked) setProps("assessment-asked", { data: { ...asked, ...update } });
  }

  function send(deed) {
    if (page().dataset.writing === "true") return; // a double click writes once
    page().dataset.writing = "true";
    setProps("assessment-decide", { data: { ...deed, at: Date.now() } });
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.assessment = {
    keep(now) {
      asked = now;
      page().dataset.view = now.view || "proposals";
      const { view, span, by, kind, done } = now;
      window.gisapp.setState({ view, span, by, kind, done });
    },

    span() {
      setTimeout(() => {
        const select = page()?.querySelector("[data-ask-span]");
        if (select) select.value = select.dataset.askSpan;
      }, 0);
    },

    chosen() { // on a phone it stands below the table
      setTimeout(() => {
        const shown = document.querySelector("#assessment-chosen .chosen");
        if (shown && innerWidth <= 860) shown.scrollIntoView({ block: "center" });
      }, 60);
    },

    busy(on) {
      if (on === false) page().dataset.writing = "false";
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".assessment button");
    if (!button) return;
    const { choice, deed, ask, title, anew } = button.dataset;
    if (choice) change({ [choice]: button.dataset[choice] });
    if (anew) change({ anew: Date.now() });
    if (deed) window.gisappDeeds.inquire(page(), title, JSON.parse(ask), (answers) => send({ ...JSON.parse(deed), ...answers }));
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches(".assessment [data-ask-span]")) change({ span: event.target.value });
  });
})();
