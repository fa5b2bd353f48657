// Keys: data-key="g d" or data-key="e" on a link, button or field. The current row first, then the page, then the frame.
// Off while typing, inside a dialog, with a modifier, and when <html data-hotkeys="off">.
const WAIT = 900;
let pending = "";
let timer = 0;

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

function visible(element) {
  return element && !element.disabled && element.checkVisibility?.({ visibilityProperty: true }) !== false;
}

function find(keys) {
  const selector = `[data-key="${CSS.escape(keys)}"]`;
  const row = document.querySelector("[data-row][data-current]");
  const places = [row, document.getElementById("main"), document].filter(Boolean);
  return places.flatMap((place) => [...place.querySelectorAll(selector)]).find(
    (element) => !element.closest("dialog:not([open])") && (visible(element) || element.closest(".rail, .menu")),
  );
}

function press(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
    element.closest("details.menu[open]")?.querySelector(".menu-item, .input")?.focus();
  }
}

function starts(keys) {
  return document.querySelector(`[data-key^="${CSS.escape(keys)} "]`);
}

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.hotkeys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || event.defaultPrevented) return;
  if (event.key.length > 1) return;
  const keys = pending ? `${pending} ${event.key}` : event.key;
  clearTimeout(timer);
  pending = "";
  const element = find(keys) ?? find(event.key);
  if (element) {
    event.preventDefault();
    press(element);
  } else if (starts(keys)) {
    pending = keys;
    timer = setTimeout(() => (pending = ""), WAIT);
  }
});
