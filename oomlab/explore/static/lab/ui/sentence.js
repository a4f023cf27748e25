// The sentence, with the things that it names pointed out.

import { bound, h, say } from "../../dom.js";
import { LINKED } from "../model/glossary.js";

const WORDS = new RegExp(`\\b(${LINKED.map(([word]) => word).join("|")})\\b`);
const THINGS = new Map(LINKED);

export class Sentence {
  constructor({ sentence, headline, because }) {
    Object.assign(this, { sentence, headline, because, said: null });
  }

  // lit: the thing that is pointed at, "" for none.
  show(run, isSilent, lit) {
    this.sentence.hidden = isSilent;
    const text = isSilent ? "" : bound(run.because);
    say(this.headline, isSilent ? "" : bound(run.headline));
    if (text !== this.said) {
      this.said = text;
      this.because.replaceChildren(...text.split(WORDS).map((part) => linked(part)));
    }
    for (const part of this.because.children) part.classList.toggle("lit", part.dataset.thing === lit);
  }
}

const linked = (text) => (THINGS.has(text) ? h("span", { class: "linked", "data-thing": THINGS.get(text) }, text) : text);
