// The last request as a card: it tries gate after gate, and each says by which sum it stays shut or lets in.

import { bound, h, say } from "../../dom.js";
import { grouped, human } from "../model/format.js";
import { gates } from "../model/gates.js";

export function makeCard() {
  const title = h("p", { class: "title" });
  const list = h("ol", { class: "gates" });
  return {
    element: h("div", { class: "card" }, title, list),
    // closed: how many gates have shut so far in the film; null for all.
    show(run, state, isOver, closed) {
      say(title, titleOf(run, isOver));
      const rows = gates(run, state);
      while (list.children.length > rows.length) list.lastChild.remove();
      rows.forEach((gate, n) => {
        const item = list.children[n] ?? list.appendChild(makeGate());
        item.dataset.gate = closed !== null && n >= closed ? "waits" : gate.isOpen ? "open" : "shut";
        item.dataset.thing = gate.zone > run.kernel ? "HighMem" : "lowmem";
        const [zone, verdict, sum] = item.querySelectorAll("span");
        say(zone, gate.name);
        say(verdict, closed !== null && n >= closed ? "…" : verdictOf(gate));
        say(sum, bound(sumOf(gate)));
      });
    },
  };
}

const makeGate = () =>
  h("li", {}, h("i", { "aria-hidden": "true" }), h("span", { class: "zone" }), h("span", { class: "verdict" }), h("span", { class: "sum" }));

function titleOf({ words, events, outcome, user, kernel }, isOver) {
  if (outcome === "oom" && isOver) return `The last request: ${words.request[events.at(-1).request]}`;
  const asked = outcome === "oom" ? events.at(-1).asked : kernel;
  return asked === user && user !== kernel ? "If a process asked now" : "If the kernel asked now";
}

const verdictOf = ({ isOut, isOpen, short, free, needed }) =>
  isOut ? "out of its reach" : isOpen ? `open: ${human(free - needed)} to spare` : `shut: ${grouped(short)} ${short === 1 ? "page" : "pages"} short`;

function sumOf({ isOut, free, needed, min, kept, slack }) {
  if (isOut) return `${grouped(free)} pages free`;
  const parts = [`min ${grouped(min)}`, ...(kept ? [`kept ${grouped(kept)}`] : []), ...(slack ? [`${slack}`] : [])];
  const sum = parts.length > 1 ? ` (${parts.join(" + ")})` : " (min)";
  return `${grouped(free)} pages free, more than ${grouped(needed)} needed${sum}`;
}
