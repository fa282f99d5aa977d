// Makes the pages live. Everything works without it: it reloads what changed, fills in clocks, and adds
// keys, files by drag and drop, and copying.
import { follow } from "./live.js";
import { refresh } from "./morph.js";
import { keys } from "./keys.js";
import { replying } from "./reply.js";

document.documentElement.classList.add("script");
const reveal = () => {
  for (const e of document.querySelectorAll("[data-script]")) e.hidden = false;
};

// Clocks tick between two answers of the server: data-clock shows the time, data-since how long, data-until how much is left.
const loaded = Date.now();
const shown = Date.parse(document.querySelector("#state time")?.dateTime ?? "");
const offset = () => {
  const t = document.querySelector("#state time");
  return t && "clock" in t.dataset ? Date.now() - loaded : 0;
};
const now = () => shown + offset();
const two = (n) => String(n).padStart(2, "0");
const span = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} days`;
};
function tick() {
  for (const t of document.querySelectorAll("[data-clock]")) t.textContent = new Date(now()).toISOString().slice(11, 19);
  for (const t of document.querySelectorAll("[data-since]")) t.textContent = `${Math.max(0, Math.floor((now() - Date.parse(t.dataset.since)) / 1000))} s`;
  for (const t of document.querySelectorAll("[data-until]")) {
    const left = Date.parse(t.dataset.until) - now();
    t.textContent = span(left);
    if (left <= 0 && !t.dataset.over) {
      t.dataset.over = "1";
      update();
    }
  }
}

// One refresh at a time, and at most four a second however much happens.
let paused = false, running = false, again = false;
async function update() {
  if (paused || document.hidden) return void (again = true);
  if (running) return void (again = true);
  running = true;
  again = false;
  try {
    await refresh();
    reveal();
    tick();
  } finally {
    setTimeout(() => {
      running = false;
      if (again) update();
    }, 250);
  }
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && again) update();
});
document.querySelector("#pause")?.addEventListener("click", (e) => {
  paused = !paused;
  e.currentTarget.querySelector("span").textContent = paused ? "Go on" : "Pause";
  e.currentTarget.setAttribute("aria-pressed", String(paused));
  if (!paused) update();
});

document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy], [data-copy-next]");
  if (!button) return;
  const text = button.dataset.copy ?? button.parentElement.querySelector("pre").textContent;
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(text);
    if (label) label.textContent = "Copied";
  } catch {
    if (label) label.textContent = "Select and copy by hand";
  }
});

reveal();
keys(update);
replying(update);
setInterval(tick, 1000);
tick();
follow(document.body.dataset.events, update);
