// The limit editor: figures of a day while typing, inherited prices, unsaved cells, Set all below,
// search and folding. Without it the same buttons ask the server, which stores nothing but on Save.

const form = document.querySelector("[data-limit-editor]");
const UNLIMITED = "unlimited";
const BARRED = "barred";
const INHERITED = ["max_price_per_minute", "max_setup_price"];

const rows = new Map();
for (const element of form.querySelectorAll("[data-row]")) {
  const cells = {};
  for (const input of element.querySelectorAll("[data-field]")) cells[input.dataset.field] = input;
  rows.set(element.dataset.row, {
    id: element.dataset.row,
    parent: element.dataset.parent,
    name: element.dataset.name,
    isLeaf: "leaf" in element.dataset,
    element,
    cells,
    question: form.querySelector(`[data-question="${element.dataset.row}"]`),
  });
}

const normal = (text) => text.trim().toLowerCase();
const above = (row) => rows.get(row.parent);

function isBelow(row, parent) {
  for (let node = above(row); node; node = above(node)) if (node === parent) return true;
  return false;
}

const leavesOf = (parent) => [...rows.values()].filter((row) => row.isLeaf && isBelow(row, parent));

// Figures: whole seconds, floored; shown as minutes with two decimals.

const chosen = (name) => form.querySelector(`[name="${name}"]:checked`)?.value ?? "";
const shownMinutes = (seconds) => (Math.round((seconds * 5) / 3) / 100).toFixed(2);

function percent() {
  const input = form.querySelector("[name=percent]");
  const valid = /^\d{1,3}$/.test(input.value.trim()) && Number(input.value) <= 100;
  input.classList.toggle("is-invalid", !valid);
  return valid ? Number(input.value) : 100;
}

function figures(row, divisor, share) {
  const text = normal(row.cells.minutes.value);
  const day = row.element.querySelector("[data-day]");
  const offHours = row.element.querySelector("[data-off-hours]");
  let words = "—";
  if (text === UNLIMITED) words = "Unlimited";
  else if (text === BARRED || /^0+$/.test(text)) words = "Barred";
  row.cells.minutes.classList.toggle("is-barred", words === "Barred");
  if (words === "—" && /^\d{1,7}$/.test(text)) {
    const seconds = Number(text) * 60;
    day.textContent = shownMinutes(Math.floor(seconds / divisor));
    offHours.textContent = shownMinutes(Math.floor((seconds * share) / (100 * divisor)));
  } else {
    day.textContent = words;
    offHours.textContent = words;
  }
}

function inherit(row) {
  for (const field of INHERITED) {
    let node = above(row);
    while (node && !node.cells[field].value.trim()) node = above(node);
    const input = row.cells[field];
    input.placeholder = node?.cells[field].value.trim() || " ";
    input.classList.toggle("is-inherited", Boolean(node));
  }
}

function refresh() {
  const divisor = Number(chosen("days"));
  const share = percent();
  let changed = 0;
  for (const row of rows.values()) {
    figures(row, divisor, share);
    inherit(row);
    for (const input of Object.values(row.cells)) {
      const unsaved = normal(input.value) !== normal(input.dataset.shown);
      input.classList.toggle("is-unsaved", unsaved);
      changed += unsaved;
    }
    const cap = row.element.querySelector("[data-cap]");
    if (cap) cap.hidden = !row.cells.minutes.value.trim();
  }
  const count = form.querySelector("[data-count]");
  if (!count) return changed;
  const { none, one, many } = count.dataset;
  count.textContent = [none, one][changed] ?? many.replace("{n}", changed);
  return changed;
}

// Set all below

function ask(row) {
  if (!row.question) return;
  const button = row.question.querySelector("[data-below=blank]");
  const blank = leavesOf(row).filter((leaf) => !leaf.cells.minutes.value.trim());
  const { one, words } = button.dataset;
  button.textContent = blank.length === 1 ? one : words.replace("{n}", blank.length);
  row.question.hidden = false;
}

function setBelow(row, how) {
  if (how !== "cap") {
    const value = row.cells.minutes.value.trim();
    for (const leaf of leavesOf(row)) {
      if (how === "all" || !leaf.cells.minutes.value.trim()) leaf.cells.minutes.value = value;
    }
    row.cells.minutes.value = "";
  }
  row.question.hidden = true;
  row.cells.minutes.focus();
  refresh();
}

// Search, filter, fold

const folded = new Set();
let found = null; // ids that a number was looked up to, or null

function matches(row, words, which) {
  if (which === "barred" && !row.cells.minutes.classList.contains("is-barred")) return false;
  if (which === "value" && !Object.values(row.cells).some((cell) => cell.value.trim())) return false;
  if (found) return found.has(Number(row.id));
  return !words || row.name.includes(words);
}

function narrow() {
  const words = normal(form.querySelector("[data-search]").value);
  const which = chosen("which");
  const keep = new Set();
  for (const row of rows.values()) {
    if (!matches(row, words, which)) continue;
    for (let node = row; node; node = above(node)) keep.add(node.id);
  }
  const narrowed = Boolean(words || which);
  for (const row of rows.values()) {
    let inside = false;
    for (let node = above(row); node; node = above(node)) inside ||= folded.has(node.id);
    row.element.hidden = !keep.has(row.id) || (inside && !narrowed);
    if (row.element.hidden && row.question) row.question.hidden = true;
  }
  form.querySelector("[data-nothing]").hidden = keep.size > 0;
}

let asked = 0;

async function search() {
  const words = form.querySelector("[data-search]").value.trim();
  const turn = ++asked;
  found = null;
  if (/\d/.test(words) && !/\p{L}/u.test(words)) {
    const answer = await fetch(`${form.dataset.lookup}?q=${encodeURIComponent(words)}`);
    if (turn !== asked) return;
    found = new Set(answer.ok ? (await answer.json()).ids : []);
  }
  narrow();
}

function fold(row, close) {
  row.element.querySelector("[data-fold]").setAttribute("aria-expanded", String(!close));
  if (close) folded.add(row.id);
  else folded.delete(row.id);
}

const rowOf = (element) => {
  const line = element.closest("tr");
  return rows.get(line.dataset.row ?? line.dataset.question);
};

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask], [data-below], [data-fold]");
  if (!button) return;
  event.preventDefault();
  const row = rowOf(button);
  if ("ask" in button.dataset) {
    ask(row);
  } else if ("fold" in button.dataset) {
    fold(row, !folded.has(row.id));
    narrow();
  } else {
    setBelow(row, button.dataset.below);
  }
});

form.addEventListener("input", (event) => {
  if (event.target.matches("[data-search]")) search();
  else refresh();
});

form.addEventListener("change", (event) => {
  if (event.target.name === "which") narrow();
  const isMinutes = event.target.dataset.field === "minutes";
  const row = isMinutes && rowOf(event.target);
  if (row && !row.isLeaf && event.target.value.trim()) ask(row);
});

window.addEventListener("beforeunload", (event) => {
  if (!form.dataset.sent && refresh() > 0) event.preventDefault();
});

// Continents without a value begin folded.
for (const row of rows.values()) {
  if (!row.element.querySelector("[data-fold]")) continue;
  const inside = [row, ...leavesOf(row)];
  const busy = inside.some((each) => each.element.querySelector("[aria-invalid]"));
  if (!busy && inside.every((each) => !each.cells.minutes.value.trim())) fold(row, true);
}
for (const button of form.querySelectorAll("[data-without-script]")) button.hidden = true;
refresh();
search();
