// The last request as a card: it tries gate after gate, and each says by which sum it stays shut or lets in.

import { bound, h, say } from "../../dom.js";
import { gib, grouped } from "../model/format.js";
import { gates } from "../model/gates.js";

export function makeCard() {
  const title = h("p", { class: "title" });
  const list = h("ol", { class: "gates" });
  return {
    element: h("div", { class: "card" }, title, list),
    // closed: how many gates have shut so far in the film; null for all.
    show(run, state, isOver, closed) {
      say(title, titleOf(run, state, isOver));
      const rows = gates(run, state);
      while (list.children.length > rows.length) list.lastChild.remove();
      rows.forEach((gate, n) => {
        const item = list.children[n] ?? list.appendChild(makeGate());
        const isKept = keepsAll(gate) && rows.some(({ isOpen }) => isOpen);
        item.dataset.gate = closed !== null && n >= closed ? "waits" : gate.isOpen ? "open" : isKept ? "kept" : "shut";
        item.dataset.thing = gate.zone > run.kernel ? "HighMem" : "lowmem";
        const [zone, verdict, sum] = item.querySelectorAll("span");
        say(zone, gate.name);
        say(verdict, closed !== null && n >= closed ? "…" : isKept ? "keeps all it has for others" : verdictOf(gate));
        say(sum, bound(sumOf(gate)));
      });
    },
  };
}

const makeGate = () =>
  h("li", {}, h("i", { "aria-hidden": "true" }), h("span", { class: "zone" }), h("span", { class: "verdict" }), h("span", { class: "sum" }));

function titleOf({ words, events, outcome, user, kernel }, { written }, isOver) {
  if (outcome === "oom" && isOver) return `The last request: ${words.request[events.at(-1).request]}`;
  const asked = outcome === "oom" ? events.at(-1).asked : kernel;
  return `If ${asked === user && user !== kernel ? "a process" : "the kernel"} asked at ${gib(written)} GiB`;
}

// Healthy, as long as another gate is open: nothing of the zone is meant for this request.
const keepsAll = ({ isOut, free, kept }) => !isOut && kept > 0 && free <= kept;

const verdictOf = ({ isOut, isOpen, short }) =>
  isOut ? "out of its reach" : isOpen ? "open" : `request: ${grouped(short)} ${short === 1 ? "page" : "pages"} short`;

function sumOf({ isOut, free, needed, min, kept, slack }) {
  if (isOut) return `${grouped(free)} pages free`;
  const parts = [`min ${grouped(min)}`, ...(kept ? [`reserve ${grouped(kept)}`] : []), ...(slack ? [`${slack}`] : [])];
  const sum = parts.length > 1 ? ` (${parts.join(" + ")})` : " (min)";
  return `${grouped(free)} pages free; needs over ${grouped(needed)}${sum}`;
}
