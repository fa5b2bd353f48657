// Lists: j k and arrows move between [data-row] of the [data-rows] in view, Enter opens, x selects, Shift+x a range.
// After a row is removed by a swap the next one becomes current.
let anchor = null;
let lost = -1;

const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");
const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.checkVisibility());
const current = () => document.querySelector("[data-row][data-current]");

function go(row) {
  if (!row) return;
  current()?.removeAttribute("data-current");
  row.setAttribute("data-current", "");
  const target = row.querySelector("[data-open], a") ?? row;
  target.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  const index = all.indexOf(current());
  go(all[index < 0 ? 0 : Math.min(all.length - 1, Math.max(0, index + step))]);
}

function count() {
  const bar = document.querySelector("[data-selection-bar]");
  const chosen = document.querySelectorAll("[data-row] [data-select]:checked").length;
  if (!bar) return;
  bar.hidden = chosen === 0;
  bar.querySelector("[data-selection-count]").textContent = chosen;
}

function select(row, range) {
  const box = row?.querySelector("[data-select]");
  if (!box) return;
  const all = rows();
  if (range && anchor && all.includes(anchor)) {
    const [from, to] = [all.indexOf(anchor), all.indexOf(row)].sort((a, b) => a - b);
    for (const item of all.slice(from, to + 1)) mark(item, true);
  } else {
    mark(row, !box.checked);
  }
  anchor = row;
  count();
}

function mark(row, on) {
  const box = row.querySelector("[data-select]");
  if (!box) return;
  box.checked = on;
  row.setAttribute("aria-selected", String(on));
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  x: () => select(current(), false),
  X: () => select(current(), true),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  const single = event.key.length === 1;
  if (!(event.key in KEYS) || (single && document.documentElement.dataset.hotkeys === "off")) return;
  if (rows().length === 0 || (!single && !current())) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-rows] [data-row]");
  if (row && row !== current()) {
    current()?.removeAttribute("data-current");
    row.setAttribute("data-current", "");
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select]")) {
    event.target.closest("[data-row]").setAttribute("aria-selected", String(event.target.checked));
    count();
  }
  if (event.target.matches("[data-select-all]")) {
    for (const row of rows()) mark(row, event.target.checked);
    count();
  }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  lost = event.target.contains?.(current()) ? rows().indexOf(current()) : -1;
});

document.addEventListener("htmx:afterSettle", () => {
  count();
  if (lost < 0 || current()) return;
  const all = rows();
  if (all.length) go(all[Math.min(lost, all.length - 1)]);
  else document.querySelector("[data-rows-heading]")?.focus();
  lost = -1;
});
