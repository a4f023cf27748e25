// Time, as on a video player: play, pause, step from event to event, and a slider to drag.

import { h } from "../../dom.js";
import { gib } from "../model/format.js";

const SECONDS = 8; // a whole copy, played
const PLAY = "M4 3l9 5-9 5z";
const PAUSE = "M5 3v10M11 3v10";
const BACK = "M4 3v10M13 3L6 8l7 5z";
const ON = "M12 3v10M3 3l7 5-7 5z";
const STEPS = {
  ...{ ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01 },
  ...{ PageDown: -0.1, PageUp: 0.1 },
}; // of the file

// moveTo(written, isReleased) hears of every movement, in pages copied.
export function makeTransport(ids, moveTo) {
  let run = null; // null where there is nothing to play
  let written = 0;
  let playing = null;
  let width = 0;

  const scrub = h("input", {
    id: `${ids}-time`,
    type: "range",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "GiB copied so far",
    oninput: () => jump(scrub.valueAsNumber * run.file, false),
    onchange: () => jump(scrub.valueAsNumber * run.file, true),
    onkeydown: (event) => {
      const to = { Home: 0, End: run.end }[event.key] ?? written + STEPS[event.key] * run.file;
      if (Number.isNaN(to)) return;
      event.preventDefault();
      jump(to, true);
    },
  });
  const stops = () => [0, ...run.events.map((event) => event.written), run.end];
  const before = () => stops().findLast((each) => each < written - 0.5) ?? 0;
  const after = () => stops().find((each) => each > written + 0.5) ?? run.end;
  const back = button("Back to the event before", BACK, () => jump(before(), true));
  const on = button("On to the next event", ON, () => jump(after(), true));
  const play = button("Play", PLAY, () => (playing === null ? start() : jump(written, true)));

  function jump(to, isReleased) {
    stop();
    go(to, isReleased);
  }
  function go(to, isReleased) {
    written = Math.min(Math.max(to, 0), run.end);
    moveTo(written, isReleased);
  }
  function start() {
    if (written >= run.end) go(0, false);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return go(after(), true);
    let last = performance.now();
    const tick = (now) => {
      const to = written + (run.file * (now - last)) / (1000 * SECONDS);
      last = now;
      if (to >= run.end) return jump(to, true);
      go(to, false);
      playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
    showPlaying();
  }
  function stop() {
    if (playing !== null) cancelAnimationFrame(playing);
    playing = null;
    showPlaying();
  }
  function showPlaying() {
    play.querySelector("path").setAttribute("d", playing === null ? PLAY : PAUSE);
    play.setAttribute("aria-label", playing === null ? "Play" : "Pause");
  }

  return {
    scrub,
    stop,
    buttons: h("div", { class: "transport", role: "group", "aria-label": "Time" }, back, play, on),
    show(shown, at) {
      [run, written] = [shown, at];
      scrub.value = run.file ? written / run.file : 0;
      scrub.setAttribute("aria-valuetext", `${gib(written)} GiB copied`);
    },
    // The slider is as wide as the picture above it.
    fit(wanted) {
      if (wanted !== width) scrub.style.width = `${(width = wanted)}px`;
    },
  };
}

function button(label, d, onclick) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", d);
  return h("button", { type: "button", "aria-label": label, onclick }, svg);
}
