// A page that fills in while answers come: takes changed pieces from the server and puts them in their place, leaving
// focus, open details and the reader's position alone.  Without this file the page comes whole, later.
"use strict";

const filling = (() => {
  const sections = document.getElementById("secties");
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("babyconnect", { createHTML: (text) => text })
    : { createHTML: (text) => text };

  // A change above the line the reader looks at must not move that line.
  function keepingPlace(change) {
    const anchor = window.scrollY > 40 ? document.elementFromPoint(window.innerWidth / 2, 140) : null;
    const before = anchor ? anchor.getBoundingClientRect().top : 0;
    change();
    if (anchor && anchor.isConnected) {
      window.scrollBy(0, anchor.getBoundingClientRect().top - before);
    }
  }

  function replace(element, html) {
    // A details element is known by its own id or by that of the line it belongs to.
    const details = () => [...element.querySelectorAll("details")].map((part) => [part.closest("[id]")?.id, part]);
    const states = new Map(details().map(([id, part]) => [id, part.open]));
    const focused = element.contains(document.activeElement) ? document.activeElement.id || "" : "";
    const link = element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    element.innerHTML = policy.createHTML(html);
    for (const [id, part] of details()) {
      if (states.has(id)) part.open = states.get(id);
    }
    const again = focused
      ? document.getElementById(focused)
      : link && [...element.querySelectorAll("a")].find((a) => a.getAttribute("href") === link);
    if (again) again.focus({ preventScroll: true });
  }

  function inOrder(names) {
    const wanted = new Set(names);
    for (const child of [...sections.children]) {
      if (!wanted.has(child.id)) child.remove();
    }
    names.forEach((name, index) => {
      let element = document.getElementById(name);
      if (!element) {
        element = document.createElement("div");
        element.id = name;
        element.className = "sectie";
      }
      if (sections.children[index] !== element) sections.insertBefore(element, sections.children[index] || null);
    });
  }

  function apply(part) {
    keepingPlace(() => {
      inOrder(part.order);
      for (const [name, html] of Object.entries(part.html)) {
        const element = document.getElementById(name);
        if (element) replace(element, html);
      }
    });
  }

  // One sentence for those who listen instead of look: only how far it is, not every fact.
  function say() {
    const progress = document.getElementById("voortgang");
    const status = document.getElementById("melding");
    if (progress && status) status.textContent = progress.textContent.trim();
  }

  // `part`: after each change; `done`: with the phase in which it ended; `lost`: when the line broke for good.
  function follow({ part = () => {}, done = () => {}, lost }) {
    const stream = new EventSource(`${sections.dataset.stroom}?v=${sections.dataset.versie}`);
    let failures = 0;
    stream.addEventListener("deel", (event) => {
      failures = 0;
      sections.dataset.versie = event.lastEventId;
      apply(JSON.parse(event.data));
      part();
    });
    stream.addEventListener("klaar", (event) => {
      stream.close();
      sections.dataset.klaar = "ja";
      say();
      done(JSON.parse(event.data).phase);
    });
    stream.addEventListener("error", () => {
      failures += 1;
      if (stream.readyState === EventSource.CLOSED || failures > 3) {
        stream.close();
        lost();
      }
    });
  }

  return { sections, follow, say };
})();
