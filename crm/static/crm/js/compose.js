// The composer: [data-log="call"] chooses that kind and takes the focus; Ctrl+Enter sends, Escape gives the keys back to the page.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-log]");
  const composer = button && document.getElementById("composer");
  if (!composer) return;
  const kind = composer.querySelector(`[name="kind"][value="${CSS.escape(button.dataset.log)}"]`);
  if (kind) kind.checked = true;
  composer.querySelector("textarea").focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("#composer textarea")) event.target.blur();
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest?.("#composer")?.requestSubmit();
});
