// Hears of changes by server-sent events. One stream serves all tabs of a browser: HTTP/1.1 allows six connections to
// a host, and a seventh tab would hang. The tab that holds the lock listens and tells the others.

export function follow(path, changed) {
  if (!path || !globalThis.EventSource) return;
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("pdchannels-emulator") : null;
  const state = (word, since) => {
    const live = document.querySelector("[data-live]");
    if (!live) return;
    live.hidden = false;
    live.classList.toggle("lost", word === "lost");
    live.querySelector("[data-live-text]").textContent = word === "lost" ? `Connection lost at ${since}` : "Live";
  };
  const hear = (m) => {
    state(m.word, m.since);
    if (m.word !== "lost") changed();
  };
  if (channel) channel.onmessage = (e) => hear(e.data);
  const tell = (m) => {
    channel?.postMessage(m);
    hear(m);
  };
  // listen resolves when this tab no longer listens.
  const listen = () => new Promise((done) => {
    let lost = false;
    const stream = new EventSource(path);
    stream.onopen = () => tell({ word: "open" }); // also after a gap: whatever happened in it is asked for
    stream.onmessage = () => tell({ word: "changed" });
    stream.onerror = () => {
      if (!lost) tell({ word: "lost", since: new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) });
      lost = stream.readyState !== EventSource.OPEN;
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen().then(done), 2000);
    };
    addEventListener("pagehide", () => {
      stream.close();
      done();
    }, { once: true });
  });
  if (navigator.locks && channel) navigator.locks.request("pdchannels-emulator-stream", listen);
  else listen();
  state("open");
  addEventListener("pageshow", (e) => {
    if (e.persisted) location.reload(); // from the back/forward cache, with its stream closed
  });
}
