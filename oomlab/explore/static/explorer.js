// Draws the controls that Python declares, tells Python when a hand moves one, and shows the
// picture that comes back. Nothing is calculated here.

/** Make an element: make("p", { className: "hint" }, "text", child …). */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function press(words, action) {
  const button = keepsItsKeys(make("button", { type: "button", textContent: words }));
  button.addEventListener("click", action);
  return button;
}

/** Jupyter takes keys away from a focused input unless the input itself says not to. */
function keepsItsKeys(input) {
  input.dataset.lmSuppressShortcuts = "true";
  return input;
}

// Each kind of control: build(spec, id, send) gives its element and update(spec), which brings
// labels and value up to date without disturbing the focus. send(value, released) tells Python.

const kinds = {
  slider(spec, id, send) {
    const label = make("label", { htmlFor: id });
    const reading = make("span", { className: "reading", ariaHidden: "true" }); // aria-valuetext says it
    const input = keepsItsKeys(make("input", { id, type: "range", min: 0, step: 1 }));
    let now = spec;
    const read = () => {
      const words = now.readouts[input.value];
      reading.textContent = words;
      input.setAttribute("aria-valuetext", words);
    };
    const moved = (released) => { read(); send(now.steps[input.value], released); };
    input.addEventListener("input", () => moved(false));
    input.addEventListener("change", () => moved(true));
    const update = (next) => {
      now = next;
      label.textContent = next.label;
      input.max = next.steps.length - 1;
      input.value = Math.max(0, next.steps.indexOf(next.value));
      input.disabled = next.off;
      read();
    };
    return { parts: [label, reading, input], input, update };
  },

  number(spec, id, send) {
    const label = make("label", { htmlFor: id });
    const input = keepsItsKeys(make("input", { id, type: "number", step: 1, required: true }));
    const unit = make("span");
    const typed = (released) => { if (input.checkValidity()) send(input.valueAsNumber, released); };
    input.addEventListener("input", () => typed(false));
    input.addEventListener("change", () => { input.reportValidity(); typed(true); });
    const update = (next) => {
      label.textContent = next.unit ? `${next.label}, ${next.unit}` : next.label;
      Object.assign(input, { min: next.low, max: next.high, disabled: next.off });
      if (input.valueAsNumber !== next.value) input.value = next.value;
    };
    return { parts: [label, input, unit], input, update };
  },

  toggle(spec, id, send) {
    const input = keepsItsKeys(make("input", { id, type: "checkbox" }));
    const label = make("label", { htmlFor: id });
    input.addEventListener("change", () => send(input.checked, true));
    const update = (next) => {
      label.textContent = next.label;
      Object.assign(input, { checked: next.value, disabled: next.off });
    };
    return { parts: [input, label], input, update };
  },

  choice(spec, id, send) {
    return spec.options.length > 4 ? select(spec, id, send) : radios(spec, id, send);
  },

  bits(spec, id, send) {
    const label = make("label", { htmlFor: id });
    const text = make("input", { id, type: "text", required: true, spellcheck: false, autocomplete: "off" });
    const input = keepsItsKeys(Object.assign(text, { pattern: "(0[xX])?[0-9a-fA-F]{1,8}", title: "hexadecimal, such as 0x84d0" }));
    const digits = make("div", { className: "digits" });
    const boxes = new Map();
    input.addEventListener("input", () => { if (input.checkValidity()) send(input.value, false); });
    input.addEventListener("change", () => { if (input.reportValidity()) send(input.value, true); });
    const toggled = () => send([...boxes].filter(([, each]) => each.box.checked).map(([bit]) => bit), true);
    const update = (next) => {
      label.textContent = next.label;
      if (document.activeElement !== input) input.value = next.value;
      const shape = next.digits.map((each) => each.bits.length).join();
      if (digits.dataset.shape !== shape) {
        digits.dataset.shape = shape;
        boxes.clear();
        digits.replaceChildren(...next.digits.map((each) => digitCard(each, boxes, toggled)));
        digits.style.setProperty("--digits", next.digits.length);
        digits.style.setProperty("--half", Math.ceil(next.digits.length / 2));
      }
      next.digits.forEach((each, n) => nameDigit(digits.children[n], each, boxes));
    };
    return { parts: [make("div", { className: "hex" }, label, input), digits], input, update };
  },
};

function select(spec, id, send) {
  const label = make("label", { htmlFor: id });
  const input = keepsItsKeys(make("select", { id }));
  let values = [];
  input.addEventListener("change", () => send(values[input.selectedIndex], true));
  const update = (next) => {
    label.textContent = next.label;
    values = next.options.map(([value]) => value);
    const words = next.options.map(([, each]) => each);
    if ([...input.options].map((each) => each.text).join("\n") !== words.join("\n")) {
      input.replaceChildren(...words.map((each) => make("option", { textContent: each })));
    }
    input.selectedIndex = values.indexOf(next.value);
    input.disabled = next.off;
  };
  return { parts: [label, input], input, update };
}

function radios(spec, id, send) {
  const legend = make("legend");
  const segments = make("div", { className: "segments" });
  const group = make("fieldset", {}, legend, segments);
  let shown = "";
  const update = (next) => {
    legend.textContent = next.label;
    group.disabled = next.off;
    const words = next.options.map(([, each]) => each).join("\n");
    if (words !== shown) {
      shown = words;
      segments.replaceChildren(...next.options.map(([value, each]) => {
        const input = keepsItsKeys(make("input", { type: "radio", name: id }));
        input.addEventListener("change", () => send(value, true));
        return make("label", {}, input, each);
      }));
    }
    next.options.forEach(([value], n) => { segments.children[n].firstChild.checked = value === next.value; });
  };
  return { parts: [group], input: group, update };
}

function digitCard({ bits }, boxes, toggled) {
  const rows = bits.map(({ bit }) => {
    const box = keepsItsKeys(make("input", { type: "checkbox" }));
    const name = make("span", { className: "name" });
    const row = make("label", { className: "bit" }, box, make("span", { className: "place", textContent: bit }), name);
    box.addEventListener("change", toggled);
    boxes.set(bit, { box, name, row });
    return row;
  });
  return make("div", { className: "digit" }, make("div", { className: "value" }), ...rows);
}

function nameDigit(card, { digit, bits }, boxes) {
  card.classList.toggle("zero", digit === "0");
  card.firstChild.textContent = digit;
  for (const { bit, name, on } of bits) {
    const each = boxes.get(bit);
    each.box.checked = on;
    each.name.replaceChildren(...breakable(name || "no name", /(?<=[A-Z]_)/));
    each.row.classList.toggle("unnamed", !name);
  }
}

/** Let a long text break behind certain places, and keep its numbers with their units. */
function breakable(text, places) {
  const kept = text.replace(/(\d) (?=%|[kMG]i?B|pages?\b|bytes\b)/g, "$1\u00a0");
  return kept.split(places).flatMap((part) => [part, make("wbr")]);
}

/** Put a control's parts, its hint and its label together. */
function control(spec, id, send) {
  const { parts, input, update } = kinds[spec.kind](spec, id, send);
  const hint = make("p", { className: "hint", id: `${id}-hint` });
  const element = make("div", { className: `control ${spec.kind}` }, ...parts, hint);
  return {
    element,
    update(next) {
      update(next);
      hint.textContent = next.hint;
      element.classList.toggle("off", next.off);
      if (next.hint) input.setAttribute("aria-describedby", hint.id);
    },
  };
}

function table(rows) {
  const numeric = (text) => /^[−-]?[\d,.]+$/.test(text);
  const [heads, ...body] = rows;
  const head = make("tr", {}, ...heads.map((each) => make("th", { scope: "col", textContent: each })));
  const cells = (row) => row.map((each, n) => n === 0
    ? make("th", { scope: "row", textContent: each })
    : make("td", { className: numeric(each) ? "figure" : "", textContent: each }));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body.map((row) => make("tr", {}, ...cells(row)))));
}

function render({ model, el }) {
  // Jupyter loads this file once for each widget: a counter would give every one the same number.
  const id = `oom-${Math.random().toString(36).slice(2)}`;
  const part = (className, tag = "div") => make(tag, { className });
  const presets = part("presets"), controls = part("controls"), stage = part("stage"), actions = part("actions");
  const sentence = part("sentence", "p"), picture = part("picture"), rows = part("scroll"), code = part("code", "pre");
  const heard = make("p", { className: "heard", role: "status" });
  presets.setAttribute("role", "group");
  presets.setAttribute("aria-label", "Ready-made settings");
  rows.tabIndex = code.tabIndex = 0;
  stage.append(sentence, picture, rows, code);
  const frame = make("div", { className: `frame ${model.get("_layout")}` }, presets, controls, stage, actions, heard);
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", model.get("_title"));
  el.classList.add("oom", "oom-explorer", "mathjax_ignore", "tex2jax_ignore");
  el.append(frame);

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
    [asked, waiting, released] = [{}, null, false];
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
    if (!rows.hidden && shown.table.length) rows.replaceChildren(table(shown.table));
    if (waiting || shown.number < last) return; // a newer question is on its way: leave the inputs to the hand
    showPanel(model.get("_panel"));
    if (shown.number < announceAt) return;
    announceAt = Infinity;
    heard.textContent = shown.sentence;
  };

  const reset = press("Reset", () => ask(model.get("_start"), true));
  const copy = press("Copy as Python code", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      heard.textContent = copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy as Python code"; }, 1500);
    } catch { // a page served over plain http has no clipboard: show the code instead
      code.hidden = false;
      getSelection().selectAllChildren(code);
    }
  });
  const asTable = press("Show as table", () => {
    rows.hidden = !rows.hidden;
    asTable.setAttribute("aria-expanded", !rows.hidden);
    show();
  });
  asTable.setAttribute("aria-expanded", "false");
  actions.append(reset, copy, asTable);

  rows.hidden = code.hidden = true;
  show();
  model.on("change:_shown", show);
  const fit = new ResizeObserver(() => {
    const drawn = picture.firstElementChild.width.baseVal.value;
    if (stage.clientWidth && Math.floor(stage.clientWidth) !== drawn) ask({}, false);
  });
  fit.observe(stage);
  return () => {
    fit.disconnect();
    model.off("change:_shown", show);
  };
}

export default { render };
