// The worker of the page: Python with oomlab in it. It knows nothing of the page, and sends nothing anywhere.

import { loadPyodide } from "../pyodide/pyodide.mjs";

const HOME = "/lib/oomlab-site";
const PYODIDE = new URL("../pyodide/", import.meta.url).href;
const files = new FileReaderSync();
const reading = start();

// Python begins as it stood when the site was built, with the library loaded. Where a browser cannot take that
// picture of its memory, everything is loaded anew, which takes some seconds longer.
async function start() {
  const [library, python] = await Promise.all([bytesOf("oomlab.zip"), fromSnapshot().catch(fromNothing)]);
  python.unpackArchive(library, "zip", { extractDir: HOME });
  python.runPython(`
import sys
if ${JSON.stringify(HOME)} not in sys.path:
    sys.path.insert(0, ${JSON.stringify(HOME)})
from reader import Reader
the_reader = Reader()
`);
  return python.globals.get("the_reader");
}

async function fromSnapshot() {
  return loadPyodide({ indexURL: PYODIDE, _loadSnapshot: await unpacked("python.snapshot.gz") });
}

function fromNothing(error) {
  console.warn("Python starts from nothing:", error);
  return loadPyodide({ indexURL: PYODIDE });
}

async function bytesOf(name) {
  return (await fetch(new URL(name, import.meta.url))).arrayBuffer();
}

async function unpacked(name) {
  const { body } = await fetch(new URL(name, import.meta.url));
  return new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

// A file as reader.py takes it: read(at, count) gives bytes.
const readable = (file) => ({
  name: file.name,
  size: file.size,
  read: (at, count) => new Uint8Array(files.readAsArrayBuffer(file.slice(at, at + count))),
});

const verbs = {
  read: (reader, given, tell) =>
    JSON.parse(
      reader.read(
        given.map(readable),
        (count) => tell("progress", count),
        (row) => tell("found", JSON.parse(row)),
      ),
    ),
  show: (reader, index) => JSON.parse(reader.show(index)),
  machine: (reader, index) => JSON.parse(reader.machine(index)),
  markdown: (reader, index) => reader.markdown(index),
  source: (reader, index) => reader.source(index),
  json: (reader) => new Blob([reader.json()], { type: "application/json" }),
};

onmessage = async ({ data: { id, verb, given } }) => {
  const tell = (what, value) => postMessage({ id, what, value });
  try {
    tell("done", verbs[verb](await reading, given, tell));
  } catch (error) {
    tell("failed", String(error.message ?? error).trim().split("\n").at(-1));
  }
};

reading.then(
  () => postMessage({ what: "ready" }),
  (error) => postMessage({ what: "broken", value: String(error) }),
);
