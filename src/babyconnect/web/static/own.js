// Her own record while organisations answer (filling.js): what was shown goes when her session ends meanwhile.
"use strict";

(() => {
  const say = (name) => (document.getElementById(name).hidden = false);

  function forget() {
    for (const name of ["bronnen", "kop", "inhoudslijst", "secties"]) document.getElementById(name)?.replaceChildren();
    for (const form of document.querySelectorAll("main form")) form.remove();
    say("gesloten");
  }

  if (filling.sections?.dataset.klaar !== "nee") return;
  filling.follow({
    done: (phase) => phase === "closed" && forget(),
    lost: () => say("verbroken"),
  });
})();
