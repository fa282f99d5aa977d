// The reply box: Enter sends, files come by the button or are dropped, templates are inserted.

import { apply, parse } from "./morph.js";

const element = (name, text) => {
  const e = document.createElement(name);
  e.textContent = text;
  return e;
};
const size = (n) => (n < 1024 ? `${n} bytes` : n < 1 << 20 ? `${Math.round(n / 1024)} KB` : `${(n / (1 << 20)).toFixed(1)} MB`);

export function replying(update) {
  const files = () => document.querySelector("#files");

  document.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.target.id === "text") {
      e.preventDefault();
      e.target.form.requestSubmit();
    }
  });

  // The page stays where it is while a reply is on its way, which may take the app some seconds.
  document.addEventListener("submit", async (e) => {
    if (e.target.id !== "reply") return;
    e.preventDefault();
    const form = e.target, text = form.querySelector("#text"), button = form.querySelector(".main");
    if (!text.value.trim() && !files().files.length) return void text.focus();
    const body = new FormData(form);
    button.disabled = true;
    const written = text.value;
    text.value = "";
    choose([]);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      if (!answer.ok) {
        if (!text.value) text.value = written;
        const page = parse(await answer.text());
        const problem = page.querySelector("#answer .problem");
        document.querySelector("#answer .problem")?.remove();
        if (problem) document.querySelector("#answer").prepend(document.importNode(problem, true));
      } else {
        apply(parse(await answer.text()));
      }
    } catch {
      text.value = written;
    } finally {
      button.disabled = false;
      text.focus();
      update();
    }
  });

  document.addEventListener("click", (e) => {
    const template = e.target.closest("[data-template]");
    if (!template) return;
    const text = document.querySelector("#text");
    text.setRangeText(template.dataset.template, text.selectionStart, text.selectionEnd, "end");
    template.closest("details").open = false;
    text.focus();
  });

  const choose = (list) => {
    const all = new DataTransfer();
    for (const f of list) all.items.add(f);
    if (files()) files().files = all.files;
    chips();
  };
  const chips = () => {
    const list = document.querySelector("#chips");
    if (!list) return;
    list.replaceChildren();
    [...files().files].forEach((f, i) => {
      const chip = element("li", "");
      chip.className = "chip";
      const name = element("bdi", f.name), remove = element("button", "×");
      name.className = "name";
      remove.type = "button";
      remove.ariaLabel = `Remove ${f.name}`;
      remove.onclick = () => choose([...files().files].filter((_, n) => n !== i));
      const about = element("span", size(f.size));
      about.className = "soft";
      chip.append(name, about, remove);
      list.append(chip);
    });
    list.hidden = !files().files.length;
  };
  document.addEventListener("change", (e) => e.target.id === "files" && chips());
  const box = (e) => e.target.closest?.("#main")?.querySelector("[data-drop]");
  document.addEventListener("dragover", (e) => {
    if (!box(e) || !e.dataTransfer.types.includes("Files")) return;
    e.preventDefault();
    box(e).classList.add("over");
  });
  document.addEventListener("dragleave", (e) => box(e)?.classList.remove("over"));
  document.addEventListener("drop", (e) => {
    if (!box(e) || !e.dataTransfer.files.length) return;
    e.preventDefault();
    box(e).classList.remove("over");
    choose([...files().files, ...e.dataTransfer.files]);
  });
}
