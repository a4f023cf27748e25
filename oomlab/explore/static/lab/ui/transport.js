// Time, as on a video player: play, pause, step from scene to scene, and a slider to drag.

import { h, set } from "../../dom.js";
import { gib } from "../model/format.js";
import { filmOf, scenes } from "../model/scenes.js";

const PLAY = "M4 3l9 5-9 5z";
const PAUSE = "M5 3v10M11 3v10";
const BACK = "M4 3v10M13 3L6 8l7 5z";
const ON = "M12 3v10M3 3l7 5-7 5z";
const STEPS = {
  ...{ ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01 },
  ...{ PageDown: -0.1, PageUp: 0.1 },
}; // of the file

// moveTo(written, isReleased, film) hears of every movement, in pages copied; film is what the film says of
// the moment, null when it is off. ended() hears that it has run to its end or was stopped.
export function makeTransport(ids, moveTo, ended) {
  let run = null; // null where there is nothing to play
  let [written, told] = [0, 0];
  let [here, most] = [0, 0]; // where the slider stands, and how far it goes: the moment, or the learner's flag
  let playing = null;

  const scrub = h("input", {
    id: `${ids}-time`,
    class: "scrub",
    type: "range",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "GiB copied so far",
    oninput: () => jump(scrub.valueAsNumber * run.file, false),
    onchange: () => jump(scrub.valueAsNumber * run.file, true),
    onkeydown: (event) => {
      const to = { Home: 0, End: run.file }[event.key] ?? here + STEPS[event.key] * run.file;
      if (Number.isNaN(to)) return;
      event.preventDefault();
      jump(to, true);
    },
  });
  const before = () => scenes(run).findLast((each) => each.written < written - 0.5 || each.told < told) ?? scenes(run)[0];
  const after = () => scenes(run).find((each) => each.written > written + 0.5 || each.told > told) ?? scenes(run).at(-1);
  const step = (scene) => {
    stop();
    moveTo(scene.written, true, { ...scene, gates: null, phase: null });
  };
  const toggle = () => (playing === null ? start() : jump(written, true));
  const back = button("Back to the scene before", BACK, () => step(before()));
  const on = button("On to the next scene", ON, () => step(after()));
  const play = button("Play", PLAY, toggle);
  const big = h("button", { type: "button", class: "big", "aria-label": "Play the film", onclick: toggle }, icon(PLAY));

  function jump(to, isReleased) {
    stop();
    here = Math.min(most, Math.max(0, to));
    moveTo(to, isReleased, null);
  }
  function start() {
    const isOver = written >= run.end && told >= run.events.length;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return step(isOver ? scenes(run)[0] : after());
    const film = filmOf(run);
    let at = isOver ? 0 : film.when(written);
    let last = null;
    const tick = (now) => {
      at += last === null ? 0 : Math.min(100, now - last);
      last = now;
      const moment = film.at(at);
      if (at >= film.length) return jump(run.end, true);
      moveTo(moment.written, false, { ...moment, phase: moment.flow ? at : null });
      playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
    showPlaying();
  }
  function stop() {
    const wasPlaying = playing !== null;
    if (wasPlaying) cancelAnimationFrame(playing);
    playing = null;
    showPlaying();
    if (wasPlaying) ended();
  }
  function showPlaying() {
    set(play.querySelector("path"), "d", playing === null ? PLAY : PAUSE);
    set(play, "aria-label", playing === null ? "Play" : "Pause");
  }

  return {
    ...{ scrub, big, toggle, stop, start, jump },
    step: (isOn) => run && step(isOn ? after() : before()),
    buttons: h("div", { class: "transport", role: "group", "aria-label": "Time" }, back, play, on),
    // flag: where the learner's flag stands while the outcome is covered, else null.
    show(shown, at, events, flag) {
      [run, written, told] = [shown, at, events];
      for (const each of [back, play, on]) each.disabled = flag !== null;
      if (run === null) return;
      [here, most] = flag === null ? [written, run.end] : [flag, run.file];
      scrub.value = run.file ? here / run.file : 0;
      set(scrub, "aria-valuetext", `${gib(here)} GiB copied`);
      set(scrub, "aria-label", flag === null ? "GiB copied so far" : "Your flag: it dies about here");
    },
    // The slider lies over the axis: left, top and width in em of the lab.
    fit({ left, top, width }) {
      set(scrub, "style", `left: ${left}px; top: ${top}px; width: ${width}px`);
    },
  };
}

function icon(d) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", d);
  return svg;
}

const button = (label, d, onclick) => h("button", { type: "button", "aria-label": label, onclick }, icon(d));
