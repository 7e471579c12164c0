// What every page does: theme, left column, tree, toasts, copying, menu keys, one submit at a time.
// Behaviour hangs on data attributes; htmx may bring new elements, so listeners sit on the document.

const keep = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse storage; the choice then lasts for this page.
  }
};

const kept = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

function toggleTheme() {
  const root = document.documentElement;
  root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  keep("theme", root.dataset.bsTheme);
}

function toggleSidebar() {
  const root = document.documentElement;
  root.dataset.sidebar = root.dataset.sidebar === "closed" ? "open" : "closed";
  keep("sidebar", root.dataset.sidebar);
}

// Tree: opened and closed branches are remembered by their id.

const treeState = () => JSON.parse(kept("tree") ?? "{}");

function setBranch(button, open) {
  button.setAttribute("aria-expanded", String(open));
}

function toggleBranch(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  setBranch(button, open);
  const state = treeState();
  state[button.dataset.treeToggle] = open;
  keep("tree", JSON.stringify(state));
}

function restoreTree(within) {
  const state = treeState();
  for (const button of within.querySelectorAll("[data-tree-toggle]")) {
    const open = state[button.dataset.treeToggle];
    const holdsCurrent = button.closest("li").querySelector("ul [aria-current]");
    if (open === undefined || (open === false && holdsCurrent)) continue;
    const wasOpen = button.getAttribute("aria-expanded") === "true";
    setBranch(button, open);
    // A branch that was opened before and is not on the page yet is fetched.
    if (open && !wasOpen && button.hasAttribute("hx-get")) {
      window.htmx?.trigger(button, "branch:load");
    }
  }
}

// Toasts go after six seconds unless somebody is at them.

function startToast(toast) {
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), 6000);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", stop);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("mouseleave", start);
  toast.addEventListener("focusout", start);
  start();
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copyFrom ?? "");
  const text = button.dataset.copy ?? source?.value ?? source?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text.trim());
  } catch {
    source?.select?.();
    document.execCommand("copy");
  }
  announce(button.dataset.copied);
}

function announce(words) {
  const place = document.querySelector("[data-toasts]");
  if (!place || !words) return;
  const toast = document.createElement("div");
  toast.className = "toast-note";
  toast.textContent = words;
  place.append(toast);
  startToast(toast);
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  button.setAttribute("aria-pressed", String(hidden));
}

// An open menu answers to Escape, the arrow keys, and the key at the right of each item. It works
// without this: it is a <details>.

const OPEN_MENU = "details.menu[open]";

function menuKey(event) {
  const menu = document.querySelector(OPEN_MENU);
  if (!menu || event.ctrlKey || event.metaKey || event.altKey) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const wanted = `[data-keys] [data-key="${CSS.escape(event.key.toUpperCase())}"]`;
  if (event.key === "Escape") closeMenus(null);
  else if (step) {
    const at = items.indexOf(document.activeElement);
    const next = at < 0 && step < 0 ? items.length - 1 : at + step;
    items[(next + items.length) % items.length].focus();
  } else if (menu.querySelector(wanted)) menu.querySelector(wanted).click();
  else return;
  event.preventDefault();
}

// Closes the open menus that a click or the focus went away from; Escape leaves it at the summary.
function closeMenus(target) {
  for (const menu of document.querySelectorAll(OPEN_MENU)) {
    if (target && menu.contains(target)) continue;
    if (!target) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

// A form is sent once: its buttons rest until the answer or until the page comes back from history.

function guard(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.hasAttribute("data-theme-toggle")) toggleTheme();
  if (button.hasAttribute("data-sidebar-toggle")) toggleSidebar();
  if (button.hasAttribute("data-tree-toggle")) toggleBranch(button);
  if (button.hasAttribute("data-copy") || button.hasAttribute("data-copy-from")) copy(button);
  if (button.hasAttribute("data-reveal")) reveal(button);
  if (button.hasAttribute("data-dismiss")) button.closest(".toast-note, .notice").remove();
});

document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("focusin", (event) => closeMenus(event.target));
document.addEventListener("keydown", menuKey);
document.addEventListener("submit", guard);
document.addEventListener("htmx:afterRequest", (event) => {
  delete event.target.closest?.("form")?.dataset.sent;
});
document.addEventListener("htmx:load", (event) => restoreTree(event.detail.elt));
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A select or checkbox with data-submit sends its form when it changes.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Live parts say since when they are stale.
document.addEventListener("htmx:sendError", (event) => markStale(event));
document.addEventListener("htmx:responseError", (event) => markStale(event));

function markStale(event) {
  for (const live of event.target.querySelectorAll?.("[data-live]") ?? []) {
    live.classList.add("is-stale");
    live.textContent = live.dataset.stale;
  }
}

for (const toast of document.querySelectorAll(".toast-note")) startToast(toast);
for (const element of document.querySelectorAll("[data-tooltip]")) {
  new bootstrap.Tooltip(element, { title: element.dataset.tooltip, trigger: "hover focus" });
}
