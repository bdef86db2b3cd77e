// The intake of a report by keyboard (dashboards/dispatch/form.py): typed once, answered while typing, sent by Enter.
(() => {
  "use strict";

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const page = () => document.querySelector("#shell-page .dispatch");
  const { element } = window.gisappDeeds;
  const WAIT_MS = 250;
  const FIELDS = ["category", "place", "words", "phone", "channel", "utility"];
  let timer = 0;
  let pin = null;
  let draft = "";
  let sent = null; // what was sent and is not yet answered
  let taking = false;

  const form = () => document.querySelector("#dispatch-form form");
  const offered = () => JSON.parse(document.getElementById("dispatch-intake").dataset.form);

  function option([value, said, utility]) {
    return element("option", { value, "data-utility": utility || false }, said);
  }

  function control(name, offers, says) {
    const attributes = { name, id: `intake-${name}`, autocomplete: "off" };
    if (name === "category") {
      const groups = offers.category.map(([label, rows]) => element("optgroup", { label }, ...rows.map(option)));
      return element("select", { ...attributes, required: "" }, element("option", { value: "" }, says.choose), ...groups);
    }
    if (offers[name]) return element("select", attributes, ...offers[name].map(option));
    const hint = { ...attributes, placeholder: says[`${name}.hint`] };
    return name === "words" ? element("textarea", { ...hint, rows: 2, maxlength: 4000 }) : element("input", { ...hint, type: name === "phone" ? "tel" : "text", maxlength: 200 });
  }

  function field(name, offers, says, ...more) {
    return element("div", { class: "field", "data-field": name }, element("label", { for: `intake-${name}` }, says[`${name}.label`]),
      element("div", { class: "beside" }, control(name, offers, says), ...more));
  }

  function build() {
    const { offers, words: says } = offered();
    const unpin = element("button", { type: "button", class: "button pin", "data-unpin": "true", hidden: "", title: says.unpin }, says.pin, " ×");
    const close = element("button", { type: "button", class: "plain", "data-shut": "true", "aria-label": window.gisapp.say("cancel") }, "×");
    const drill = element("label", { class: "tick" }, element("input", { type: "checkbox", name: "drill" }), says.drill);
    const made = element("form", { class: "taking", "aria-label": says.title },
      element("div", { class: "heading" }, element("h2", {}, says.title), close),
      field("category", offers, says),
      field("place", offers, says, unpin),
      element("p", { class: "quiet tip" }, says["pin.tip"]),
      field("words", offers, says), field("phone", offers, says),
      element("div", { class: "pair" }, field("channel", offers, says), field("utility", offers, says)),
      element("div", { class: "foot" }, element("button", { class: "button main writes" }, says.send), drill, element("span", { class: "quiet" }, says.keys)));
    document.getElementById("dispatch-form").replaceChildren(made);
    made.addEventListener("input", typed);
    made.addEventListener("submit", (event) => { event.preventDefault(); send(); });
    made.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.target.tagName === "BUTTON") return;
      event.preventDefault();
      // Enter in a list chooses there, and only goes on to the next field.
      if (event.target.tagName === "SELECT") made.elements[[...made.elements].indexOf(event.target) + 1].focus();
      else made.requestSubmit();
    });
    unpin.addEventListener("click", () => setPin(null));
  }

  function told() {
    const one = form();
    return { ...Object.fromEntries(FIELDS.map((name) => [name, one[name].value])), drill: one.drill.checked, pin };
  }

  // The number of the caller is not needed to say where a report goes, and stays in the form until it is sent.
  function typed(event) {
    if (event && event.target.name === "category") {
      const utility = event.target.selectedOptions[0].dataset.utility;
      if (utility) form().utility.value = utility;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!form()) return;
      const { phone: _phone, ...now } = told();
      const asked = JSON.stringify(now);
      if (asked === draft) return;
      draft = asked;
      setProps("dispatch-draft", { data: { ...now, at: Date.now() } });
    }, WAIT_MS);
  }

  function setPin(place) {
    pin = place;
    form().querySelector("[data-unpin]").hidden = !place;
    mark(place);
    typed();
  }

  function mark(place) {
    setProps("dispatch-map", { markers: place ? [{ lng: place[0], lat: place[1], text: "•" }] : [] });
  }

  function send(into = "") {
    const one = form();
    if (!one || !one.reportValidity()) return;
    const report = { ...told(), into };
    if (window.gisappDispatch.send("dispatch-send", report)) sent = report;
  }

  function enter() {
    if (!form()) build();
    taking = true;
    window.gisappDispatch.open("intake");
    setProps("dispatch-map", { cursor: "crosshair" });
    form().category.focus();
  }

  // What was typed stays until it is sent or begun anew: a glance at another incident loses nothing.
  function leave() {
    if (!page() || !taking) return;
    taking = false;
    setProps("dispatch-map", { cursor: "" });
  }

  function empty() {
    form().reset();
    draft = "";
    sent = null;
    setPin(null);
    clearTimeout(timer);
    setProps("dispatch-draft", { data: null });
  }

  window.gisappIntake = {
    enter,
    leave,
    found: (place) => { if (!pin) mark(place); },
    // While a report is taken down the map gives its place.
    clicked({ lng, lat }) {
      if (page().dataset.open !== "intake") return false;
      setPin([lng, lat]);
      return true;
    },
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.dispatchIntake = {
    sent(done) {
      if (!done || !form() || !sent) return;
      empty();
      leave();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".dispatch [data-into]");
    if (button) send(button.dataset.into);
  });
})();
