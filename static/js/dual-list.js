// Two lists: options move between them without asking the server. Without this file the four
// buttons submit the form and the server moves them.
//
// Each option is a checkbox (picked or not) and a hidden field with the form's own name, which is
// disabled while the option stands in the list of available ones.

const list = (box, name) => box.querySelector(`[data-list="${name}"]`);
const boxesIn = (place) => [...place.querySelectorAll('input[type="checkbox"]')];
const picked = (place) => boxesIn(place).filter((input) => input.checked);

function refresh(box) {
  const available = list(box, "available");
  const allocated = list(box, "allocated");
  const off = {
    add: picked(available).length === 0,
    remove: picked(allocated).length === 0,
    "add-all": boxesIn(available).length === 0,
    "remove-all": boxesIn(allocated).length === 0,
  };
  for (const button of box.querySelectorAll("[data-move]")) {
    button.disabled = off[button.dataset.move];
  }
}

function move(box, what) {
  const adding = what.startsWith("add");
  const from = list(box, adding ? "available" : "allocated");
  const to = list(box, adding ? "allocated" : "available");
  const moving = (what.endsWith("all") ? boxesIn(from) : picked(from)).map((i) => i.closest("li"));
  if (moving.length === 0) return;
  const name = (item) => item.querySelector(".pick-name").textContent;
  for (const item of moving) {
    item.querySelector('input[type="checkbox"]').checked = false;
    item.querySelector('input[type="hidden"]').disabled = !adding;
    to.append(item);
  }
  if (!adding) {
    to.append(...[...to.children].sort((a, b) => name(a).localeCompare(name(b))));
  }
  refresh(box);
  moving[0].querySelector('input[type="checkbox"]').focus();
  const words = adding ? box.dataset.added : box.dataset.removed;
  box.querySelector("[data-said]").textContent = `${words}: ${moving.map(name).join(", ")}`;
  box.dispatchEvent(new CustomEvent("dual-list:change", { bubbles: true }));
}

function step(input, by) {
  const all = boxesIn(input.closest("[data-list]"));
  all[all.indexOf(input) + by]?.focus();
}

const boxOf = (event) => event.target.closest?.("[data-dual-list]");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  event.preventDefault();
  move(button.closest("[data-dual-list]"), button.dataset.move);
});

document.addEventListener("dblclick", (event) => {
  const item = event.target.closest("[data-list] li");
  if (!item) return;
  const side = item.closest("[data-list]").dataset.list;
  item.querySelector('input[type="checkbox"]').checked = true;
  move(boxOf(event), side === "available" ? "add" : "remove");
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.('[data-list] input[type="checkbox"]')) return;
  const side = event.target.closest("[data-list]").dataset.list;
  const keys = {
    ArrowDown: () => step(event.target, 1),
    ArrowUp: () => step(event.target, -1),
    Enter: () => {
      event.target.checked = true;
      move(boxOf(event), side === "available" ? "add" : "remove");
    },
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("change", (event) => {
  const box = boxOf(event);
  if (box) refresh(box);
});

// Fires once for the page and again for each part that htmx brings.
document.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt;
  if (part.matches?.("[data-dual-list]")) refresh(part);
  part.querySelectorAll("[data-dual-list]").forEach(refresh);
});
