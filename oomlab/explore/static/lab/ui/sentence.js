// The sentence, with the things that it names pointed out.

import { bound, h, say } from "../../dom.js";
import { LINKED } from "../model/glossary.js";

const WORDS = new RegExp(`\\b(${LINKED.map(([word]) => word).join("|")})\\b`);
const NUMBERS = /[\d.,]+\s[kMG]i?B/g;
const THINGS = new Map(LINKED);

export class Sentence {
  constructor({ sentence, headline, because }) {
    Object.assign(this, { sentence, headline, because, said: null });
  }

  // lit: the thing that is pointed at, "" for none.
  show(run, isSilent, lit) {
    this.sentence.parentNode.hidden = isSilent;
    const text = isSilent ? "" : bound(run.because);
    say(this.headline, isSilent ? "" : bound(run.headline));
    if (text !== this.said) this.say(text);
    for (const part of this.because.children) part.classList.toggle("lit", part.dataset.thing === lit);
  }

  // While a hand drags, only numbers change: then the nodes stay, which is quicker than making them anew.
  say(text) {
    const isAsBefore = this.said?.replace(NUMBERS, "") === text.replace(NUMBERS, "");
    this.said = text;
    const parts = text.split(WORDS);
    if (!isAsBefore) return this.because.replaceChildren(...parts.map((part) => linked(part)));
    for (const [n, node] of [...this.because.childNodes].entries()) if (node.textContent !== parts[n]) node.textContent = parts[n];
  }
}

// An empty string has a node as well, so that parts and nodes stay in step.
const linked = (text) =>
  THINGS.has(text) ? h("span", { class: "linked", "data-thing": THINGS.get(text) }, text) : document.createTextNode(text);
