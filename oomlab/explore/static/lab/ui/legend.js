// The key: every thing with its swatch and its size now. Point at one, here or anywhere: it lights up
// everywhere, and a line says what it is and how its bytes are computed.

import { bound, h, say } from "../../dom.js";
import { human } from "../model/format.js";
import { explain } from "../model/glossary.js";
import { LAYERS, totals } from "../model/view_model.js";

const SHOWN = [...LAYERS, "free", "swap"];

export function makeLegend(palette, ids) {
  const keys = SHOWN.map((key) => keyOf(key, palette[key], ids));
  const line = h("p", { class: "explained" });
  return {
    keys: h("div", { class: "keys", role: "group", "aria-label": "What memory is used for" }, ...keys.map(({ element }) => element)),
    line,
    // light(thing) hears which thing is pointed at, "" for none.
    listen(root, light) {
      let lit = "";
      const point = (event) => {
        const thing = event.target.closest?.("[data-thing]")?.dataset.thing ?? "";
        if (thing === lit || event.buttons) return;
        lit = thing;
        light(thing);
      };
      for (const name of ["pointerover", "click", "focusin"]) root.addEventListener(name, point);
      root.addEventListener("pointerleave", () => light((lit = "")));
    },
    show(run, state, thing) {
      const all = totals(run, state);
      for (const { key, element, size } of keys) {
        element.hidden = !(all[key] > 0.5) && key !== "free";
        say(size, human(all[key]));
        element.classList.toggle("dim", thing !== "" && thing !== key);
      }
      const told = thing ? explain(thing, run, state, palette) : null;
      say(line, told ? bound(`${told.words}: ${told.size}. ${capital(told.how)}.`) : "");
    },
  };
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

// What a thing is called where there is little room: the kernel's word, if that is short.
const SHORT = { anonymous: "anonymous", cache: "page cache", records: "records" };
export const shortName = ({ key, term }) => SHORT[key] ?? term;

function keyOf(key, swatched, ids) {
  const size = h("span", { class: "size" });
  const element = h("button", { type: "button", class: "key", "data-thing": key }, swatch(key, ids), h("span", {}, shortName(swatched)), size);
  return { key, element, size };
}

function swatch(key, ids) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ width: 14, height: 14, "aria-hidden": "true" })) svg.setAttribute(name, value);
  const rect = svg.appendChild(document.createElementNS(svg.namespaceURI, "rect"));
  const look = key === "free" ? { class: "free swatch" } : { fill: `url(#${ids}-fill-${key})`, class: "swatch" };
  for (const [name, value] of Object.entries({ x: 0.5, y: 0.5, width: 13, height: 13, ...look })) rect.setAttribute(name, value);
  return svg;
}
