// Focus after a swap: the first invalid field or error summary, else [data-focus] in the new part, else the element of the same id.
let held = "";

document.addEventListener("htmx:beforeSwap", (event) => {
  const active = document.activeElement;
  held = active && active !== document.body && event.target.contains?.(active) ? active.id : "";
  event.target.setAttribute?.("aria-busy", "true");
});

document.addEventListener("htmx:afterSwap", (event) => {
  event.target.removeAttribute?.("aria-busy");
  const wrong = event.target.querySelector?.(".form-errors, [aria-invalid=true]");
  const wanted = wrong ?? event.target.querySelector?.("[data-focus]") ?? (held && document.getElementById(held));
  if (wanted && wanted !== document.activeElement) wanted.focus({ preventScroll: !wrong });
  held = "";
});
