// An explorer: the controls that Python declares, what a hand does to them, and the picture that
// Python sends back. Nothing is calculated here.

import { NO_MATH, copyText, freshId, h, tableOf } from "./dom.js";
import { breakable, control } from "./explorer_controls.js";
import { makeOpening } from "./opening.js";

const PATIENCE = 4000; // ms until a question counts as unanswered
const NO_ANSWER =
  "No answer from Python yet: sentence and picture are those of the last answer. " +
  "If the kernel is gone, run the cell again.";

const press = (words, onclick) => h("button", { type: "button", onclick }, words);

export function render({ model, el }) {
  const id = freshId();
  const presets = h("div", { class: "presets", role: "group", "aria-label": "Ready-made settings" });
  const controls = h("div", { class: "controls" });
  const sentence = h("p", { class: "sentence" });
  const picture = h("div", { class: "picture" });
  const rows = h("div", { class: "scroll", tabindex: 0, hidden: true });
  const code = h("pre", { class: "code", tabindex: 0, hidden: true });
  const stage = h("div", { class: "stage" }, sentence, picture, rows, code);
  const note = h("p", { class: "note", role: "alert", hidden: true }, NO_ANSWER);
  const actions = h("div", { class: "actions" });
  const heard = h("p", { class: "heard", role: "status" });
  const look = { class: `frame ${model.get("_layout")}`, role: "group", "aria-label": model.get("_title") };
  el.classList.add("oom", "oom-explorer", ...NO_MATH);
  const opening = makeOpening(model);
  el.append(h("div", look, presets, controls, stage, note, actions, heard), opening.element);

  // Asking: at most once a frame, the last position wins. The widget manager holds a question back
  // until Python has answered the one before, so each repeats what is still unanswered.
  let asked = {}, waiting = null, last = model.get("_shown").number, released = false, announceAt = Infinity;
  const send = () => {
    const open = model.get("_request");
    const unanswered = open.number > model.get("_shown").number ? open.values : {};
    last = Math.max(last, open.number ?? 0) + 1;
    if (released) announceAt = last;
    model.set("_request", { number: last, values: { ...unanswered, ...asked }, width: Math.floor(stage.clientWidth) });
    model.save_changes();
    late ??= setTimeout(() => isAnswered(false), PATIENCE);
    [asked, waiting, released] = [{}, null, false];
  };
  // Where no kernel runs nothing answers: then what is shown belongs to other settings, and must not seem right.
  let late = null;
  const isAnswered = (isSo) => {
    clearTimeout(late);
    if (isSo) late = null;
    stage.classList.toggle("stale", !isSo);
    note.hidden = isSo;
  };
  const ask = (values, isReleased) => {
    Object.assign(asked, values);
    released ||= isReleased;
    waiting ??= requestAnimationFrame(send);
  };

  const inputs = model.get("_panel").controls.map((spec) =>
    control(spec, `${id}-${spec.name}`, (value, isReleased) => ask({ [spec.name]: value }, isReleased)));
  controls.append(...inputs.map((each) => each.element));

  const showPanel = ({ controls: specs, presets: settings }) => {
    const now = model.get("_shown").values;
    inputs.forEach((each, n) => each.update(specs[n]));
    settings.forEach(({ label, values }, n) => {
      const button = presets.children[n] ?? presets.appendChild(press("", () => ask(button.values, true)));
      button.textContent = label;
      button.values = values;
      button.setAttribute("aria-pressed", Object.entries(values).every(([name, value]) => now[name] === value));
    });
    [...presets.children].slice(settings.length).forEach((each) => each.remove());
  };

  const show = () => {
    const shown = model.get("_shown");
    sentence.replaceChildren(...breakable(shown.sentence, /(?<=\|)/));
    picture.innerHTML = shown.svg.replaceAll("oom-hatch-", `${id}-hatch-`);
    code.textContent = shown.code;
    if (!rows.hidden && shown.table.length) rows.replaceChildren(tableOf("", shown.table));
    if (shown.number >= last) isAnswered(true);
    if (waiting || shown.number < last) return; // a newer question is on its way: leave the inputs to the hand
    showPanel(model.get("_panel"));
    if (shown.number < announceAt) return;
    announceAt = Infinity;
    heard.textContent = shown.sentence;
  };

  const reset = press("Reset", () => ask(model.get("_start"), true));
  const copy = press("Copy as Python code", async () => {
    if (!(await copyText(code, code.textContent))) return;
    heard.textContent = copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy as Python code"; }, 1500);
  });
  const asTable = press("Show as table", () => {
    rows.hidden = !rows.hidden;
    asTable.setAttribute("aria-expanded", !rows.hidden);
    show();
  });
  asTable.setAttribute("aria-expanded", "false");
  actions.append(reset, copy, asTable);

  show();
  model.on("change:_shown", show);
  const fit = new ResizeObserver(() => {
    const drawn = picture.firstElementChild.width.baseVal.value;
    if (stage.clientWidth && Math.floor(stage.clientWidth) !== drawn) ask({}, false);
  });
  fit.observe(stage);
  return () => {
    clearTimeout(late);
    fit.disconnect();
    opening.close();
    model.off("change:_shown", show);
  };
}
