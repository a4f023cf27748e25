// The page "Read my log": what is given goes to the worker, what comes back is shown.

import { Engine } from "./engine.js";
import { LONGEST, addressOf, textOf } from "./share.js";

const $ = (id) => document.getElementById(id);
const say = (words) => ($("status").textContent = words);
const LONG_PASTE = 200_000; // characters; more would make the text field slow
const SHOWN_ROWS = 500; // rows of the list; a longer one would make the page slow

const engine = new Engine({
  ready: () => {
    document.body.dataset.engine = "ready";
    if (!busy) say("");
  },
  broken: (reason) => {
    say(`Python could not be started in this browser (${reason}). With oomlab installed: oomlab explain FILE`);
  },
});

let busy = null; // the reading that runs: {files, count, rows}
let rows = []; // a row for each report found
let shown = -1; // the report on the page

// --- reading ---------------------------------------------------------------------------------------

async function read(files) {
  if (busy) engine.restart();
  const reading = (busy = { files, read: 0, total: files.reduce((sum, each) => sum + each.size, 0) });
  clear();
  say(document.body.dataset.engine === "ready" ? "Reading …" : "Loading Python …");
  $("progress").hidden = $("stop").hidden = false;
  $("progress").removeAttribute("value");
  try {
    const outcome = await engine.ask("read", files, {
      progress: (count) => progressed(reading, count),
      found: (row) => found(row, files.length > 1),
    });
    finish(outcome, files);
  } catch (error) {
    say(`The log could not be read: ${error.message}. This is a fault of oomlab; please report it.`);
  }
  end();
}

function progressed(reading, count) {
  reading.read += count;
  const part = reading.total ? reading.read / reading.total : 1;
  $("progress").value = part;
  const sofar = rows.length ? `, ${plural(rows.length, "report")} so far` : "";
  say(`Reading ${size(reading.total)}: ${Math.round(part * 100)} %${sofar}`);
}

function found(row, several) {
  rows.push(row);
  if (rows.length > SHOWN_ROWS) return;
  $("list").tBodies[0].append(listed(row, rows.length - 1, several));
  $("reports").hidden = rows.length < 2;
}

function finish({ timelines, problems, others, nothing }, files) {
  $("summary").textContent = timelines
    .map(({ log, summary }) => (timelines.length > 1 ? `${log}: ${summary}` : summary))
    .join(" ");
  $("more").textContent = rows.length > SHOWN_ROWS ? `The first ${SHOWN_ROWS} are listed; the JSON holds them all.` : "";
  $("problems").replaceChildren(...problems.map((each) => element("li", each)));
  $("others-text").textContent = others;
  $("others").hidden = !others;
  say(outcome(files, others, nothing));
  if (rows.length) show(0);
}

function outcome(files, others, nothing) {
  if (rows.length) return `${plural(rows.length, "report")} found in ${files.map((each) => each.name).join(", ")}.`;
  if (others) return "There is no report of the kernel’s OOM killer in this, but other programs tell of kills.";
  return nothing ? `${nothing[0].toUpperCase()}${nothing.slice(1)}.` : "Nothing was read.";
}

function end() {
  busy = null;
  $("progress").hidden = $("stop").hidden = true;
}

function clear() {
  rows = [];
  shown = -1;
  $("result").hidden = $("reports").hidden = $("others").hidden = true;
  $("list").tBodies[0].replaceChildren();
  $("problems").replaceChildren();
}

const stop = () => {
  engine.restart();
  document.body.dataset.engine = "starting";
  end();
  clear();
  say("Stopped. Nothing of the log is kept.");
};

// --- showing ---------------------------------------------------------------------------------------

async function show(index) {
  shown = index;
  const { title, page, annotated } = await engine.ask("show", index);
  if (shown !== index) return;
  $("page").innerHTML = page; // escaped by the library, and this page's policy runs no script in it
  $("annotated").innerHTML = annotated;
  document.title = `${title} · oomlab`;
  for (const button of $("list").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(Number(button.dataset.index) === index));
  }
  $("result").hidden = false;
  $("machine").hidden = true;
  performance.mark("shown");
  offerMachine(index, await engine.ask("machine", index));
}

function offerMachine(index, machine) {
  if (shown !== index || machine === null) return;
  $("machine").hidden = false;
  $("machine").title = `Open the failure lab with this machine: ${machine.name}`;
  $("machine").onclick = () => openLab(machine.page);
}

// The lab gets its page by a message, for it is made of this report: no address leads to it.
function openLab(page) {
  const opened = window.open("machine.html");
  const send = ({ source, origin }) => {
    if (source !== opened || origin !== location.origin) return;
    opened.postMessage(page, location.origin);
    removeEventListener("message", send);
  };
  addEventListener("message", send);
}

function listed(row, index, several) {
  const button = element("button", row.line.toLocaleString("en"));
  button.type = "button";
  button.dataset.index = index;
  button.setAttribute("aria-label", `Show the report at line ${row.line}`);
  const line = element("tr");
  const cells = [row.when, row.why, row.killed].map((each) => element("td", each));
  const first = element("th");
  first.scope = "row";
  first.append(button);
  line.append(first, ...(several ? [element("td", row.log)] : []), ...cells);
  $("list").classList.toggle("several", several);
  line.onclick = () => show(index);
  return line;
}

// --- taking it along -------------------------------------------------------------------------------

async function copy(text, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = words), 2000);
  } catch {
    offer("Copy this by hand", "The browser did not let the page copy.", text);
  }
}

function offer(title, words, text) {
  $("offer-title").textContent = title;
  $("offer-words").textContent = words;
  $("offer-text").value = text;
  $("offer").showModal();
  $("offer-text").select();
}

async function share() {
  const address = await addressOf(await engine.ask("source", shown));
  const long = address.length > LONGEST;
  const much = long ? ` It has ${address.length.toLocaleString("en")} characters, which mail and chat may cut: send the log itself instead.` : "";
  offer(
    "Share this report as an address",
    "The report’s own lines are packed into the address, behind the #. No server is sent that part, and nothing is " +
      `stored anywhere; but whoever has the address can read the report, with every name in it.${much}`,
    address,
  );
}

async function download() {
  const link = element("a");
  link.href = URL.createObjectURL(await engine.ask("json"));
  link.download = "oomlab.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// --- what the hand does ----------------------------------------------------------------------------

const pasted = (text) => new File([text], "pasted text");

async function example(link) {
  const answer = await fetch(link.href);
  read([new File([await answer.blob()], link.dataset.name)]);
}

function takePaste(event) {
  const text = event.clipboardData.getData("text/plain");
  if (text.length > LONG_PASTE) {
    event.preventDefault();
    $("log").value = `${text.slice(0, 2000)}\n… (${size(text.length)} pasted)`;
    read([pasted(text)]);
  } else setTimeout(() => read([pasted($("log").value)]));
}

function takeDrop(event) {
  event.preventDefault();
  document.body.classList.remove("over");
  const { files } = event.dataTransfer;
  const text = event.dataTransfer.getData("text/plain");
  if (files.length) read([...files]);
  else if (text) read([pasted(text)]);
}

const dragged = (event) => {
  event.preventDefault();
  document.body.classList.add("over");
};

function explain() {
  if ($("log").value.trim()) read([pasted($("log").value)]);
  else say("Paste a log first, or choose a file.");
}

async function readAddress() {
  try {
    const text = await textOf(location.hash);
    if (text !== null) read([new File([text], "shared report")]);
  } catch (error) {
    say(`The address is damaged, so there is no report in it (${error.message}).`);
  }
}

const element = (name, text) => Object.assign(document.createElement(name), text === undefined ? {} : { textContent: text });
const plural = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`);

$("log").addEventListener("paste", takePaste);
$("log").addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && explain());
$("explain").onclick = explain;
$("choose").onclick = () => $("file").click();
$("file").onchange = () => $("file").files.length && read([...$("file").files]);
$("stop").onclick = stop;
$("copy").onclick = async (event) => copy(await engine.ask("markdown", shown), event.target);
$("json").onclick = download;
$("print").onclick = () => print();
$("share").onclick = share;
$("offer-copy").onclick = (event) => copy($("offer-text").value, event.target);
for (const link of document.querySelectorAll("a.example")) {
  link.onclick = (event) => {
    event.preventDefault();
    example(link);
  };
}
addEventListener("dragover", dragged);
addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("over"));
addEventListener("drop", takeDrop);
addEventListener("hashchange", readAddress);
$("no-script").remove();
say("Loading Python …");
addEventListener("beforeprint", () => document.querySelectorAll("#page details").forEach((each) => (each.open = true)));
readAddress();
