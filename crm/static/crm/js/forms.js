// Forms: [data-autosubmit] sends itself when something changes; buttons are busy while a request runs;
// a form sent twice by a double click is sent once; [data-draft="name"] keeps what was typed until it is sent.
let timer = 0;

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset.draft) sessionStorage.setItem(`draft:${field.dataset.draft}`, field.value);
  const form = field.closest("form[data-autosubmit]");
  if (!form) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(), field.matches("select, [type=checkbox], [type=radio], [type=date]") ? 0 : 250);
});

function restoreDrafts(root) {
  for (const field of root.querySelectorAll("[data-draft]")) {
    field.value ||= sessionStorage.getItem(`draft:${field.dataset.draft}`) ?? "";
  }
}

function buttonOf(element) {
  return element.matches("button") ? element : element.querySelector("button:not([type=button])");
}

function busy(element, on) {
  const button = element.matches("button, form") && buttonOf(element);
  if (!button) return;
  button.disabled = on;
  if (on) button.setAttribute("aria-busy", "true");
  else button.removeAttribute("aria-busy");
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb !== "get") busy(event.detail.elt, true);
});

document.addEventListener("htmx:afterRequest", (event) => {
  busy(event.detail.elt, false);
  if (!event.detail.successful) return;
  for (const field of event.detail.elt.querySelectorAll?.("[data-draft]") ?? []) {
    sessionStorage.removeItem(`draft:${field.dataset.draft}`);
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.closest("dialog")?.open === false) return;
  if (form.dataset.sent) event.preventDefault();
  else if (!form.hasAttribute("hx-post")) form.dataset.sent = "1";
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

restoreDrafts(document);
document.addEventListener("htmx:afterSettle", (event) => restoreDrafts(event.target));
