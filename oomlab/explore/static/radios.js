// Draws one question with its options as radio buttons, and what Python says to the one picked.

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function render({ model, el }) {
  // Jupyter loads this file once for each widget, so a counter would give every group the same name.
  const name = `oom-radios-${Math.random().toString(36).slice(2)}`;
  const inputs = model.get("_options").map(([key]) => make("input", { type: "radio", name, value: key }));
  const labels = model.get("_options").map(([, title, meaning], n) =>
    make("label", {}, inputs[n], make("span", {}, make("strong", { textContent: title }), meaning ? ` ${meaning}` : "")));
  const legend = make("legend", { textContent: model.get("_question") });
  const feedback = make("p", { className: "feedback" });
  feedback.setAttribute("role", "status");
  for (const input of inputs) {
    input.dataset.lmSuppressShortcuts = "true"; // or Jupyter takes the arrow keys away
    input.addEventListener("change", () => {
      model.set("value", input.value);
      model.save_changes();
    });
  }
  const show = () => {
    inputs.forEach((input) => { input.checked = input.value === model.get("value"); });
    feedback.textContent = model.get("_feedback");
  };
  el.classList.add("oom", "oom-radios", "mathjax_ignore", "tex2jax_ignore");
  el.append(make("fieldset", {}, legend, ...labels), feedback);
  model.on("change:value change:_feedback", show);
  show();
  return () => model.off("change:value change:_feedback", show);
}

export default { render };
