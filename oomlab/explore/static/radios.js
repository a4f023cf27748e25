// One question with its options as radio buttons, and Python's answer to the one picked.

import { NO_MATH, freshId, h, prose } from "./dom.js";

export function render({ model, el }) {
  const name = freshId();
  const pick = ({ target }) => {
    model.set("value", target.value);
    model.save_changes();
  };
  const inputs = model
    .get("_options")
    .map(([key]) => h("input", { type: "radio", name, value: key, onchange: pick }));
  const labels = model
    .get("_options")
    .map(([, title, meaning], n) =>
      h("label", {}, inputs[n], h("span", {}, h("strong", {}, title), ...prose(meaning ? ` ${meaning}` : ""))),
    );
  const feedback = h("p", { class: "feedback", role: "status" });
  const show = () => {
    for (const input of inputs) input.checked = input.value === model.get("value");
    feedback.replaceChildren(...prose(model.get("_feedback")));
  };
  el.classList.add("oom", "oom-radios", ...NO_MATH);
  el.append(h("fieldset", {}, h("legend", {}, ...prose(model.get("_question"))), ...labels), feedback);
  model.on("change:value change:_feedback", show);
  show();
  return () => model.off("change:value change:_feedback", show);
}
