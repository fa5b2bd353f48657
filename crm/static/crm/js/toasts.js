// Toasts: the server raises "toast" with {text, undo, tone}; each stays 10 s, longer while pointed at or focused.
const region = document.getElementById("toasts");
const STAY = 10000;

function expire(toast) {
  let timer = setTimeout(() => toast.remove(), STAY);
  const hold = () => clearTimeout(timer);
  const release = () => (timer = setTimeout(() => toast.remove(), STAY / 2));
  toast.addEventListener("mouseenter", hold);
  toast.addEventListener("mouseleave", release);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("focusout", release);
}

function show({ text, undo, tone = "good" }) {
  const template = document.getElementById("toast-template");
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.classList.add(tone);
  toast.querySelector("[data-toast-text]").textContent = text;
  const form = toast.querySelector("form");
  if (undo) {
    for (const old of region.querySelectorAll('[data-key="u"]')) old.removeAttribute("data-key");
    form.setAttribute("action", undo);
    form.setAttribute("hx-post", undo);
    form.addEventListener("htmx:afterRequest", (event) => event.detail.successful && toast.remove());
  } else {
    form.remove();
  }
  region.append(toast);
  while (region.children.length > 3) region.firstElementChild.remove();
  window.htmx?.process(toast);
  expire(toast);
}

document.addEventListener("toast", (event) => show(event.detail));

document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest(".toast").remove();
});

document.addEventListener("htmx:sendError", () => show({ text: "No connection. Nothing was changed; try again.", tone: "bad" }));

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 422) return;
  const known = { 403: "You may not do that. A manager can grant it.", 404: "That record is gone.", 409: "Somebody else changed this. Reload to see both values." };
  show({ text: known[status] ?? `That did not work (${status}). Nothing was changed.`, tone: "bad" });
});

for (const toast of region?.children ?? []) expire(toast);
