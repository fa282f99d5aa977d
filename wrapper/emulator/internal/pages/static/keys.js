// Keys, for those who prefer them: single letters work outside of fields only.

const go = (path) => location.assign(document.querySelector(path)?.href ?? location.href);

export function keys() {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const typing = e.target.matches("input, textarea, select");
    if (e.key === "Escape" && typing) return void e.target.blur();
    if (typing) {
      if (e.key === "ArrowDown" && e.target.matches("input[type=search]")) move(1, e);
      return;
    }
    const rooms = document.querySelectorAll("#nav a");
    switch (e.key) {
      case "/": focus("input[type=search]", e); break;
      case "r": focus("#text", e); break;
      case "f": document.querySelector("#facts")?.click(); break;
      case "u": go(".row.unread:not([aria-current])"); break;
      case "?": document.querySelector("#keys")?.showModal(); break;
      case "ArrowDown": move(1, e); break;
      case "ArrowUp": move(-1, e); break;
      case "Escape": document.querySelector(".back")?.offsetParent && go(".back"); break;
      case "1": case "2": case "3": rooms[Number(e.key) - 1]?.click(); break;
    }
  });
}

function focus(selector, e) {
  const field = document.querySelector(selector);
  if (!field) return;
  e.preventDefault();
  field.focus();
  field.select?.();
}

// move steps through the list from the focused entry, else from the chosen one.
function move(by, e) {
  if (e.target.closest?.("#scroll, .detail, .code, dialog")) return; // those scroll
  const entries = [...document.querySelectorAll(".row, .tree .ex")].filter((n) => n.offsetParent);
  const from = entries.findIndex((n) => n === document.activeElement);
  const chosen = entries.findIndex((n) => n.getAttribute("aria-current"));
  const next = entries[Math.min(Math.max((from < 0 ? chosen : from) + by, 0), entries.length - 1)];
  if (!next) return;
  e.preventDefault();
  next.focus();
}
