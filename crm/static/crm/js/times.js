// Relative times stay true while a page is open: <time datetime="…" data-ago>. The same steps as the `ago` tag.
const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [5184000, "day", 86400], [63072000, "month", 2629800], [Infinity, "year", 31557600]];
const loaded = Date.now();
const drawn = Date.parse(document.documentElement.dataset.at) || loaded;

function words(seconds) {
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  const [, unit, length] = STEPS.find(([limit]) => size < limit);
  const count = Math.max(1, Math.floor(size / length));
  const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function refresh() {
  const now = drawn + (Date.now() - loaded);
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = words(Math.trunc((now - Date.parse(time.dateTime)) / 1000));
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(() => document.hidden || refresh(), 30000);
