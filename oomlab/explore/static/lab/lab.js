// The failure lab: settings in, a run of the model, and every drawing of it, once a frame.

import { drawBudget } from "./budget.js";
import { asPython } from "./code.js";
import { makeControls } from "./controls.js";
import { bound, freshIds, h, say } from "./dom.js";
import { Edge } from "./edge.js";
import { drawFlasks } from "./flasks.js";
import { human } from "./format.js";
import { furnish } from "./furniture.js";
import { Pen, hatches } from "./pen.js";
import { makePrediction } from "./predict.js";
import { at, budget, newsAt, present } from "./present.js";
import { BASICS, CONTROLS, EDGE_ROWS, FINE_PRINT, KERNEL, PRESETS, built, incident } from "./settings.js";
import { numbers } from "./table.js";
import { drawTimeline } from "./timeline.js";
import { makeTransport } from "./transport.js";

// host: {facts, palette, settings, settled(settings, run, isByHand)}. Gives {element, set(settings), note(text), close()}.
export function makeLab(host) {
  const { facts } = host, ids = freshIds();
  const usual = incident(facts);
  const kernels = CONTROLS.find(({ name }) => name === "kernel");
  kernels.options = Object.keys(facts.rules).map((version) => [version, version]);

  let settings = { ...usual, ...host.settings }, run = null, written = 0, frame = null;
  const simulated = (each) => {
    const { machine, workload } = built(facts, each);
    return present(machine, workload);
  };

  // --- what the hand moves

  const change = (values, released) => {
    settings = { ...settings, ...values };
    run = null;
    prediction.forget();
    transport.stop();
    ask(released);
  };
  const moveTime = (to, released) => {
    written = to;
    ask(false);
    if (released) announce = true;
  };
  const controls = makeControls(CONTROLS, ids, change);
  const transport = makeTransport(ids, moveTime);
  const prediction = makePrediction(ids, () => {
    written = prediction.isCovered() ? 0 : run.end;
    ask(true);
  });
  const press = (label, title, action) => h("button", { type: "button", title, onclick: action }, label);
  const presets = PRESETS.map((preset) => press(preset.label, preset.note, () => change({ ...usual, ...preset.settings }, true)));

  // --- where it stands

  const parts = furnish({ ids, controls, transport, prediction, presets, groups: { BASICS, KERNEL, FINE_PRINT } });
  parts.root.prepend(hatches(host.palette, ids));
  const pens = Object.fromEntries(Object.entries(parts.drawings).map(([name, svg]) => [name, new Pen(svg, ids)]));
  const edge = new Edge(pens.edge, EDGE_ROWS, (each) => simulated(each).outcome, change);
  parts.reset.addEventListener("click", () => change(usual, true));
  parts.copy.addEventListener("click", () => copy(parts));
  parts.full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : parts.root.requestFullscreen()));
  parts.numbers.addEventListener("toggle", () => ask(false));

  // --- drawing, at most once a frame

  let isReleased = false, announce = false, isNew = true; // new: nobody has heard of these settings
  function ask(released) {
    isReleased ||= released;
    announce ||= released;
    frame ??= requestAnimationFrame(draw);
  }

  function draw() {
    frame = null;
    if (run === null) {
      run = simulated(settings);
      written = prediction.isCovered() ? 0 : run.end ?? 0;
    }
    controls.show(settings);
    PRESETS.forEach((preset, n) => presets[n].setAttribute("aria-pressed", same({ ...usual, ...preset.settings }, settings)));
    drawRun();
    if (isReleased || isNew) say(parts.code, asPython(facts, settings));
    if (isReleased || isNew) host.settled(settings, run, isReleased);
    isReleased = isNew = false;
  }

  function drawRun() {
    const covered = prediction.isCovered();
    parts.root.dataset.outcome = covered ? "covered" : run.outcome;
    parts.sentence.hidden = covered;
    say(parts.headline, covered ? "" : bound(run.headline));
    say(parts.because, covered ? "" : bound(`: ${run.because}`));
    prediction.show(run);
    parts.stage.hidden = Boolean(run.error);
    if (!run.error) drawStage(covered);
    drawEdge(covered);
    if (announce && !covered) say(parts.heard, run.sentence);
    announce = false;
  }

  function drawStage(covered) {
    const state = at(run, written), width = widths.stage;
    if (width === 0) return;
    drawFlasks(pens.flasks, run, state, width);
    parts.race.hidden = covered;
    if (!covered) transport.fit(drawTimeline(pens.timeline, run, written, width));
    transport.show(run, written);
    const uses = budget(run, state);
    say(parts.budgetTitle, `Where ${run.user === run.kernel ? "memory" : "lowmem"} went${written < 1 ? " before the copy" : `, after ${human(written)}`}`);
    drawBudget(pens.budget, uses, width);
    say(parts.news, covered ? "" : newsAt(run, written));
    if (parts.numbers.open && !covered) parts.tables.replaceChildren(...numbers(run, state));
  }

  function drawEdge(covered) {
    parts.edge.hidden = covered;
    if (covered) return;
    edge.ask(settings);
    if (edge.work(settings)) ask(false);
    if (widths.edge) edge.draw(settings, widths.edge);
  }

  // Widths are noted when they change: to ask for them in a frame would make the browser lay it out twice.
  const widths = { stage: 0, edge: 0 };
  const sized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      if (contentRect.width) widths[target === parts.edge ? "edge" : "stage"] = contentRect.width;
    }
    ask(false);
  });
  for (const part of [parts.stage, parts.edge]) sized.observe(part);
  ask(false);

  return {
    element: parts.root,
    set(values) {
      settings = { ...usual, ...values };
      run = null;
      isNew = true;
      ask(false);
    },
    note: (text) => say(parts.note, text),
    close() {
      transport.stop();
      sized.disconnect();
    },
  };
}

const same = (a, b) => Object.keys(a).every((name) => a[name] === b[name]);

async function copy({ copy: button, code, heard }) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(heard, "Copied");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy as Python"; }, 1500);
  } catch {
    // Without https there is no clipboard: show the code to be copied by hand.
    code.classList.add("shown");
    getSelection().selectAllChildren(code);
  }
}
