// Python in a worker, with the library: for every page of the site that computes. It sends nothing anywhere.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const HOME = "/lib/oomlab-site";
const PYODIDE = new URL("pyodide/", import.meta.url).href;

// Python begins as it stood when the site was built, with the library loaded. Where a browser cannot take that
// picture of its memory, everything is loaded anew, which takes some seconds longer.
export async function start() {
  const [library, python] = await Promise.all([bytesOf("oomlab.zip"), fromSnapshot().catch(fromNothing)]);
  python.unpackArchive(library, "zip", { extractDir: HOME });
  python.runPython(`
import sys
if ${JSON.stringify(HOME)} not in sys.path:
    sys.path.insert(0, ${JSON.stringify(HOME)})
`);
  return python;
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
