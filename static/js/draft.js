// A form with data-draft (its key) keeps what is typed but not sent for this window: a reload of the
// page brings it back. Sent, it is forgotten: the server keeps it then. Passwords are never kept.

const form = document.querySelector("form[data-draft]");
const key = `draft ${form.dataset.draft}`;
const isKept = (field) =>
  field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type);

function save() {
  const typed = [...form.elements].filter(isKept).map((field) => {
    const isChoice = field.type === "checkbox" || field.type === "radio";
    return isChoice ? [field.name, field.value, field.checked] : [field.name, field.value, null];
  });
  const lists = [...form.querySelectorAll("[data-dual-list]")].map((box) => [
    box.dataset.dualList,
    [...box.querySelectorAll('[data-list="allocated"] input[type="hidden"]')].map((i) => i.value),
  ]);
  try {
    sessionStorage.setItem(key, JSON.stringify({ typed, lists }));
  } catch {
    // Private windows may refuse storage; a reload then shows what was sent last.
  }
}

function forget() {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function restoreList(box, values) {
  const items = [...box.querySelectorAll("[data-list] li")];
  const hidden = (item) => item.querySelector('input[type="hidden"]');
  for (const item of items) {
    const isChosen = values.includes(hidden(item).value);
    hidden(item).disabled = !isChosen;
    if (!isChosen) box.querySelector('[data-list="available"]').append(item);
  }
  for (const value of values) {
    const item = items.find((each) => hidden(each).value === value);
    if (item) box.querySelector('[data-list="allocated"]').append(item);
  }
  box.dispatchEvent(new CustomEvent("dual-list:change", { bubbles: true }));
}

function restore({ typed, lists }) {
  const fields = [...form.elements].filter(isKept);
  for (const [name, value, checked] of typed) {
    const same = fields.filter((field) => field.name === name);
    if (checked === null) for (const field of same) field.value = value;
    else for (const field of same) if (field.value === value) field.checked = checked;
  }
  for (const [name, values] of lists) {
    const box = form.querySelector(`[data-dual-list="${CSS.escape(name)}"]`);
    if (box) restoreList(box, values);
  }
}

const draft = kept();
if (draft) restore(draft);
form.addEventListener("input", save);
form.addEventListener("change", save);
form.addEventListener("dual-list:change", save);
form.addEventListener("submit", forget);
