// From one explorer to the next: buttons for the others, and a place where the one that is asked for opens, made
// by Python with the machine that is set.

import { h } from "./dom.js";

const PREFIX = "IPY_MODEL_";

// {element, close}; nothing is offered where the widget has no machine.
export function makeOpening(model) {
  const offers = model.get("_offers") ?? [];
  const place = h("div", { class: "opened" });
  const ask = (words) => {
    model.set("_open", [words, (model.get("_open")[1] ?? 0) + 1]);
    model.save_changes();
  };
  const buttons = offers.map((words) => h("button", { type: "button", onclick: () => ask(words) }, words));
  const line = h("div", { class: "offers", role: "group", "aria-label": "This machine elsewhere" }, h("span", {}, "This machine in the"), ...buttons);
  line.hidden = !offers.length;
  const show = async () => {
    const id = model.get("_opened");
    if (!id) return;
    const child = await model.widget_manager.get_model(id.slice(PREFIX.length));
    const view = await model.widget_manager.create_view(child);
    place.replaceChildren(view.el);
    view.el.scrollIntoView({ block: "nearest" });
  };
  model.on("change:_opened", show);
  return { element: h("div", { class: "oom opening" }, line, place), close: () => model.off("change:_opened", show) };
}
