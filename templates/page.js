// The script of all pages: colours, and where there are changes, a filter over them. Everything can be read without it.
"use strict";

const byId = (id) => document.getElementById(id);

/** Light or dark: what the system says, until somebody presses the button. */
function setUpTheme() {
  const button = byId("theme");
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light colours" : "Dark colours"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
}

/** The filter over the changes: words in names and SQL, kinds of changes, only those with findings or questions. */
function setUpFilter() {
  const filter = byId("filter");
  if (!filter) return;
  filter.hidden = false;
  const changes = [...document.querySelectorAll("#changes .change")];
  const texts = new Map();  // read when somebody first searches
  const textOf = (change) => {
    if (!texts.has(change)) texts.set(change, change.textContent.toLowerCase());
    return texts.get(change);
  };
  const search = byId("search");
  const marked = byId("marked");
  const boxes = [...filter.querySelectorAll("input[name=action]")];
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const actions = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const change of changes) {
      const fits = actions.has(change.dataset.action) && (!marked.checked || "marked" in change.dataset) &&
        (words.length === 0 || words.every((word) => textOf(change).includes(word)));
      change.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const group of document.querySelectorAll("#changes .group")) group.hidden = !group.querySelector(".change:not([hidden])");
    byId("shown").textContent = shown === changes.length ? `${shown} changes` : `${shown} of ${changes.length} changes`;
  };
  let later = 0;
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(show, 80);
  });
  for (const box of [...boxes, marked]) box.addEventListener("change", show);
  const open = byId("open");
  open.addEventListener("click", () => {
    const opens = open.textContent === "Open all";
    for (const change of changes) if (!change.hidden) change.open = opens;
    open.textContent = opens ? "Close all" : "Open all";
  });
  show();
}

/** Zoom by buttons, and by the wheel with Ctrl; drag to move. Without the script the picture scrolls. */
function setUpDiagrams() {
  for (const section of document.querySelectorAll(".diagram")) {
    const canvas = section.querySelector(".canvas");
    const picture = canvas.querySelector("svg");
    const [width, height] = picture.getAttribute("viewBox").split(" ").slice(2).map(Number);
    let zoom = 1;
    const set = (wanted) => {
      zoom = Math.min(4, Math.max(0.05, wanted));
      picture.setAttribute("width", width * zoom);
      picture.setAttribute("height", height * zoom);
    };
    const fit = () => set(Math.min(1, (canvas.clientWidth - 4) / width));
    section.querySelector(".zoom").hidden = false;
    for (const button of section.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => (button.dataset.zoom === "fit" ? fit() : set(zoom * Number(button.dataset.zoom))));
    }
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      set(zoom * (event.deltaY < 0 ? 1.1 : 0.9));
    }, {passive: false});
    let from = null;
    let moved = false;
    canvas.addEventListener("pointerdown", (event) => {
      from = [event.clientX + canvas.scrollLeft, event.clientY + canvas.scrollTop];
      moved = false;
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [from[0] - event.clientX, from[1] - event.clientY];
      moved = moved || Math.abs(x - canvas.scrollLeft) + Math.abs(y - canvas.scrollTop) > 4;
      if (!moved) return;
      canvas.classList.add("dragged");
      canvas.scrollTo(x, y);
    });
    addEventListener("pointerup", () => {
      from = null;
      canvas.classList.remove("dragged");
    });
    canvas.addEventListener("click", (event) => { if (moved) event.preventDefault(); }, true);
    canvas.addEventListener("dragstart", (event) => event.preventDefault());
    fit();
  }
}

/** A link to a change opens it, and shows it whatever the filter says. */
function openTarget() {
  const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  const group = target && target.closest(".group");
  if (group) group.hidden = false;
  if (!target || target.tagName !== "DETAILS") return;
  target.hidden = false;
  target.open = true;
  target.scrollIntoView();
}

/** On paper everything is open. */
function setUpPrint() {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });
}

// ---- a served page: answers go to the server, which sends what follows from them ----

/** What the controls say, as an answers file has it. */
function collectAnswers() {
  const answers = {renames: {}, dropped: [], kept: [], aside: [], values: {}, fill: {}};
  for (const select of document.querySelectorAll("select[data-rename]")) {
    const key = select.dataset.rename;
    if (select.value.startsWith("to:")) answers.renames[key] = select.value.slice(3);
    else if (select.value) answers[select.value].push(key);
  }
  for (const group of document.querySelectorAll("[data-fill]")) {
    const rule = collectRule(group);
    if (rule) answers.fill[group.dataset.fill] = rule;
  }
  for (const table of document.querySelectorAll("[data-values]")) {
    const map = {};
    for (const control of table.querySelectorAll("[data-old]")) {
      if (control.value === "") continue;
      if (control.tagName === "INPUT") map[control.dataset.old] = control.value;
      else map[control.dataset.old] = control.value === "null" ? null : control.value.slice(3);
    }
    if (Object.keys(map).length > 0) answers.values[table.dataset.values] = map;
  }
  return answers;
}

function collectRule(group) {
  const kind = group.querySelector(".kind").value;
  if (!kind) return null;
  if (kind === "random") return {random: true};
  if (kind === "rows") {
    const rows = {};
    for (const input of group.querySelectorAll("[data-row]")) if (input.value !== "") rows[input.dataset.row] = input.value;
    return Object.keys(rows).length > 0 ? {rows} : null;
  }
  const text = group.querySelector(`[data-for="${kind}"] input, [data-for="${kind}"] select`).value;
  return text === "" && kind !== "constant" && kind !== "key" ? null : {[kind]: text};
}

/** The fields that the chosen rule has. */
function showFields(group) {
  for (const field of group.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== group.querySelector(".kind").value;
}

/** Says something where screen readers hear it. */
function tell(text, bad) {
  const status = byId("status");
  status.textContent = text;
  status.classList.toggle("bad", Boolean(bad));
}

async function send(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  const type = answer.headers.get("Content-Type") || "";
  const said = type.startsWith("application/json") ? await answer.json() : {error: await answer.text()};
  if (!answer.ok || said.error) throw new Error((said.error || answer.statusText) + (said.hint ? "\n" + said.hint : ""));
  return said;
}

/** Takes the new content, and leaves what the person was doing as it was. */
function replaceMain(said) {
  const open = [...document.querySelectorAll("details[open]")].map((each) => each.id);
  const kept = {};
  for (const id of ["message", "search"]) if (byId(id)) kept[id] = byId(id).value;
  const unchecked = [...document.querySelectorAll("#filter input[name=action]:not(:checked)")].map((box) => box.value);
  const onlyMarked = byId("marked") && byId("marked").checked;
  const active = document.activeElement && document.activeElement.id;
  const typed = active && document.activeElement.matches("input[type=text]") ? document.activeElement.value : null;
  const place = scrollY;
  // A rule that is chosen and has no text yet is no answer, and stays chosen.
  const begun = new Map([...document.querySelectorAll("[data-fill]")].map((group) => [group.dataset.fill, group.querySelector(".kind").value]));
  byId("main").innerHTML = said.html;
  for (const id of open) if (byId(id)) byId(id).open = true;
  for (const [id, value] of Object.entries(kept)) if (byId(id)) byId(id).value = value;
  for (const box of document.querySelectorAll("#filter input[name=action]")) box.checked = !unchecked.includes(box.value);
  if (byId("marked")) byId("marked").checked = Boolean(onlyMarked);
  for (const group of document.querySelectorAll("[data-fill]")) {
    const kind = group.querySelector(".kind");
    if (kind.value === "" && begun.get(group.dataset.fill)) {
      kind.value = begun.get(group.dataset.fill);
      showFields(group);
    }
  }
  byId("verdict").textContent = said.verdict;
  byId("verdict").className = "verdict " + (said.good ? "good" : "bad");
  setUpFilter();
  setUpDiagrams();
  setUpActions();
  const again = active && byId(active);
  if (again) {
    if (typed !== null) again.value = typed;
    again.focus({preventScroll: true});
  }
  scrollTo({top: place, behavior: "instant"});
}

let asking = 0;  // only the newest answer counts
async function takeAnswers() {
  const mine = ++asking;
  document.body.setAttribute("aria-busy", "true");
  try {
    const said = await send("answers", collectAnswers());
    if (mine !== asking) return;
    replaceMain(said);
    tell(said.verdict);
  } catch (error) {
    if (mine === asking) tell(error.message, true);
  }
  if (mine === asking) document.body.removeAttribute("aria-busy");
}

function setUpActions() {
  const finish = (path) => async () => {
    for (const button of document.querySelectorAll("#finish button")) button.disabled = true;
    try {
      const said = await send(path, {message: byId("message") ? byId("message").value : ""});
      tell([said.wrote, said.plan].filter(Boolean).map((file) => "wrote " + file).join(", ") + ". The server has ended: this page can be closed.");
      for (const control of document.querySelectorAll("main select, main input, main button")) control.disabled = true;
      document.body.dataset.done = "yes";
    } catch (error) {
      tell(error.message, true);
      for (const button of document.querySelectorAll("#finish button")) button.disabled = false;
    }
  };
  if (byId("write")) byId("write").addEventListener("click", finish("write"));
  if (byId("approve")) byId("approve").addEventListener("click", finish("approve"));
}

function setUpAnswers() {
  if (!byId("status")) return;
  setUpActions();
  byId("main").addEventListener("change", (event) => {
    const control = event.target;
    if (!control.closest("#questions")) return;
    if (control.matches(".kind")) {
      const group = control.closest("[data-fill]");
      showFields(group);
      if (control.value !== "" && collectRule(group) === null) return;
    }
    takeAnswers();
  });
}

setUpTheme();
setUpFilter();
setUpDiagrams();
setUpPrint();
setUpAnswers();
openTarget();
addEventListener("hashchange", openTarget);
