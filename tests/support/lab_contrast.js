// Every text of the drawings against what lies under it, and every line against its rim or the paper.

() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (color) => {
    const [r, g, b] = rgb(color).map((each) => each / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const lab = document.querySelector(".oom-lab");
  const paper = getComputedStyle(lab).backgroundColor;
  const found = [];
  const check = (what, one, other, least) => {
    const is = ratio(one, other);
    if (is < least) found.push(`${what}: ${is.toFixed(2)} of ${one} on ${other}`);
  };
  for (const text of lab.querySelectorAll("svg text")) {
    const box = text.getBoundingClientRect();
    if (!box.width) continue;
    const look = getComputedStyle(text);
    const under = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)
      .filter((each) => /^(rect|path)$/.test(each.tagName)).map((each) => getComputedStyle(each).fill)
      .find((fill) => fill !== "none" && !fill.startsWith("url"));
    check(text.textContent, look.fill, look.stroke !== "none" ? look.stroke : under ?? paper, 4.5);
  }
  for (const line of lab.querySelectorAll("svg :is(.head, .mark, .ghost, .vessel, .flag, .death, .guess, .dot, .frame:not(.empty), .past)"))
    check(line.getAttribute("class"), getComputedStyle(line).stroke, paper, 3);
  return found;
}
