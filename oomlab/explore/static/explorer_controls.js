// The controls of an explorer, as native inputs: what Python declares becomes elements.

import { bound, h } from "./dom.js";

// Each kind of control: build(spec, id, send) gives its element and update(spec), which brings
// labels and value up to date without disturbing the focus. send(value, released) tells Python.

const kinds = {
  slider(spec, id, send) {
    const label = h("label", { for: id });
    const reading = h("span", { class: "reading", "aria-hidden": "true" }); // aria-valuetext says it
    const input = h("input", { id, type: "range", min: 0, step: 1 });
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
    const label = h("label", { for: id });
    const input = h("input", { id, type: "number", step: 1, required: true });
    const unit = h("span");
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
    const input = h("input", { id, type: "checkbox" });
    const label = h("label", { for: id });
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
    const label = h("label", { for: id });
    const input = h("input", {
      id,
      type: "text",
      required: true,
      spellcheck: "false",
      autocomplete: "off",
      pattern: "(0[xX])?[0-9a-fA-F]{1,8}",
      title: "hexadecimal, such as 0x84d0",
    });
    const digits = h("div", { class: "digits" });
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
    return { parts: [h("div", { class: "hex" }, label, input), digits], input, update };
  },
};

function select(spec, id, send) {
  const label = h("label", { for: id });
  const input = h("select", { id });
  let values = [];
  input.addEventListener("change", () => send(values[input.selectedIndex], true));
  const update = (next) => {
    label.textContent = next.label;
    values = next.options.map(([value]) => value);
    const words = next.options.map(([, each]) => each);
    if ([...input.options].map((each) => each.text).join("\n") !== words.join("\n")) {
      input.replaceChildren(...words.map((each) => h("option", {}, each)));
    }
    input.selectedIndex = values.indexOf(next.value);
    input.disabled = next.off;
  };
  return { parts: [label, input], input, update };
}

function radios(spec, id, send) {
  const legend = h("legend");
  const segments = h("div", { class: "segments" });
  const group = h("fieldset", {}, legend, segments);
  let shown = "";
  const update = (next) => {
    legend.textContent = next.label;
    group.disabled = next.off;
    const words = next.options.map(([, each]) => each).join("\n");
    if (words !== shown) {
      shown = words;
      segments.replaceChildren(...next.options.map(([value, each]) => {
        const onchange = () => send(value, true);
        return h("label", {}, h("input", { type: "radio", name: id, onchange }), each);
      }));
    }
    next.options.forEach(([value], n) => { segments.children[n].firstChild.checked = value === next.value; });
  };
  return { parts: [group], input: group, update };
}

function digitCard({ bits }, boxes, toggled) {
  const rows = bits.map(({ bit }) => {
    const box = h("input", { type: "checkbox", onchange: toggled });
    const name = h("span", { class: "name" });
    const row = h("label", { class: "bit" }, box, h("span", { class: "place" }, `${bit}`), name);
    boxes.set(bit, { box, name, row });
    return row;
  });
  return h("div", { class: "digit" }, h("div", { class: "value" }), ...rows);
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

// Text that may break behind certain places, its numbers kept with their units.
export function breakable(text, places) {
  return bound(text).split(places).flatMap((part) => [part, h("wbr")]);
}

// A control with its label and its hint: {element, update}.
export function control(spec, id, send) {
  const { parts, input, update } = kinds[spec.kind](spec, id, send);
  const hint = h("p", { class: "hint", id: `${id}-hint` });
  const element = h("div", { class: `control ${spec.kind}` }, ...parts, hint);
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
