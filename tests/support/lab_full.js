// A full screen: which parts of the lab are not wholly on it, and how small the smallest text on it is.

() => {
  const lab = document.querySelector(".oom-lab");
  const out = [];
  for (const part of lab.querySelectorAll(".bar, .sentence, .basics, .main, .aside, .transport, .captions, .keys")) {
    const box = part.getBoundingClientRect();
    if (box.bottom > innerHeight || box.right > innerWidth + 1 || !box.height)
      out.push(`${part.className}: ${box.bottom}`);
  }
  const sizes = [];
  for (const text of lab.querySelectorAll("svg text")) {
    const scale = text.ownerSVGElement.getScreenCTM().a;
    if (text.getClientRects().length) sizes.push(Number.parseFloat(getComputedStyle(text).fontSize) * scale);
  }
  const says = (part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  for (const part of lab.querySelectorAll(".bench *:not(svg *)"))
    if (says(part) && part.getClientRects().length && part.getBoundingClientRect().bottom < innerHeight)
      sizes.push(Number.parseFloat(getComputedStyle(part).fontSize));
  return { out, least: Math.min(...sizes) };
}
