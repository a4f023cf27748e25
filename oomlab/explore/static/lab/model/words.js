// The sentences of oomlab/tables/words.toml, filled in: oomlab/simulation/words.py in the browser.

// phrase(words, "life.low", { written: "30.1 GiB" }) is that sentence with its sizes and names.
export function phrase(words, path, values = {}) {
  const text = path.split(".").reduce((found, name) => found[name], words);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// What happened, without the moment.
export const eventInWords = ({ words }, { kind, zoneName, request }) =>
  phrase(words, `event.${kind}`, { zone: zoneName, request: words.request[request] });

// Words joined as English does: "DMA, Normal and HighMem".
export const listed = (names) =>
  names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join("");
