// Files of a page, fetched from beside it.

export async function fetched(name, told) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} could not be fetched: the server says ${response.status}`);
  const parts = [];
  const reader = response.body.getReader();
  for (let got = await reader.read(); !got.done; got = await reader.read()) {
    parts.push(got.value);
    told(got.value.length);
  }
  return new Blob(parts).arrayBuffer();
}
