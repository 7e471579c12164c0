// Runs in the head, before anything is painted: the chosen theme and the state of the left column.
(() => {
  const root = document.documentElement;
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    root.dataset.bsTheme = stored("theme") ?? (system.matches ? "dark" : "light");
  };
  root.classList.add("js");
  root.dataset.sidebar = stored("sidebar") ?? "open";
  apply();
  system.addEventListener("change", apply);
})();
