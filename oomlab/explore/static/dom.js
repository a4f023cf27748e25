// HTML elements in one call, for every widget: h("button", { type: "button", onclick }, "Play").
// Attributes that begin with "on" are listeners; text is always text, never markup.

const TAKES_FOCUS = ["button", "input", "select", "summary"];

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  // Jupyter takes arrows and letters (x cuts a cell) from an element with the focus unless it has this.
  if (TAKES_FOCUS.includes(tag) || "tabindex" in attributes) node.dataset.lmSuppressShortcuts = "true";
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Classes that keep MathJax out: a dollar sign in a log begins no formula.
export const NO_MATH = ["mathjax_ignore", "tex2jax_ignore"];

// A prefix for ids. Jupyter loads a script once for each widget, so a counter would give every one the same.
export const freshId = () => `oom-${Math.random().toString(36).slice(2)}`;

// Change text only when it differs: a live region must not speak twice.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The same for an attribute: a style that is written anew is looked up anew.
export function set(node, name, value) {
  if (node.getAttribute(name) !== `${value}`) node.setAttribute(name, value);
}

// Text in pieces, and what stands between backticks as code.
export const prose = (text) => text.split(/`([^`\n]+)`/).map((piece, n) => (n % 2 ? h("code", {}, piece) : piece));

// Text in which a number stays with its unit.
export const bound = (text) => text.replace(/(\d) (?=%|[kMG]i?B\b|pages?\b|bytes\b)/g, "$1\u00a0");

// The first row of rows holds the heads of the columns, the first cell of each row its own.
export function tableOf(caption, [heads, ...rows]) {
  const cells = ([head, ...rest]) => [
    h("th", { scope: "row" }, head),
    ...rest.map((text) => h("td", { class: isNumber(text) ? "figure" : "" }, text)),
  ];
  return h(
    "table",
    {},
    caption ? h("caption", {}, caption) : null,
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells(row)))),
  );
}

const isNumber = (text) => /^[−-]?[\d,.]+$/.test(text);

// Put text on the clipboard. Without https there is none: then show the element that holds it, selected.
export async function copyText(element, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    element.hidden = false;
    getSelection().selectAllChildren(element);
    return false;
  }
}
