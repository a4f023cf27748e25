// The elements of a live machine: where it starts, what a hand can do to it, its console.

import { h, say } from "../dom.js";

const MB = 1e6;
const EMULATED =
  "This kernel has the fix of 2012. Switching it off is one number written into the machine’s memory: " +
  "that emulates a kernel without it, and is not one.";

export function makePanel({ facts, ids, on }) {
  const button = (words, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, words);
  const parts = {
    svg: picture("HighMem and lowmem over time"),
    preview: picture("HighMem and lowmem of the recorded machine, until it died"),
    headline: h("p", { class: "headline" }),
    heard: h("p", { class: "heard", role: "status", "aria-live": "polite" }),
    pause: button("Pause", on.pause),
    fixOff: button("Switch the fix off", () => on.fix(false)),
    fixOn: button("Switch the fix back on", () => on.fix(true), { class: "rescue" }),
    copy: button("Start the copy", on.copy),
    swap: button("Add swap", on.swap),
    drop: button("Drop caches", on.drop, { title: "echo 3 > /proc/sys/vm/drop_caches" }),
    over: button("Start over", on.over),
    play: button("Play the recording", on.play),
    progress: h("progress", { max: 1, value: 0, "aria-label": "Downloaded" }),
    stage: h("div", { class: "stage" }),
    caption: h("figcaption", {}),
    poster: h("div", { class: "stage" }),
    console: h("pre", { class: "console", tabindex: 0, "aria-label": "The console" }),
    talk: h("pre", { class: "talk", tabindex: 0, "aria-label": "The shell’s answers", hidden: true }),
    report: h("div", { class: "report", hidden: true }),
    excerpt: h("pre", { tabindex: 0, "aria-label": "The report" }),
    verdict: h("dl", {}),
    save: h("p", { class: "save" }),
    origin: h("p", { class: "note" }),
    refusal: h("p", { class: "refusal", role: "alert", hidden: true }),
  };
  parts.stage.append(parts.svg);
  parts.poster.append(parts.preview);
  const line = h("input", { id: `${ids}-line`, type: "text", autocomplete: "off", spellcheck: "false", placeholder: "cat /proc/buddyinfo" });
  parts.line = line;
  parts.enter = h("button", { type: "submit" }, "Run");
  parts.shell = h(
    "form",
    { class: "shell", onsubmit: (event) => submit(event, line, on.type) },
    h("label", { for: line.id }, "A line for its shell"),
    line,
    parts.enter,
  );
  parts.start = startCard(facts, button, on, parts);
  parts.controls = h(
    "div",
    { class: "controls", role: "group", "aria-label": "The machine" },
    parts.copy, parts.fixOff, parts.fixOn, parts.drop, parts.swap, parts.pause, parts.play, parts.over,
  );
  parts.report.append(h("h2", {}, "Its report"), parts.verdict, parts.excerpt, parts.save);
  parts.bench = h(
    "div",
    { class: "bench", hidden: true }, // until a machine has begun
    parts.headline,
    parts.progress,
    parts.controls,
    parts.stage,
    parts.report,
    h("div", { class: "terminal" }, h("h2", {}, "Its console"), parts.console, parts.talk, parts.shell),
    h("p", { class: "note" }, EMULATED),
  );
  parts.root = h("section", { class: "oom oom-live", "aria-label": "A live kernel", id: ids }, parts.start, parts.bench, parts.heard);
  return parts;
}

function startCard(facts, button, on, parts) {
  const size = (name) => `${Math.ceil((facts.shared + (facts.states[name]?.bytes ?? 0)) / MB)} MB`;
  const choice = (title, name, words, onclick) =>
    h("div", { class: "choice" }, button(title, onclick), h("p", {}, words.replace("SIZE", size(name))));
  const choices = [
    choice(
      "Run the incident",
      "shell",
      "From its shell: the fix is switched off, and a file is copied until lowmem is gone. Less than a minute on a computer that does nothing else. Downloads SIZE.",
      on.incident,
    ),
    choice(
      "Seconds before the end",
      "late",
      "Most of the copy is done. Watch the machine die, or rescue it by switching the fix back on. Downloads SIZE.",
      () => on.start("late"),
    ),
    choice(
      "Just its shell",
      "shell",
      "Nothing has begun: every step is yours. Downloads SIZE.",
      () => on.start("shell"),
    ),
    choice(
      "Play the recording",
      "shell",
      "What such a machine did elsewhere. Nothing runs, and nothing more is downloaded.",
      on.play,
    ),
  ];
  parts.lively = choices.slice(0, 3).map((each) => each.firstChild);
  return h(
    "div",
    { class: "start" },
    parts.refusal,
    h("div", { class: "choices" }, ...choices),
    h("p", { class: "note" }, `The machine has ${facts.machine.memory} MiB of RAM, and takes up to 900 MB of this computer’s memory while it runs. It runs in this browser alone: nothing is sent anywhere, and closing the page ends it.`),
    parts.origin,
    h("figure", {}, parts.caption, parts.poster),
  );
}

function picture(words) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  return svg;
}

function submit(event, line, type) {
  event.preventDefault();
  if (line.value.trim() === "") return;
  type(line.value);
  line.value = "";
}

// Offer text as a file.
export function saveLink(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = h("a", { href: url, download: name }, name);
  return { link, forget: () => URL.revokeObjectURL(url) };
}

// Show the end of a text, as a terminal does, unless the reader has scrolled up in it.
export function tail(node, text) {
  const isAtEnd = node.scrollTop + node.clientHeight >= node.scrollHeight - 24;
  say(node, text);
  if (isAtEnd) node.scrollTop = node.scrollHeight;
}
