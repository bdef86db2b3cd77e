// Buttons that write (dashboards/deeds.py): the dialog that asks for what a deed lacks.
(() => {
  "use strict";

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== false) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const now = (zone) => new Date().toLocaleString("sv-SE", { timeZone: zone }).slice(0, 16).replace(" ", "T");

  // "@me" is whoever presses the button (dashboards.deeds.MYSELF); the same page is made for many people.
  const me = () => document.querySelector("[data-me]")?.dataset.me || "";
  const proposed = (value) => (value === "@me" ? me() : value);
  const option = ([code, said]) =>
    code === "@me"
      ? element("option", { value: me() || "local" }, [said, me()].filter(Boolean).join(" · "))
      : element("option", { value: code }, said);

  // ---- the dialog that asks ------------------------------------------------------------------------------------------
  function input({ name, kind, value, required, choices, zone, least, list }) {
    const attributes = { name, required: required && "", list: list || false, id: `ask-${name}` };
    if (kind === "area") return element("textarea", { ...attributes, rows: 3 }, value);
    if (kind === "tick") return element("input", { ...attributes, type: "checkbox" });
    if (kind === "past") return element("input", { ...attributes, type: "datetime-local", min: least, max: now(zone) });
    if (kind === "quantity") return element("input", { ...attributes, value, type: "number", min: 0, step: "any" });
    const types = { moment: "datetime-local", day: "date" };
    if (kind !== "choice") return element("input", { ...attributes, value: proposed(value), type: types[kind] || "text" });
    return element("select", attributes, ...choices.map(option));
  }

  function inquire(page, title, fields, then) {
    const rows = fields.map((field) => element("label", { class: field.kind }, element("span", {}, field.label), input(field)));
    const cancel = element("button", { type: "button", class: "button" }, window.gisapp.say("cancel"));
    const buttons = element("div", { class: "buttons" }, cancel, element("button", { class: "button main" }, window.gisapp.say("ok")));
    const form = element("form", { method: "dialog", class: "writes" }, element("h2", {}, title), ...rows, buttons);
    const dialog = shown(page, element("dialog", { class: "ask", "aria-label": title }, form));
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => {
      const told = (field) => (field.kind === "tick" ? form[field.name].checked : form[field.name].value);
      then(Object.fromEntries(fields.map((field) => [field.name, told(field)])));
    });
  }

  function shown(page, dialog) {
    page.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
    return dialog;
  }

  window.gisappDeeds = { element, inquire, shown };
})();
