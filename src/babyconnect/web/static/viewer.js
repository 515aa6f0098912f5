// The record page while it fills in: takes changed pieces of the page from the server and puts them in their place,
// leaving focus, open details and the reader's position alone.  Without this file the page comes whole, later.
"use strict";

(() => {
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

  function follow(unfold) {
    const stream = new EventSource(`${sections.dataset.stroom}?v=${sections.dataset.versie}`);
    let failures = 0;
    stream.addEventListener("deel", (event) => {
      failures = 0;
      sections.dataset.versie = event.lastEventId;
      apply(JSON.parse(event.data));
      unfold();
      foldContents();
    });
    stream.addEventListener("klaar", () => {
      stream.close();
      sections.dataset.klaar = "ja";
      say();
    });
    stream.addEventListener("error", () => {
      failures += 1;
      if (stream.readyState === EventSource.CLOSED || failures > 3) {
        stream.close();
        document.getElementById("verbroken").hidden = false;
      }
    });
  }

  // What stands here may be taken back while it stands here: then the page forgets it at once and is filled anew.
  function watch(unfold) {
    const stream = new EventSource(`${sections.dataset.wijziging}?b=${sections.dataset.beurt}`);
    stream.addEventListener("open", () => (document.getElementById("verbroken").hidden = true));
    stream.addEventListener("opnieuw", (event) => {
      stream.close();
      sections.dataset.beurt = String(JSON.parse(event.data).turn);
      sections.dataset.klaar = "nee";
      sections.replaceChildren();
      follow(unfold);
      watch(unfold);
    });
    stream.addEventListener("gesloten", () => {
      stream.close();
      for (const part of document.querySelectorAll("#kop, #bronnen, #banners, .columns, .tools")) part.replaceChildren();
      document.getElementById("gesloten").hidden = false;
    });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) document.getElementById("verbroken").hidden = false;
    });
  }

  // Somebody looks along: one key hides what could reveal a history she has not shared with them, also in print.
  // It stays so on every page until it is switched off: the server draws the next page hidden.
  const SHARED = "babyconnect_meekijken";
  function discreetMode() {
    const button = document.getElementById("meekijken");
    const secure = window.location.protocol === "https:" ? "; secure" : "";
    const show = (on) => {
      document.body.classList.toggle("meekijken", on);
      button.setAttribute("aria-pressed", String(on));
    };
    const toggle = () => {
      const on = !document.body.classList.contains("meekijken");
      show(on);
      document.cookie = on
        ? `${SHARED}=1; path=/viewer; samesite=strict${secure}`
        : `${SHARED}=; path=/viewer; max-age=0; samesite=strict${secure}`;
    };
    // The browser's back button brings a page back as it was left, which may be before it was switched on.
    window.addEventListener("pageshow", () => show(document.cookie.split("; ").includes(`${SHARED}=1`)));
    button.hidden = false;
    button.addEventListener("click", toggle);
    document.addEventListener("keydown", (event) => {
      if (event.key === "F8") {
        event.preventDefault();
        toggle();
      }
    });
  }

  // Every line's details at once, also of lines that are still to come.
  function allDetails() {
    const button = document.getElementById("uitklappen");
    const apply = () => {
      const on = button.getAttribute("aria-pressed") === "true";
      for (const part of document.querySelectorAll("details.meer")) part.open = on;
      if (on) for (const part of document.querySelectorAll("details.kindvouw")) part.open = true;
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
    return () => button.getAttribute("aria-pressed") === "true" && apply();
  }

  function printing() {
    const button = document.getElementById("afdrukken");
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // On a phone the list of contents starts folded: the record itself comes first.
  let folded = false;
  function foldContents() {
    const contents = document.getElementById("inhoudsopgave");
    if (folded || !contents) return;
    folded = true;
    if (window.matchMedia("(max-width: 60rem)").matches) contents.open = false;
  }

  if (!sections) return;
  discreetMode();
  const unfold = allDetails();
  printing();
  foldContents();
  if (sections.dataset.klaar === "nee") follow(unfold);
  else say();
  watch(unfold);
})();
