// Values of a chart on hover and focus: any [data-tip]. One focus stop a chart; arrows walk along its marks.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

function show(mark) {
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const at = mark.getBoundingClientRect();
  const left = Math.min(innerWidth - tip.offsetWidth - 8, Math.max(8, at.left + at.width / 2 - tip.offsetWidth / 2));
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(8, at.top - tip.offsetHeight - 6)}px`;
}

const hide = () => (tip.hidden = true);

document.addEventListener("mouseover", (event) => {
  const mark = event.target.closest?.("[data-tip]");
  if (mark) show(mark);
  else hide();
});
document.addEventListener("focusin", (event) => (event.target.dataset?.tip ? show(event.target) : hide()));
document.addEventListener("scroll", hide, { passive: true, capture: true });

document.addEventListener("keydown", (event) => {
  const chart = event.target.closest?.("svg.chart");
  if (!chart || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const marks = [...chart.querySelectorAll("[data-tip]")];
  const index = marks.indexOf(event.target);
  event.preventDefault();
  marks[Math.min(marks.length - 1, Math.max(0, index + (event.key === "ArrowRight" ? 1 : -1)))]?.focus();
});
