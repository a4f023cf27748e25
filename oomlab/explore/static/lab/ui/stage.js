// The stage: the apparatus with what is laid over it, the lens, the card and the captions; or, for a machine that
// does not start, what does not fit and the nearest machines that would.

import { bound, h, say, set } from "../../dom.js";
import { drawApparatus } from "../draw/apparatus.js";
import { drawImpossible } from "../draw/impossible.js";
import { drawLens } from "../draw/lens.js";
import { PAD } from "../draw/places.js";
import { human } from "../model/format.js";
import { at } from "../model/view_model.js";
import { eventInWords } from "../model/words.js";
import { settingInWords } from "./controls.js";
import { remedies } from "./remedies.js";

const IMPOSSIBLE = 384; // as high as the apparatus of a wide window: what is below must not jump

export class Stage {
  constructor(view, on) {
    Object.assign(this, { view, on, place: null, remediesOf: null });
    this.listen(view.parts.apparatus);
  }

  // The history can be taken anywhere, and pulled through time.
  listen(svg) {
    const move = (event, isReleased) => {
      const { left, right, unit } = this.place;
      const x = (event.clientX - svg.getBoundingClientRect().left) / unit;
      this.on.seek(Math.min(1, Math.max(0, (x - left) / (right - left))), isReleased);
    };
    const isDown = (event) => svg.hasPointerCapture(event.pointerId);
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.place) return;
      const x = (event.clientX - svg.getBoundingClientRect().left) / this.place.unit;
      if (x < this.place.left - PAD) return;
      svg.setPointerCapture(event.pointerId);
      if (event.pointerType === "mouse") move(event, false);
    });
    svg.addEventListener("pointermove", (event) => isDown(event) && move(event, false));
    svg.addEventListener("pointerup", (event) => isDown(event) && move(event, true));
  }

  draw(state, lit) {
    const { parts, sizes, svg, transport, legend } = this.view;
    const { run } = state;
    const [width, unit] = sizes.of(parts.main);
    parts.root.dataset.starts = !run.error || state.isCovered;
    transport.buttons.hidden = Boolean(run.error) || state.isCovered;
    parts.remedies.hidden = !run.error || state.isCovered;
    transport.big.hidden = !(state.isPoster || (state.isPredicting && state.written === 0 && !state.isCovered && !state.film)) || Boolean(run.error);
    transport.scrub.hidden = Boolean(run.error);
    if (!width) return;
    if (run.error) {
      this.place = null;
      drawImpossible(svg.apparatus, state.isCovered ? null : run.want, width, IMPOSSIBLE, unit);
      if (!state.isCovered) this.drawRemedies(state);
      return;
    }
    const { moment, written, film } = state;
    svg.apparatus.lit = svg.strip.lit = film?.phase ? "" : lit; // who watches the film points at nothing
    const scene = { run, state: moment, written, isCovered: state.isCovered, ...extras(state) };
    this.place = { ...drawApparatus(svg.apparatus, scene, this.view.names, width, unit), unit };
    const { left, right, floor } = this.place;
    transport.fit({ left: (left - PAD) * unit, top: (floor + 2) * unit, width: (right - left + 2 * PAD) * unit });
    legend.show(run, moment, lit);
    const { isWide, rows } = this.place;
    set(transport.big, "style", placed(left + 26, rows[0].y + (isWide ? 18 : 2), unit));
    set(transport.buttons, "style", placed(0, floor + (isWide ? 8 : 50), unit));
    this.drawAside(state, film);
    this.drawCaptions(state);
  }

  drawAside(state, film) {
    const { parts, sizes, svg, card } = this.view;
    const { run, isSilent } = state;
    parts.lens.toggleAttribute("hidden", !run.race?.finish || isSilent);
    const [width, unit] = sizes.of(parts.aside);
    if (width && !parts.lens.hasAttribute("hidden")) drawLens(svg.lens, { run, written: state.written }, width, unit);
    const isOver = run.outcome === "oom" && !state.isCovered && state.told >= run.events.length;
    card.show(run, state.moment, isOver, isOver ? (film?.gates ?? null) : null);
    card.element.classList.toggle("over", isOver);
  }

  // What has happened so far, the last of it in full ink. A caption stays.
  drawCaptions(state) {
    const { run, isCovered, told } = state;
    const { caption } = this.view.parts;
    const rows = isCovered ? [] : run.events.slice(0, told);
    const texts = rows.map((event) => bound(`${human(event.written)}: ${eventInWords(run, event)}`));
    if (!isCovered && run.outcome === "survives" && state.written >= run.end) texts.push(bound(`${human(run.end)}: the copy is done`));
    if (!texts.length) texts.push(isCovered ? "" : "Nothing has happened yet: the file is being copied.");
    const shown = texts.slice(-2);
    while (caption.children.length > shown.length) caption.lastChild.remove();
    while (caption.children.length < shown.length) caption.append(h("li"));
    shown.forEach((text, n) => say(caption.children[n], text));
  }

  drawRemedies({ settings, usual }) {
    const key = JSON.stringify(settings);
    if (this.remediesOf === key) return;
    this.remediesOf = key;
    const { parts, groups, fates } = this.view;
    const found = remedies(groups.all, settings, usual, fates);
    const buttons = found.map(({ row, values }) => {
      const words = settingInWords(row, { ...settings, ...values });
      return h("button", { type: "button", onclick: () => this.on.change(values, true) }, bound(words));
    });
    const title = h("span", {}, buttons.length ? "The nearest machines that start:" : "No single change makes it start.");
    parts.remedies.replaceChildren(title, ...buttons);
  }
}

const placed = (left, top, unit) => `left: ${left * unit}px; top: ${top * unit}px`;

// What comes with a moment: the machine to compare with, a pinned one, what flows, and the learner's flag.
function extras({ film, reference, pinned, written, run, told, flag, isCovered, guess }) {
  const kept = run.events.slice(0, told).some(({ kind }) => kind === "kswapd_keeps_pace");
  return {
    ghost: !film && !pinned && reference && !reference.run.error ? reference : null,
    pinned: pinnedMoment(pinned, written),
    phase: film?.phase ?? null,
    drains: kept,
    guess: isCovered ? flag : (guess?.at ?? null),
  };
}

const pinnedMoment = (pinned, written) =>
  pinned && !pinned.run.error ? { run: pinned.run, state: at(pinned.run, Math.min(written, pinned.run.end)) } : null;
