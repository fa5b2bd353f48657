// What asks the server again and again (hx-trigger="every …") rests while nobody looks at the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.detail.elt.getAttribute?.("hx-trigger")?.startsWith("every");
  if (polls && document.hidden) event.preventDefault();
});
