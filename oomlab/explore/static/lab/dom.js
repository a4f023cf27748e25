// HTML elements in one call: h("button", { type: "button", onclick }, "Play").
// Properties that begin with "on" are listeners; text is always text, never markup.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// JupyterLab takes the arrow keys for itself unless the input says otherwise.
export const KEEP_KEYS = { "data-lm-suppress-shortcuts": "true" };

let labs = 0;

// A prefix for ids that no other lab on the page has.
export function freshIds() {
  labs += 1;
  return `lab${labs}${Math.random().toString(36).slice(2, 6)}`;
}

// Change text only when it differs: a live region must not speak twice.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Text in which a number stays with its unit.
export const bound = (text) => text.replace(/(\d) (?=[GMk]i?B\b)/g, "$1\u00a0");

export function tableOf(caption, heads, rows) {
  const cells = (kind, row) =>
    row.map((each, n) =>
      h(n === 0 ? "th" : kind, n === 0 ? { scope: kind === "th" ? "col" : "row" } : {}, each),
    );
  return h(
    "table",
    {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells("td", row)))),
  );
}
