// A guest in Node: messages come and go as lines of JSON. Files are named by their paths.

const { readFile, writeFile } = await import("node:fs/promises");
const { createInterface } = await import("node:readline");
const { pathToFileURL } = await import("node:url");

const [emulator] = process.argv.slice(2);
const { V86 } = await import(pathToFileURL(emulator));
const { serve } = await import("./serve.js");

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const load = async (path) => {
  const bytes = await readFile(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const fail = (error) => process.stdout.write(`${JSON.stringify({ died: String(error) })}\n`, () => process.exit(1));
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

const answer = serve(V86, load, async ({ result, ...message }) => {
  if (!(result instanceof ArrayBuffer)) return send({ ...message, result });
  const path = `${process.cwd()}/state`;
  await writeFile(path, new Uint8Array(result));
  send({ ...message, result: path });
});
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => answer(JSON.parse(line)));
lines.on("close", () => process.exit(0)); // whoever started this has gone
