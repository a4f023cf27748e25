// What a guest can be asked for, in messages {id, ask, …}: a worker gets them from its page, Node from Python.
// Each is answered by {id, result} or {id, error}. Unasked come {line, text}, and {died} when the emulator fails.

import { Guest } from "./guest.js";

const PATIENCE = 300; // seconds

// load(name) resolves with a file; send(message, transfer) answers.
export function serve(V86, load, send) {
  let guest = null;

  const asked = {
    async start({ files, machine }) {
      const pairs = Object.entries(files).map(async ([name, place]) => [name, await load(place)]);
      const { state, ...parts } = Object.fromEntries(await Promise.all(pairs));
      guest = new Guest(V86, parts, machine, (line, text) => send({ line, text }));
      await guest.ready();
      if (state === undefined) await guest.boot(PATIENCE);
      else await guest.restore(state);
    },
    command: ({ line }) => guest.command(line, PATIENCE),
    read: ({ address, size }) => guest.read(address, size),
    write: ({ address, bytes }) => guest.write(address, bytes),
    stop: () => guest.emulator.stop(),
    run: () => guest.emulator.run(),
    isRunning: () => guest.emulator.is_running(),
    save: () => guest.emulator.save_state(),
  };

  return async ({ id, ask, ...given }) => {
    try {
      send({ id, result: await asked[ask](given) });
    } catch (error) {
      send({ id, error: error.message });
    }
  };
}
