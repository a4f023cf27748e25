// Predict first: the outcome stays covered until the learner has said what will come of it.

import { KEEP_KEYS, h, say } from "./dom.js";

const FATES = { survives: "it lives", oom: "it dies", "no boot": "it does not start" };

// changed() is called when something is covered or uncovered.
export function makePrediction(ids, changed) {
  let isOn = false;
  let said = null;
  const box = h("input", { ...KEEP_KEYS, id: `${ids}-predict`, type: "checkbox" });
  const buttons = Object.keys(FATES)
    .slice(0, 2)
    .map((fate) => h("button", { type: "button", onclick: () => commit(fate) }, capital(FATES[fate])));
  const question = h(
    "div",
    { class: "question", role: "group", "aria-label": "Your prediction" },
    h("strong", {}, "What will come of it?"),
    ...buttons,
  );
  const score = h("p", { class: "score" });
  box.addEventListener("change", () => {
    isOn = box.checked;
    said = null;
    changed();
  });
  const commit = (fate) => {
    said = fate;
    changed();
  };
  return {
    element: h("div", { class: "control pair" }, h("label", { for: box.id }, "Predict first"), box),
    question,
    score,
    isCovered: () => isOn && said === null,
    // Another machine asks for another prediction.
    forget() {
      said = null;
    },
    show(run) {
      question.hidden = !this.isCovered();
      score.hidden = !isOn || said === null;
      say(
        score,
        score.hidden
          ? ""
          : `You said: ${FATES[said]}. ${said === run.outcome ? "So it is." : `But ${FATES[run.outcome]}.`}`,
      );
    },
  };
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
