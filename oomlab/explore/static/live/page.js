// A live machine as a page of its own: its files lie beside it.

import { fetched } from "./files.js";
import { Live } from "./live.js";

const FROM_A_FILE =
  "This page was opened as a file, and a browser lets such a page read no other file. Serve its folder, with " +
  "python3 -m http.server --bind 127.0.0.1, and open http://127.0.0.1:8000/. The recording plays here too.";

export function start({ facts, palette, place }) {
  const live = new Live({ facts, palette, files: fetched });
  place.replaceChildren(live.element);
  if (location.protocol === "file:") live.refuse(FROM_A_FILE);
}
