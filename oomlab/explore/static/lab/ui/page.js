// The lab as a page of its own: no kernel, no network. The settings and the moment live in the address.

import { read, written } from "./address.js";
import { Lab } from "./lab.js";

export function start({ facts, palette, place }) {
  const first = found(facts);
  let known = location.hash;
  const lab = new Lab({
    ...{ facts, palette, settings: first.settings, time: first.time ?? (location.hash.length > 1 ? null : 0) },
    settled(settings, _, __, time) {
      if (location.hash !== known) return; // somebody has just given another address, and its event comes
      history.replaceState(null, "", `#${written(facts, settings, time)}`);
      known = location.hash;
    },
    link: () => location.href,
  });
  place.replaceChildren(lab.element);
  addEventListener("hashchange", () => {
    known = location.hash;
    const { settings, time } = found(facts);
    lab.set(settings, time);
  });
}

const found = (facts) => read(facts, location.hash.slice(1));
