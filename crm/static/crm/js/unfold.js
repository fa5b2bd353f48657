// [data-unfold] in a table row: the first click loads the row below (htmx, "click once"), later ones hide and show it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-unfold]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  const below = button.closest("tr").nextElementSibling;
  if (below?.matches(".peek")) below.hidden = !open;
});
