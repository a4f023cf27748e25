// Start Python with the library, let it read one report, and keep a picture of its memory, from which the
// workers of the pages begin: node snapshot.mjs PYODIDE LIBRARY.zip EXAMPLE.log OUT.gz

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [pyodide, library, example, out] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ _makeSnapshot: true });
python.unpackArchive(new Uint8Array(readFileSync(library)), "zip", { extractDir: "/lib/oomlab-site" });
python.FS.writeFile("/tmp/example.log", new Uint8Array(readFileSync(example)));
python.runPython(`
import gc, sys
sys.path.insert(0, "/lib/oomlab-site")
from reader import Reader

class Example:
    name, size = "example.log", 0
    def read(self, at, count):
        class Bytes(bytes):
            def to_bytes(self):
                return bytes(self)
        with open("/tmp/example.log", "rb") as file:
            file.seek(at)
            return Bytes(file.read(count))

first = Reader()
first.read([Example()])
first.show(0), first.markdown(0), first.json(), first.machine(0)
del first, Example
gc.collect()
`);
writeFileSync(out, gzipSync(python.makeMemorySnapshot(), { level: 6 }));
