// Brings a page up to date with what the server makes of it now. Elements with an id or a data-key are kept and
// moved; what differs is replaced. What one reads does not jump, and what one types, opened or scrolled to stays.

// The server escapes whatever anybody sent; this policy is the only place where markup comes from text.
const policy = globalThis.trustedTypes?.createPolicy("pdchannels", { createHTML: (s) => s }) ?? { createHTML: (s) => s };

const key = (n) => n.nodeType === 1 ? n.id || n.dataset?.key || "" : "";
// These belong to whoever uses the page.
const kept = (n) => n.matches?.("textarea, input[type=file], #chips, .search input[type=search]");

export async function refresh(url = location.href) {
  let answer;
  try {
    answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // the stream tells that the connection is lost
  }
  if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/html")) return;
  apply(parse(await answer.text()));
}

export const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");

export function apply(fresh) {
  if (fresh.body.dataset.room !== document.body.dataset.room) return void location.reload();
  const list = document.querySelector("#rows, #tree"), scroll = document.querySelector("#scroll");
  const top = list?.scrollTop ?? 0, height = list?.scrollHeight ?? 0;
  const atEnd = scroll ? scroll.scrollTop >= -4 : true; // column-reverse: 0 is the end
  document.title = fresh.title;
  morph(document.body, fresh.body);
  if (list?.isConnected && top > 4) list.scrollTop = top + (list.scrollHeight - height); // new rows come above
  if (scroll?.isConnected && atEnd) scroll.scrollTop = 0;
}

function morph(old, fresh) {
  if (kept(old)) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open" && name !== "hidden") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== "open" && name !== "hidden") old.setAttribute(name, value);
  const byKey = new Map();
  for (const c of old.childNodes) if (key(c)) byKey.set(key(c), c);
  let at = old.firstChild;
  for (const f of [...fresh.childNodes]) {
    let match = key(f) ? byKey.get(key(f)) : at && !key(at) && at.nodeType === f.nodeType && at.nodeName === f.nodeName ? at : null;
    if (match && match.nodeName !== f.nodeName) match = null;
    if (!match) {
      old.insertBefore(document.importNode(f, true), at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    byKey.delete(key(match));
    if (match.isEqualNode(f)) continue;
    if (match.nodeType === 1) morph(match, f);
    else match.nodeValue = f.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    if (!kept(at)) at.remove();
    at = next;
  }
  for (const gone of byKey.values()) if (gone.parentNode === old) gone.remove();
}
