// A live machine in a notebook: its files come from the kernel, and what it tells goes back there.

import { Live } from "./live.js";

export function render({ model, el }) {
  const wanted = new Map();
  const files = (name, told) =>
    new Promise((resolve, reject) => {
      wanted.set(name, { resolve, reject, told });
      model.send({ want: name });
    });
  const receive = ({ file, error }, buffers) => {
    const waiting = wanted.get(file);
    if (waiting === undefined) return;
    wanted.delete(file);
    if (error) return waiting.reject(new Error(error));
    const [{ buffer, byteOffset, byteLength }] = buffers;
    waiting.told(byteLength);
    waiting.resolve(buffer.slice(byteOffset, byteOffset + byteLength));
  };
  model.on("msg:custom", receive);
  let told = "";
  const live = new Live({
    facts: model.get("_facts"),
    palette: model.get("_palette"),
    files,
    reached(machine) {
      const isTelling = machine.phase !== told && ["over", "paused"].includes(machine.phase);
      told = machine.phase;
      if (!isTelling || machine.isRecorded) return;
      model.set("_told", { ...machine.texts, notes: machine.notes.map(({ seconds, text }) => [seconds, text]) });
      model.save_changes();
    },
  });
  el.append(live.element);
  return () => {
    model.off("msg:custom", receive);
    live.close();
  };
}
