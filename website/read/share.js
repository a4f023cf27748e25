// A report in the address itself, behind the #: packed, and never sent to a server.

export const LONGEST = 60_000; // characters of an address that mail and chat still carry
const LARGEST = 8 << 20; // bytes that an address may unpack to

// Return the address that holds this text.
export async function addressOf(text) {
  const packed = await through(new Blob([text]), new CompressionStream("deflate-raw"));
  const address = new URL(location.href);
  address.hash = `log=${base64url(new Uint8Array(await packed.arrayBuffer()))}`;
  return address.href;
}

// Return the text in an address, or null where there is none. Throws on one that is damaged.
export async function textOf(hash) {
  const packed = new URLSearchParams(hash.slice(1)).get("log");
  if (packed === null) return null;
  const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt());
  return limited(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
}

const through = (blob, stream) => new Response(blob.stream().pipeThrough(stream)).blob();

function base64url(bytes) {
  const text = Array.from(bytes, (each) => String.fromCharCode(each)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function limited(stream) {
  const pieces = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > LARGEST) throw new Error("the address unpacks to more than a report can be");
    pieces.push(piece);
  }
  return new Blob(pieces).text();
}
