// On a phone what a record says of each child, and what a page of consent says of each organisation, starts folded.  It
// is open at a desk, on paper, where a link points into it, and without this file; what the reader opened or folded
// stays so when the page draws it anew.
"use strict";

(() => {
  const FOLDS = "details.kindvouw, details.vouw";
  const narrow = window.matchMedia("(max-width: 44rem)");
  const drawn = new WeakSet();
  const chosen = new Map();

  function settle() {
    for (const part of document.querySelectorAll(FOLDS)) {
      if (drawn.has(part)) continue;
      drawn.add(part);
      part.open = chosen.get(part.id) ?? (!narrow.matches || "stays" in part.dataset);
      part.addEventListener("toggle", () => chosen.set(part.id, part.open));
    }
  }

  function reveal(id) {
    let part = id && document.getElementById(id)?.closest("details");
    for (; part; part = part.parentElement.closest("details")) part.open = true;
  }

  settle();
  reveal(decodeURIComponent(window.location.hash.slice(1)));
  new MutationObserver(settle).observe(document.getElementById("inhoud"), { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (link) reveal(link.getAttribute("href").slice(1));
  });

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(FOLDS)].filter((part) => !part.open);
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
})();
