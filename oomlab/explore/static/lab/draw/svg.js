// A drawing says at every frame what is there; the SVG nodes of the last frame are used again, and
// only what differs is written. That is what makes it quick.

const NAMESPACE = "http://www.w3.org/2000/svg";
// How text of each class is set, in the drawing's own units: lab.css has the same.
const FONTS = { "": "14.75px", name: "600 17px", strong: "600 15px" };
const RULER = document.createElement("canvas").getContext("2d");
const WIDTHS = new Map();

export class Svg {
  constructor(element, ids, fonts = FONTS) {
    Object.assign(this, { element, ids, fonts });
    this.parts = new Map(); // by name: {layer, nodes, used}
    this.lit = ""; // the one thing that is shown alone, by its key
  }

  // Begin a frame of this size in the drawing's own units; one of them is so many CSS pixels.
  begin(width, height, unit = 1) {
    for (const part of this.parts.values()) part.used = 0;
    this.now = null;
    this.part("");
    write(this.element, { viewBox: `0 0 ${px(width)} ${height}`, width: px(width * unit), height: px(height * unit) });
  }

  // Go on with another part of the drawing, on top of those before it. What a part has more or less of than in the last
  // frame leaves the nodes of the others alone.
  part(name) {
    const before = this.now;
    if (!this.parts.has(name)) this.parts.set(name, { layer: document.createElementNS(NAMESPACE, "g"), nodes: [], used: 0 });
    this.now = this.parts.get(name);
    const { layer } = this.now;
    if (before === null) this.element.firstChild === layer || this.element.prepend(layer);
    else if (before.layer.nextSibling !== layer) before.layer.after(layer);
  }

  // Drop what the last frame drew and this one did not.
  end() {
    for (const { nodes, used } of this.parts.values()) for (const node of nodes.splice(used)) node.remove();
  }

  put(tag, attributes, text = "") {
    const { layer, nodes, used } = this.now;
    let node = nodes[used];
    if (node === undefined || node.tagName !== tag) {
      const fresh = document.createElementNS(NAMESPACE, tag);
      if (node === undefined) layer.append(fresh);
      else node.replaceWith(fresh);
      node = nodes[used] = fresh;
    }
    this.now.used += 1;
    write(node, this.lit ? dimmed(attributes, this.lit) : attributes);
    if (text !== (node.said ?? "")) node.textContent = node.said = text;
    return node;
  }

  rect(x, y, width, height, look) {
    const size = { width: px(width), height: px(height) };
    if (size.width > 0 && size.height > 0) this.put("rect", { x: px(x), y: px(y), ...size, ...look });
  }

  line(x1, y1, x2, y2, look) {
    this.put("line", { x1: px(x1), y1: px(y1), x2: px(x2), y2: px(y2), ...look });
  }

  // A line that must be seen on any colour: on a rim of paper.
  rimmed(x1, y1, x2, y2, look) {
    this.line(x1, y1, x2, y2, { class: "rim" });
    this.line(x1, y1, x2, y2, look);
  }

  path(d, look) {
    this.put("path", { d, ...look });
  }

  // look.class says the tone; look.anchor is start, middle or end; y is the base line.
  text(x, y, text, { anchor = "start", class: tone = "", ...look } = {}) {
    if (text) this.put("text", { x: px(x), y: px(y), "text-anchor": anchor, class: tone, ...look }, text);
  }

  // The width of text in pixels as the browser will draw it, found without a layout of the page.
  textWidth(text, look = "") {
    this.family ??= getComputedStyle(this.element).fontFamily;
    const font = `${this.fonts[look.split(" ")[0]] ?? this.fonts[""]} ${this.family}`;
    const key = `${font} ${text}`;
    if (!WIDTHS.has(key)) {
      if (WIDTHS.size > 1000) WIDTHS.clear();
      RULER.font = font;
      WIDTHS.set(key, RULER.measureText(text).width + 2);
    }
    return WIDTHS.get(key);
  }

  // The first of some texts that fits into the room, or "".
  fit(room, texts, look) {
    return texts.find((text) => this.textWidth(text, look) <= room) ?? "";
  }

  // Define an outline, and return the clip-path attribute that keeps a shape inside it.
  clip(name, d) {
    const id = `${this.ids}-${name}`;
    const node = this.put("clipPath", { id });
    const shape = node.firstElementChild ?? node.appendChild(document.createElementNS(NAMESPACE, "path"));
    write(shape, { d });
    return `url(#${id})`;
  }

  // The colour and hatch of one thing, by its key in the palette.
  fill(key) {
    return `url(#${this.ids}-fill-${key})`;
  }
}

// Hatches for every swatch of the palette, once for each lab: <defs> for the drawings of that lab.
export function hatches(palette, ids) {
  const patterns = Object.values(palette).map((swatch) => {
    const ground = `<rect width="8" height="8" fill="${swatch.color}"/>`;
    const frame = `id="${ids}-fill-${swatch.key}" width="8" height="8" patternUnits="userSpaceOnUse"`;
    const look = swatch.hatch === "." ? "hatch dots" : "hatch";
    return `<pattern ${frame}>${ground}<g class="${look}">${swatch.svg_hatch}</g></pattern>`;
  });
  const svg = document.createElementNS(NAMESPACE, "svg");
  write(svg, { width: 0, height: 0, "aria-hidden": "true", class: "hatches" });
  svg.innerHTML = `<defs>${patterns.join("")}</defs>`;
  return svg;
}

export function write(node, attributes) {
  node.drawn ??= {};
  for (const name of Object.keys(node.drawn)) {
    if (!(name in attributes)) {
      node.removeAttribute(name);
      delete node.drawn[name];
    }
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (node.drawn[name] !== value) {
      node.setAttribute(name, value);
      node.drawn[name] = value;
    }
  }
}

// What stands for another thing than the one that is lit steps back.
const dimmed = (look, lit) =>
  look["data-thing"] && look["data-thing"] !== lit ? { ...look, class: `${look.class ?? ""} dim` } : look;

const px = (value) => Math.round(value * 10) / 10;
