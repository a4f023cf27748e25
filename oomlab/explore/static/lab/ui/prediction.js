// Predict first: the outcome stays covered until the learner has said what comes of it. A flag on the axis says
// when, a button of what; then the film answers.

import { h, say } from "../../dom.js";
import { human } from "../model/format.js";

const FATES = {
  survives: "it lives",
  lowmem: "lowmem runs out",
  ram: "all its RAM runs out",
  "no boot": "it does not start",
};

// Which of these came of a run.
export function fateOf({ outcome, zone, zones, user, kernel }) {
  if (outcome !== "oom") return outcome;
  return user !== kernel && zone === zones[kernel].name ? "lowmem" : "ram";
}

// predict(isPredicting, fate) hears of the box and of the answer; fate is null before there is one.
export function makePrediction(ids, predict) {
  const onchange = () => predict(box.checked, null);
  const box = h("input", { id: `${ids}-predict`, type: "checkbox", onchange });
  const buttons = Object.entries(FATES).map(([fate, words]) =>
    h("button", { type: "button", onclick: () => predict(true, fate) }, capital(words)),
  );
  const asked = h("strong", {}, "What comes of it?");
  const how = h("span", {}, "Put the flag on the axis where it dies, then say of what.");
  const question = h("div", { class: "question", role: "group", "aria-label": "Your prediction" }, asked, how, h("div", { class: "answers" }, ...buttons));
  const score = h("p", { class: "score" });
  const right = new Map(); // which presets were predicted right
  return {
    element: h("div", { class: "control pair predict" }, box, h("label", { for: box.id }, "Predict first")),
    question,
    score,
    focus: () => buttons[0].focus(),
    // preset: the ready-made machine that this is, or ""; presets: how many there are.
    show({ run, isPredicting, isCovered, isAnswering, guess }, preset, presets) {
      box.checked = isPredicting;
      question.hidden = !isCovered;
      score.hidden = !isPredicting || guess === null;
      if (score.hidden) return;
      if (isAnswering) return say(score, `You said: ${saidOf(guess)}. Watch.`);
      if (preset && !right.has(preset)) right.set(preset, guess.fate === fateOf(run));
      const good = [...right.values()].filter(Boolean).length;
      const tally = right.size ? ` Ready-made machines: ${good} of ${presets} right.` : "";
      say(score, `You said: ${saidOf(guess)}. ${verdictOn(guess, run)}${tally}`);
    },
  };
}

const isDeath = (fate) => fate === "lowmem" || fate === "ram";
const saidOf = ({ fate, at }) => (isDeath(fate) && at !== null ? `${FATES[fate]} after ${human(at)}` : FATES[fate]);

function verdictOn({ fate, at }, run) {
  const came = fateOf(run);
  if (fate !== came) return `But ${FATES[came]}.`;
  if (!isDeath(came) || at === null) return "So it is.";
  const off = Math.abs(at - run.end);
  return off < run.file / 100 ? "So it is, to the point." : `So it is, ${human(off)} ${at > run.end ? "earlier" : "later"} than your flag.`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
