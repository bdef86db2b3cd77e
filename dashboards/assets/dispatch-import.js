// A hotline's export comes in (dashboards/dispatch/importing.py): chosen, checked, looked at, brought in.
(() => {
  "use strict";

  const { element } = window.gisappDeeds;
  const page = () => document.querySelector("#shell-page .dispatch");
  const place = () => document.getElementById("dispatch-import");
  const offered = () => JSON.parse(place().dataset.import);
  const form = () => place().querySelector("form");
  let running = null; // the request that is on its way
  let checked = null; // the sum of the file that was checked, as it was stated

  const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name] ?? "");

  function field(name, says, control) {
    return element("div", { class: "field", "data-field": name }, element("label", { for: `import-${name}` }, says[name]), control);
  }

  function list(name, offers) {
    return element("select", { name, id: `import-${name}` }, ...offers[name].map(([value, said]) => element("option", { value }, said)));
  }

  function build() {
    const { offers, words: says } = offered();
    const close = element("button", { type: "button", class: "plain", "data-shut": "true", "aria-label": says.close }, "×");
    const mapping = field("mapping", says, element("input", { type: "file", name: "mapping", id: "import-mapping", accept: ".toml" }));
    mapping.hidden = true;
    const made = element("form", { class: "taking", "aria-label": says.title },
      element("div", { class: "heading" }, element("h2", {}, says.title), close),
      element("p", { class: "quiet" }, says.tip),
      field("file", says, element("input", { type: "file", name: "file", id: "import-file", accept: ".csv,.xlsx" })),
      field("layout", says, list("layout", offers)), mapping,
      field("encoding", says, list("encoding", offers)),
      field("places", says, list("places", offers)),
      element("label", { class: "tick" }, element("input", { type: "checkbox", name: "skip" }), says.skip),
      element("div", { class: "foot" }, element("button", { class: "button main", name: "check" }, says.check),
        element("button", { class: "button", type: "button", name: "stop", hidden: "" }, says.stop)));
    const progress = element("div", { class: "running", hidden: "" }, element("progress", { max: 100, value: 0, "aria-label": says.title }), element("span", { class: "quiet", role: "status" }));
    place().replaceChildren(made, progress, element("div", { class: "outcome", "aria-live": "polite" }));
    made.addEventListener("submit", (event) => { event.preventDefault(); send(false); });
    made.addEventListener("change", ({ target }) => {
      mapping.hidden = made.layout.value !== "own";
      if (target.name === "skip") return void offerBringing();
      checked = null; // what was checked is no longer what is stated
      outcome();
    });
    made.stop.addEventListener("click", () => running?.abort());
  }

  function outcome(...children) {
    place().querySelector(".outcome").replaceChildren(...children);
  }

  const said = (text, look) => element("p", { class: `said ${look}` }, text);

  function token() {
    const { csrf_token_name: name } = JSON.parse(document.getElementById("_dash-config").textContent);
    const cookie = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
    return cookie ? decodeURIComponent(cookie.slice(name.length + 1)) : "";
  }

  function show(share, words) {
    const bar = place().querySelector(".running");
    bar.hidden = false;
    bar.querySelector("progress").value = 100 * share;
    bar.querySelector("span").textContent = fill(words, { share: `${Math.floor(100 * share)} %` });
  }

  function busy(on) {
    const one = form();
    for (const control of one.elements) if (control.name !== "stop" && !control.dataset.shut) control.disabled = on;
    one.stop.hidden = !on;
    place().querySelector(".running").hidden = !on;
    for (const button of place().querySelectorAll(".outcome [data-bring]")) button.disabled = on;
  }

  function send(write) {
    const { rule, words: says, max_bytes: most } = offered();
    const one = form();
    const file = one.file.files[0];
    if (running) return;
    if (!file) return void outcome(said(says.none, "bad"));
    if (file.size > most) return void outcome(said(fill(says.too_large, { file: file.name, size: Math.ceil(file.size / 2 ** 20) }), "bad"));
    const body = new FormData();
    for (const name of ["layout", "encoding", "places"]) body.append(name, one[name].value);
    body.append("skip", one.skip.checked);
    body.append("write", write);
    body.append("checked", checked || "");
    if (one.layout.value === "own" && one.mapping.files[0]) body.append("mapping", one.mapping.files[0]);
    body.append("file", file);
    running = new XMLHttpRequest();
    running.open("POST", rule);
    running.setRequestHeader("X-CSRFToken", token());
    running.upload.onprogress = ({ loaded, total }) => show(loaded / total, says.sending);
    running.onprogress = ({ target }) => {
      const line = lines(target.responseText).findLast((told) => told.total);
      if (line) show(line.done / line.total, says.reading);
    };
    running.onload = ({ target }) => ended(() => finish(target, write));
    running.onerror = () => ended(() => outcome(said(says.lost, "bad")));
    running.onabort = () => ended(() => outcome(said(says.stopped, "bad")));
    if (!write) outcome();
    busy(true);
    show(0, says.sending);
    running.send(body);
  }

  function ended(then) {
    running = null;
    if (!place()) return;
    busy(false);
    then();
    place().querySelector(".outcome > :first-child")?.scrollIntoView({ block: "nearest" });
  }

  // The last line is whole only when the answer is.
  function lines(text) {
    return text.split("\n").slice(0, -1).filter(Boolean).map((line) => JSON.parse(line));
  }

  function finish({ status, responseText }, write) {
    const { words: says } = offered();
    if (status !== 200) {
      let told = says.lost;
      try { told = JSON.parse(responseText).error || told; } catch { /* a page of the server, not its words */ }
      return outcome(said(told, "bad"));
    }
    const last = lines(responseText).at(-1) || {};
    if (last.fault || !last.end) return outcome(said(last.fault || says.lost, "bad"), said(says.refused, ""));
    checked = last.end.written ? null : last.end.sum;
    report(last.end);
    if (write && last.end.written) {
      form().reset();
      window.dash_clientside.set_props("dispatch-written", { data: Date.now() });
    }
  }

  function pairs(rows) {
    return element("dl", { class: "pairs" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
  }

  function report(told) {
    const { words: says } = offered();
    const count = (number) => number.toLocaleString(document.documentElement.lang);
    const figures = ["rows", "accepted", "rejected"].map((name) => element("div", {}, element("dt", {}, says[name]), element("dd", { "data-figure": name }, count(told[name]))));
    const parts = [told.written ? said(fill(says.done, { count: count(told.accepted) }), "good") : said(says.checked, "good"), element("dl", { class: "figures" }, ...figures)];
    if (!told.written) parts.push(element("button", { class: "button main", type: "button", "data-bring": told.rejected, "data-accepted": told.accepted }, fill(says.bring, { count: count(told.accepted) })));
    parts.push(...told.warnings.map((text) => element("p", { class: "quiet" }, text)));
    if (told.faults.length) parts.push(element("h3", {}, says.faults), download(told), faults(told));
    parts.push(element("h3", {}, says.answers), pairs(told.answers.map(([name, number]) => [name, count(number)])));
    const encoding = told.encoding ? [[says.encoding, told.encoding]] : [];
    parts.push(element("h3", {}, says.columns), pairs([...told.columns, ...encoding]));
    outcome(...parts);
    const bring = place().querySelector("[data-bring]");
    bring?.addEventListener("click", () => send(true));
    offerBringing();
    bring?.focus();
  }

  // All or nothing, unless the person says that the rejected rows are to be left out.
  function offerBringing() {
    const bring = place().querySelector("[data-bring]");
    if (bring) bring.disabled = bring.dataset.accepted === "0" || (bring.dataset.bring !== "0" && !form().skip.checked);
  }

  function faults({ faults: rows, fault_count: all }) {
    const { words: says } = offered();
    const items = rows.map(([row, name, found, todo]) => element("li", {}, element("b", {}, `${says.row} ${row} · ${name}`), element("div", {}, found), element("small", {}, todo)));
    if (all > rows.length) items.push(element("li", { class: "quiet" }, fill(says.more_faults, { count: all - rows.length })));
    return element("ul", { class: "faults", tabindex: "0", "aria-label": says.faults }, ...items);
  }

  function download({ file, csv }) {
    const link = element("button", { class: "button", type: "button" }, offered().words.all_faults);
    link.addEventListener("click", () => {
      const url = URL.createObjectURL(new Blob(["\ufeff", csv], { type: "text/csv" }));
      element("a", { href: url, download: `${file}.rejected.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
    return link;
  }

  window.gisappImport = {
    enter() {
      if (!form()) build();
      window.gisappDispatch.open("import");
      form().file.focus();
    },
  };
})();
