// A text field with a list of options below it: input[data-listbox="id of the list"], options [role=option].
// Arrows move, Enter follows a link or takes the value (data-value into the hidden field named by data-listbox-value).
function parts(input) {
  const list = document.getElementById(input.dataset.listbox);
  return { list, options: [...list.querySelectorAll("[role=option]")], chosen: list.querySelector("[aria-selected=true]") };
}

function choose(input, option) {
  const { options, list } = parts(input);
  for (const item of options) item.setAttribute("aria-selected", String(item === option));
  input.setAttribute("aria-expanded", String(options.length > 0));
  if (option) {
    option.id ||= `${list.id}-${options.indexOf(option)}`;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function take(input, option, newTab) {
  if (option.href) {
    if (newTab) window.open(option.href, "_blank", "noopener");
    else option.click();
    return;
  }
  input.value = option.dataset.label ?? option.textContent.trim();
  const hidden = document.getElementById(input.dataset.listboxValue);
  if (hidden) {
    hidden.value = option.dataset.value;
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }
  close(input);
}

function close(input) {
  const { list } = parts(input);
  if (!input.closest("dialog.palette")) list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[data-listbox]");
  if (!input) return;
  const { options, chosen } = parts(input);
  const index = options.indexOf(chosen);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!options.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(input, options[(index + step + options.length) % options.length]);
  } else if (event.key === "Enter" && chosen) {
    event.preventDefault();
    take(input, chosen, event.metaKey || event.ctrlKey);
  } else if (event.key === "Escape" && options.length && !input.closest("dialog")) {
    event.preventDefault();
    close(input);
  }
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option || option.href) return;
  const input = document.querySelector(`[data-listbox="${option.closest("[role=listbox]").id}"]`);
  event.preventDefault();
  take(input, option, false);
});

document.addEventListener("focusout", (event) => {
  const input = event.target.closest?.("[data-listbox]");
  if (input && !input.closest("dialog")) close(input);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const input = document.querySelector(`[data-listbox="${event.target.id}"]`);
  if (input) choose(input, event.target.querySelector("[role=option]"));
});
