// The lab as a page of its own: no kernel, no network. The settings live in the address.

import { Lab } from "./lab.js";
import { accepts, differences } from "./settings.js";

export function start({ facts, palette, place }) {
  const lab = new Lab({
    facts,
    palette,
    settings: read(facts),
    settled: (settings) => history.replaceState(null, "", `#${written(facts, settings)}`),
  });
  place.replaceChildren(lab.element);
  addEventListener("hashchange", () => lab.set(read(facts)));
}

const written = (facts, settings) =>
  new URLSearchParams(
    Object.entries(differences(facts, settings)).map(([name, value]) => [name, JSON.stringify(value)]),
  ).toString();

// Take from the address what reads as a setting; leave the rest.
function read(facts) {
  const found = {};
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    const value = parsed(text);
    if (accepts(facts, name, value)) found[name] = value;
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
