// The command palette: Ctrl+K or Cmd+K, or a click on the search field of the top bar (a link to /search/ without script).
const palette = document.getElementById("palette");

function open() {
  if (!palette || palette.open) return;
  palette.showModal();
  const input = palette.querySelector("input");
  input.select();
  if (!palette.dataset.loaded) {
    palette.dataset.loaded = "1";
    window.htmx?.trigger(input, "palette-open");
  }
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (palette?.open) palette.close();
    else open();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]") && palette) {
    event.preventDefault();
    open();
  }
});
