// The page keeps itself up to date: at each event of the stream it gets itself anew, and takes over what differs. Everything
// works without it.

const policy = globalThis.trustedTypes?.createPolicy("phone", { createHTML: (html) => html });
const parse = (html) => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
const $ = (id) => document.getElementById(id);
const who = document.body.dataset.who;
const scroll = $("scroll");
const atEnd = () => Math.abs(scroll.scrollTop) < 40; // counted from the end, since the thread is a reversed column

let version = document.body.dataset.version;
let running = null;
let again = false;

// refresh gets the page and takes over what differs; while one is under way, it is enough to ask once more.
async function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    do {
      again = false;
      const response = await fetch(`/?who=${encodeURIComponent(who)}`, { cache: "no-store" });
      if (response.ok) take(parse(await response.text()));
    } while (again);
  })().finally(() => { running = null; });
  return running;
}

function take(page) {
  version = page.body.dataset.version;
  const stay = atEnd();
  const arrived = sync($("messages"), page.getElementById("messages"));
  sync($("people"), page.getElementById("people"));
  sync($("wire"), page.getElementById("wire"));
  const link = page.getElementById("link");
  if (!$("link").isEqualNode(link)) $("link").replaceWith(document.importNode(link, true));
  for (const box of page.querySelectorAll("#settings input[type=checkbox]")) {
    $("settings").elements[box.name].checked = box.hasAttribute("checked");
  }
  if (stay) scroll.scrollTop = 0;
  else if (arrived) $("below").hidden = false;
  seen();
}

// sync makes a list equal to another by the keys of their items, and keeps what is the same. It reports whether items came.
function sync(list, wanted) {
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  let at = null;
  let came = false;
  for (const item of wanted.children) {
    let here = old.get(item.dataset.key);
    old.delete(item.dataset.key);
    if (!here) {
      here = document.importNode(item, true);
      here.classList.add("fresh");
      came = true;
    } else {
      here.classList.remove("fresh");
      if (!here.isEqualNode(item)) {
        const focused = here.contains(document.activeElement) && document.activeElement.tagName === "A";
        const copy = document.importNode(item, true);
        here.replaceWith(copy);
        here = copy;
        if (focused) here.querySelector("a")?.focus();
      }
    }
    const next = at ? at.nextSibling : list.firstChild;
    if (next !== here) list.insertBefore(here, next);
    at = here;
  }
  for (const item of old.values()) item.remove();
  return came;
}

// seen tells that the replies are on the screen.
function seen() {
  if (document.hidden || !atEnd() || !document.querySelector('.msg[data-status="delivered"]')) return;
  fetch("/seen", { method: "POST", body: new URLSearchParams({ who }) }).catch(() => {});
}

// One stream for a page, and none while it is hidden: browsers have six connections to a server.
let stream = null;
function listen() {
  if (document.hidden) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream) return;
  stream = new EventSource("/stream");
  stream.onmessage = (event) => {
    $("link").classList.remove("lost");
    if (event.data !== version) refresh().catch(() => {});
    else seen();
  };
  stream.onerror = () => {
    $("link").classList.add("lost");
    $("link").querySelector(".dot").title = `no connection since ${new Date().toLocaleTimeString()}`;
  };
}
document.addEventListener("visibilitychange", listen);
listen();

// Sending.
const compose = $("compose");
const text = $("text");
const file = $("file");
const problem = $("problem");

compose.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!text.value.trim() && !file.files.length) return text.focus();
  const form = new FormData(compose);
  if (!file.files.length) form.delete("file");
  // The box is free for the next message at once; what could not be sent comes back if nothing was written meanwhile.
  const written = text.value, chosen = file.files;
  const giveBack = () => {
    if (text.value || file.files.length) return;
    text.value = written;
    file.files = chosen;
    pick();
  };
  text.value = "";
  file.value = "";
  pick();
  try {
    const response = await fetch("/messages", { method: "POST", body: form });
    const page = parse(await response.text());
    if (!response.ok) {
      problem.textContent = page.getElementById("problem")?.textContent || `The messenger answered ${response.status}.`;
      giveBack();
      return;
    }
    if (page.body.dataset.who !== who) return location.assign(response.url); // somebody new has a name now
    problem.textContent = "";
    scroll.scrollTop = 0;
    take(page);
  } catch {
    problem.textContent = "The messenger cannot be reached. Your message is still here.";
    giveBack();
  }
  text.focus();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  compose.requestSubmit();
});

// A file: picked, dropped or pasted.
function pick() {
  const chosen = file.files[0];
  $("chip").hidden = !chosen;
  if (!chosen) return;
  $("chip").querySelector("bdi").textContent = chosen.name;
  $("chip").querySelector("small").textContent = chosen.size < 1e6 ? `${Math.ceil(chosen.size / 1e3)} kB` : `${(chosen.size / 1e6).toFixed(1)} MB`;
  problem.textContent = chosen.size > 1 << 20 ? "A file may have 1 MB at most." : "";
  text.focus();
}
file.addEventListener("change", pick);
$("unpick").addEventListener("click", () => { file.value = ""; problem.textContent = ""; pick(); text.focus(); });
const phone = $("phone");
const withFiles = (transfer) => [...(transfer?.types ?? [])].includes("Files");
phone.addEventListener("dragover", (event) => { if (withFiles(event.dataTransfer)) { event.preventDefault(); phone.classList.add("over"); } });
phone.addEventListener("dragleave", (event) => { if (!phone.contains(event.relatedTarget)) phone.classList.remove("over"); });
phone.addEventListener("drop", (event) => {
  phone.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  file.files = event.dataTransfer.files;
  pick();
});
text.addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  file.files = event.clipboardData.files;
  pick();
});

// The rest: new messages below, messages sent again, settings.
$("below").addEventListener("click", () => { scroll.scrollTop = 0; });
scroll.addEventListener("scroll", () => { if (atEnd()) { $("below").hidden = true; seen(); } }, { passive: true });
$("settings").addEventListener("change", () => {
  fetch("/settings", { method: "POST", body: new URLSearchParams(new FormData($("settings"))) }).catch(() => {});
});
$("messages").addEventListener("submit", (event) => {
  event.preventDefault();
  fetch("/again", { method: "POST", body: new URLSearchParams(new FormData(event.target)) }).then(refresh).catch(() => {});
});
if (!matchMedia("(pointer: coarse)").matches) (compose.elements.name ?? text).focus({ preventScroll: true });
