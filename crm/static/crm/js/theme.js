// Theme, density and the folded rail. The server writes the attributes on <html>; this changes them at once and tells the server.
const root = document.documentElement;

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

function setTheme(value) {
  root.dataset.theme = value;
  for (const button of document.querySelectorAll("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === value));
  }
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-set]");
  if (theme) setTheme(theme.dataset.themeSet);
  const fold = event.target.closest("[data-rail-fold]");
  if (fold) {
    root.dataset.rail = root.dataset.rail === "narrow" ? "wide" : "narrow";
    remember("rail", root.dataset.rail);
    fold.setAttribute("aria-expanded", String(root.dataset.rail !== "narrow"));
  }
});
