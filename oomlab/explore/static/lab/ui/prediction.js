// Predict first: the outcome stays covered until the learner has said what will come of it.

import { h, say } from "../../dom.js";

const FATES = { survives: "it lives", oom: "it dies", "no boot": "it does not start" };

// predict(isPredicting, guess) hears of the box and of the answer; guess is null before there is one.
export function makePrediction(ids, predict) {
  const onchange = () => predict(box.checked, null);
  const box = h("input", { id: `${ids}-predict`, type: "checkbox", onchange });
  const buttons = Object.keys(FATES)
    .slice(0, 2)
    .map((fate) => h("button", { type: "button", onclick: () => predict(true, fate) }, capital(FATES[fate])));
  const question = h(
    "div",
    { class: "question", role: "group", "aria-label": "Your prediction" },
    h("strong", {}, "What will come of it?"),
    ...buttons,
  );
  const score = h("p", { class: "score" });
  return {
    element: h("div", { class: "control pair" }, h("label", { for: box.id }, "Predict first"), box),
    question,
    score,
    show(run, isPredicting, guess) {
      box.checked = isPredicting;
      question.hidden = !isPredicting || guess !== null;
      score.hidden = !isPredicting || guess === null;
      say(score, score.hidden ? "" : scoreOf(guess, run.outcome));
    },
  };
}

const scoreOf = (guess, outcome) =>
  `You said: ${FATES[guess]}. ${guess === outcome ? "So it is." : `But ${FATES[outcome]}.`}`;
const capital = (text) => text[0].toUpperCase() + text.slice(1);
