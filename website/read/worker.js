// The worker of the page: the library reads here. It knows nothing of the page.

import { start } from "../python/python.js";

const files = new FileReaderSync();
const reading = start().then((python) => python.runPython("from reader import Reader; Reader()"));

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
