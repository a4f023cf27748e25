// What is wrong with the lab as it is drawn: texts cut off or over each other, lines through texts, parts
// that spill, and numbers that are none. A list of words; empty when all is well.

() => {
  const found = [];
  const lab = document.querySelector(".oom-lab");
  const isSeen = (node) => node.getClientRects().length > 0;
  for (const svg of lab.querySelectorAll("svg[role=img]")) {
    if (!isSeen(svg)) continue;
    const name = svg.getAttribute("aria-label");
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter((text) => isSeen(text) && text.textContent)
      .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
    for (const { text, box } of texts)
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        found.push(`${name}: “${text}” is cut off`);
    const meet = (a, b, x, y) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > x && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > y;
    texts.forEach((a, n) => {
      for (const b of texts.slice(n + 1)) if (meet(a.box, b.box, 1, 3)) found.push(`${name}: “${a.text}” over “${b.text}”`);
    });
    for (const line of svg.querySelectorAll(".head, .mark")) {
      const box = line.getBoundingClientRect();
      if (Math.min(box.width, box.height) > 2) continue;
      for (const { text, box: words } of texts)
        if (meet(box, words, -0.5, 3) || (box.height < 2 && meet(box, words, 2, -0.5) && box.top > words.top + 4 && box.top < words.bottom - 4))
          found.push(`${name}: a line (${line.getAttribute("class")}) through “${text}”`);
    }
  }
  const PARTS = ".control, .group, .panel, .stage, .bar, .verdict, .edge, .title, .hint";
  for (const part of lab.querySelectorAll(PARTS))
    if (isSeen(part) && part.scrollWidth > part.clientWidth + 1) found.push(`${part.className || part.tagName} spills`);
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push("the page scrolls sideways");
  const bad = lab.outerHTML.match(/.{0,60}(?:NaN|Infinity|undefined|null).{0,20}/);
  if (bad) found.push(`a number that is none: ${bad[0]}`);
  return found;
}
