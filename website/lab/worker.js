// The worker of an explorer: Python answers here what a hand asks.

import { start } from "../python/python.js";

let bench;

onmessage = async ({ data: { name, request } }) => {
  bench ??= start().then((python) => {
    python.globals.set("name", name);
    return python.runPython("from explorers import Bench; Bench(name)");
  });
  try {
    postMessage(JSON.parse((await bench).ask(request ? JSON.stringify(request) : "")));
  } catch (error) {
    postMessage({ failed: String(error.message ?? error).trim().split("\n").at(-1) });
  }
};
