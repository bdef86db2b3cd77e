// What the commander's page writes: buttons that say what was done, the editor of texts.
(() => {
  "use strict";

  const STORES = { // where what a person did is told, by the right it needs
    "shutoff.decide": "emergency-decide", "emergency.record": "emergency-event-record", "emergency.decide": "emergency-event-decide",
  };
  const PATIENCE_MS = 20000; // an answer that never came unlocks the buttons
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const words = (...told) => window.gisappEmergency.words(...told);
  const { element } = window.gisappDeeds;
  const page = () => document.querySelector("#shell-page .emergency");
  const shown = (dialog) => window.gisappDeeds.shown(page(), dialog);
  const inquire = (title, fields, then) => window.gisappDeeds.inquire(page(), title, fields, then);
  let writing = 0;
  let after = null; // what to do once the present write is answered
  let paper = null; // the open editor

  // ---- one write at a time, so that a double click writes once ------------------------------------------------------
  function lock(on) {
    clearTimeout(writing);
    writing = on ? setTimeout(() => lock(false), PATIENCE_MS) : 0;
    if (page()) page().dataset.writing = String(on);
  }

  function send(deed, needs, then = null) {
    if (writing) return;
    lock(true);
    after = then;
    setProps(STORES[needs] || "emergency-record", { data: { ...deed, at: Date.now() } });
  }

  function act(button) {
    if (button.dataset.point) window.gisappEvents.point((place) => ask(button, place));
    else ask(button, {});
  }

  function ask(button, place) {
    const deed = { ...JSON.parse(button.dataset.deed), ...place };
    const { ask, title, needs } = button.dataset;
    const late = page().dataset.late === "true";
    page().dataset.late = "false";
    const fields = [...(ask ? JSON.parse(ask) : []), ...happened(deed)];
    if (ask || (late && fields.length)) inquire(title || button.textContent, fields, (answers) => send({ ...deed, ...answers }, needs));
    else send(deed, needs);
  }

  // when it happened: one click records what happens now; after the button of late entries the next one asks
  function happened(deed) {
    const button = document.querySelector(".emergency [data-when]");
    if (!button || !["step", "operate"].includes(deed.do)) return [];
    const field = JSON.parse(button.dataset.when);
    return [deed.do === "step" ? field : { ...field, least: "" }]; // a valve may have been closed before the record
  }

  function join(code, burst) {
    inquire(words("join", { burst, code }), [], () => send({ do: "amend", code, more: burst }, ""));
  }

  // ---- the editor of texts ---------------------------------------------------------------------------------------------
  function inquireText(code, kind, language, released) {
    setProps("emergency-asked", { data: { code, kind, language, released, at: Date.now() } });
  }

  function openPaper(code, kind) {
    const languages = element("div", { class: "buttons", role: "group", "aria-label": words("language") });
    for (const link of document.querySelectorAll(".languages a"))
      languages.append(element("button", { type: "button", class: "button", "data-language": link.lang }, link.title));
    const close = element("button", { type: "button", class: "plain", "aria-label": words("close") }, "×");
    const head = element("div", { class: "head" }, element("h2", {}, words(`kind_${kind}`)), languages, close);
    const body = element("div", { class: "paper-body" }, element("p", { class: "quiet" }, words("loading")));
    const dialog = shown(element("dialog", { class: "paper", "aria-label": words(`kind_${kind}`) }, head, body));
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { paper = null; });
    languages.addEventListener("click", ({ target }) => {
      if (target.dataset.language) inquireText(code, kind, target.dataset.language, true);
    });
    paper = { code, kind, body, languages };
    inquireText(code, kind, document.documentElement.lang, true);
  }

  function fill(text) {
    if (!text || !paper || text.code !== paper.code || text.kind !== paper.kind) return;
    for (const button of paper.languages.children)
      button.setAttribute("aria-pressed", String(button.dataset.language === text.language));
    const fixed = (text.frozen || !text.may) && "";
    const title = element("input", { name: "title", value: text.title, readonly: fixed, required: "", "aria-label": words("title") });
    const body = element("textarea", { name: "body", readonly: fixed, required: "", "aria-label": words("body") }, text.body);
    const said = element("p", { class: text.frozen ? "badge good" : "badge warn" }, text.mark);
    const blanks = text.blanks.length && !text.frozen
      ? [element("p", { class: "note" }, words("blanks", { count: text.blanks.length, list: text.blanks.join(" ") }))] : [];
    const notes = text.notes.map((note) => element("p", { class: "quiet" }, note));
    const form = element("form", { class: "writes", method: "dialog" }, title, body, foot(text));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { code, kind, language } = text;
      const written = { title: form.title.value, body: form.body.value, channel: form.channel.value };
      send({ do: "release", code, kind, language, ...written }, "", () => inquireText(code, kind, language, true));
    });
    paper.body.replaceChildren(said, ...blanks, form, ...notes);
  }

  function foot(text) {
    const { code, kind, language } = text;
    const again = (label, released) => {
      const button = element("button", { type: "button", class: "button" }, label);
      button.addEventListener("click", () => inquireText(code, kind, language, released));
      return button;
    };
    const file = (format) => element("a", {
      class: "button", download: "", href: `/shutoff-text?shutoff=${code}&kind=${kind}&lang=${language}&format=${format}`,
    }, words(format));
    const parts = text.frozen ? [again(words("draft"), false)] : [];
    if (!text.frozen && text.revision) parts.push(again(words("released"), true));
    if (!text.frozen && text.may) {
      parts.push(element("input", { name: "channel", placeholder: words("channel"), "aria-label": words("channel") }));
      parts.push(element("button", { class: "button main" }, words("release")));
    }
    return element("div", { class: "buttons" }, file("html"), file("docx"), ...parts);
  }

  window.gisappWrites = { join };
  window.dash_clientside = window.dash_clientside || {};
  Object.assign((window.dash_clientside.emergency = window.dash_clientside.emergency || {}), {
    busy(...on) {
      if (!on.includes(true) && on.includes(false)) lock(false);
    },

    written(...at) {
      if (at.some(Boolean) && after) after();
      after = null;
    },

    fill,
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".emergency :is([data-deed], [data-paper], [data-when])");
    if (!button) return;
    if (button.dataset.when) page().dataset.late = String(page().dataset.late !== "true");
    else if (button.dataset.deed) act(button);
    else openPaper(button.dataset.code, button.dataset.paper);
  });
})();
