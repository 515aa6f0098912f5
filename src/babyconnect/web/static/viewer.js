// What the record page of a professional does beside filling in (filling.js): forgetting what was taken back, a screen
// that others see, every detail at once, printing.
"use strict";

(() => {
  const { sections, say } = filling;
  function follow(unfold) {
    filling.follow({
      part: () => {
        unfold();
        foldContents();
      },
      lost: () => (document.getElementById("verbroken").hidden = false),
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
