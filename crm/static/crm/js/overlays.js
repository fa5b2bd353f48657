// Dialogs and menus. [data-dialog="id"] opens a <dialog>, [data-close] closes it, a click beside it too; a menu is <details class="menu">:
// arrows move in it, 1 to 9 choose.
let opener = null;

function openDialog(button) {
  const dialog = document.getElementById(button.dataset.dialog);
  if (!dialog || dialog.open) return;
  opener = button;
  dialog.showModal();
  dialog.querySelector("[autofocus]")?.focus();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dialog]");
  if (button) {
    event.preventDefault();
    openDialog(button);
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
  if (event.target.matches("dialog[open]")) event.target.close();
  closeMenus(event.target.closest("details.menu"));
  if (event.target.closest(".menu-item")) closeMenus(null);
});

document.addEventListener("close", (event) => {
  if (event.target.matches("dialog") && opener?.isConnected) opener.focus();
  opener = null;
}, true);

document.addEventListener("close-dialog", () => document.querySelector("dialog[open]")?.close());

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape") {
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (location.hash === "#rail") {
      location.hash = "#main";
    }
  }
  if (!menu) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  if (/^[1-9]$/.test(event.key) && !event.target.matches("input")) items[event.key - 1]?.click();
  if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
});
