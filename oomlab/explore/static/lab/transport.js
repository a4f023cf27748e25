// Time, as on a video player: play, pause, step from event to event, and a slider to drag.

import { KEEP_KEYS, h } from "./dom.js";
import { gib } from "./format.js";

const SECONDS = 8; // a whole copy, played
const PLAY = "M4 3l9 5-9 5z";
const PAUSE = "M5 3v10M11 3v10";

export function makeTransport(ids, change) {
  const scrub = h("input", {
    ...KEEP_KEYS,
    id: `${ids}-time`,
    type: "range",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "GiB copied so far",
  });
  const back = h(
    "button",
    { type: "button", "aria-label": "Back to the event before" },
    icon("M4 3v10M13 3L6 8l7 5z"),
  );
  const play = h("button", { type: "button", "aria-label": "Play" }, icon(PLAY));
  const on = h(
    "button",
    { type: "button", "aria-label": "On to the next event" },
    icon("M12 3v10M3 3l7 5-7 5z"),
  );
  let run,
    written = 0,
    playing = null;

  const go = (to, released) => {
    written = Math.min(Math.max(to, 0), run.end);
    change(written, released);
  };
  const stop = () => {
    if (playing !== null) cancelAnimationFrame(playing);
    playing = null;
    show(run, written);
  };
  const start = () => {
    if (written >= run.end) go(0, false);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return go(nextStop(), true);
    let last = performance.now();
    const tick = (now) => {
      go(written + (run.file * (now - last)) / (1000 * SECONDS), false);
      last = now;
      if (written < run.end) playing = requestAnimationFrame(tick);
      else {
        stop();
        change(written, true);
      }
    };
    playing = requestAnimationFrame(tick);
    show(run, written);
  };
  const stops = () => [0, ...run.events.map((event) => event.written), run.end];
  const nextStop = () => stops().find((each) => each > written + 0.5) ?? run.end;

  scrub.addEventListener("input", () => {
    stop();
    go(scrub.valueAsNumber * run.file, false);
  });
  scrub.addEventListener("change", () => go(scrub.valueAsNumber * run.file, true));
  scrub.addEventListener("keydown", (event) => {
    const steps = {
      ArrowLeft: -0.01,
      ArrowDown: -0.01,
      ArrowRight: 0.01,
      ArrowUp: 0.01,
      PageDown: -0.1,
      PageUp: 0.1,
    };
    const ends = { Home: 0, End: run.end };
    const to = ends[event.key] ?? written + steps[event.key] * run.file;
    if (Number.isNaN(to)) return;
    event.preventDefault();
    stop();
    go(to, true);
  });
  back.addEventListener("click", () => {
    stop();
    go(stops().findLast((each) => each < written - 0.5) ?? 0, true);
  });
  on.addEventListener("click", () => {
    stop();
    go(nextStop(), true);
  });
  play.addEventListener("click", () => (playing === null ? start() : (stop(), change(written, true))));

  function show(now, at) {
    run = now;
    written = at;
    scrub.value = run.file ? written / run.file : 0;
    scrub.setAttribute("aria-valuetext", `${gib(written)} GiB copied`);
    play.querySelector("path").setAttribute("d", playing === null ? PLAY : PAUSE);
    play.setAttribute("aria-label", playing === null ? "Play" : "Pause");
  }
  // The slider is as wide as the picture above it.
  let width = 0;
  const fit = (wanted) => {
    if (wanted !== width) scrub.style.width = `${(width = wanted)}px`;
  };
  return {
    scrub,
    fit,
    buttons: h("div", { class: "transport", role: "group", "aria-label": "Time" }, back, play, on),
    show,
    stop,
  };
}

function icon(d) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", d);
  return svg;
}
