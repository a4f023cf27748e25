// Widths of what is drawn into, and the size of a unit. They are noted when they change: asking for them in a
// frame would make the browser lay out twice.

const BASE = 15; // CSS pixels of the lab's text where one unit of a drawing is one pixel

export class Sizes {
  constructor(root, changed) {
    Object.assign(this, { root, unit: 1, widths: new Map() });
    this.observer = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) this.widths.set(target, contentRect.width);
      this.unit = Number.parseFloat(getComputedStyle(root).fontSize) / BASE || 1;
      changed();
    });
    this.fit = () => {
      const scale = Math.min(innerWidth / 1280, innerHeight / 720);
      const isFull = document.fullscreenElement === root;
      root.style.fontSize = isFull ? `${BASE * scale}px` : "";
      root.dataset.full = isFull;
      if (isFull) root.focus(); // so that its keys work at once
      changed();
    };
    for (const name of ["fullscreenchange", "resize"]) addEventListener(name, this.fit);
  }

  watch(...elements) {
    for (const each of elements) this.observer.observe(each);
  }

  // [width in the drawing's units, CSS pixels of a unit]; the width is 0 while it cannot be seen.
  of(element) {
    if (!this.widths.has(element)) {
      this.widths.set(element, 0);
      this.watch(element);
    }
    return [this.widths.get(element) / this.unit, this.unit];
  }

  close() {
    this.observer.disconnect();
    for (const name of ["fullscreenchange", "resize"]) removeEventListener(name, this.fit);
  }
}
