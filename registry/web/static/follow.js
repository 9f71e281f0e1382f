/* Looks again, every two seconds, while workers are at something; without scripts the link does.
   What a person moves in, has opened or writes is left alone until they are done. */
"use strict";
(() => {
  const LOOK_MS = 2000;
  const part = (page) => page.getElementById("asked")?.closest("section");

  const put = (fresh) => {
    const shown = part(document);
    const busy = (place) => place.contains(document.activeElement) || place.querySelector("details[open]");
    const main = document.querySelector("main");
    const others = [...main.children].filter((child) => child !== shown);
    if (!others.some(busy) && !busy(shown)) {
      main.replaceChildren(...fresh.querySelector("main").children);
    } else if (!busy(shown)) {
      shown.replaceWith(part(fresh));
    }
  };

  const lookAgain = async () => {
    if (!document.querySelector("[data-follow]")) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (answer.ok && part(fresh)) put(fresh);
      } catch {
        /* The server is away for a moment; the next look may find it. */
      }
    }
    setTimeout(lookAgain, LOOK_MS);
  };
  setTimeout(lookAgain, LOOK_MS);
})();
