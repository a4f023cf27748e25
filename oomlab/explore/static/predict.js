// A question with radio buttons or a field, a button that commits to a guess, and then what happens.

import { NO_MATH, freshId, h, say } from "./dom.js";

export function render({ model, el }) {
  const name = freshId();
  const options = model.get("_options");
  let committed = false;
  const inputs = options.length ? options.map(([key]) => h("input", { type: "radio", name, value: key })) : [field()];
  const labels = options.length
    ? options.map(([, meaning], n) => h("label", {}, inputs[n], h("span", {}, meaning)))
    : [h("label", { class: "number" }, inputs[0], h("span", {}, model.get("_unit")))];
  const guess = () => (options.length ? inputs.find((input) => input.checked)?.value : inputs[0].value.trim());
  const commit = h("button", { type: "submit" }, "This is my guess");
  const feedback = h("p", { class: "feedback", role: "status", tabindex: "-1" });
  const outcome = h("pre", { class: "outcome", tabindex: "0" });
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        const value = guess();
        if (!value) return say(feedback, options.length ? "Pick one first." : "Write a number first.");
        committed = true;
        model.set("value", value);
        model.save_changes();
      },
    },
    h("fieldset", {}, h("legend", {}, model.get("_question")), ...labels),
    commit,
  );
  // Jupyter keeps Enter from submitting the form, so that is done here.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target === commit) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const show = () => {
    const done = model.get("_done");
    for (const input of inputs) {
      if (done && options.length) input.checked = input.value === model.get("value");
      else if (done) input.value = model.get("value");
      input.disabled = done;
    }
    commit.hidden = done;
    say(feedback, model.get("_feedback"));
    say(outcome, model.get("_outcome"));
    outcome.hidden = !model.get("_outcome");
    // The button is gone, and with it the focus of whoever pressed it: take them to what it showed.
    if (committed && done) (outcome.hidden ? feedback : outcome).focus();
    committed = committed && !done;
  };

  function field() {
    return h("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": model.get("_question") });
  }

  el.classList.add("oom", "oom-radios", "oom-predict", ...NO_MATH);
  el.append(form, feedback, outcome);
  const events = "change:_done change:_feedback change:_outcome";
  model.on(events, show);
  show();
  return () => model.off(events, show);
}
