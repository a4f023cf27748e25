// How sizes are written: as oomlab.units does, human_mib and human_kb. A test compares them.

export const PAGE_KB = 4;
export const PAGES_PER_GIB = 2 ** 18;

// Pages as a person would write them: 30.1 GiB, 549 MiB, 7.7 MiB, 412 kB.
export function human(pages) {
  const kb = pages * PAGE_KB;
  return Math.abs(kb) >= 2 ** 10 && Math.abs(kb) < 10 * 2 ** 10 ? `${fixed(kb / 2 ** 10, 1)} MiB` : humanKb(kb);
}

// The same as messages of the machine have it, with small sizes in kB.
export const inKb = (pages) => humanKb(pages * PAGE_KB);

export function humanKb(kb) {
  if (Math.abs(kb) >= 2 ** 20 - 2 ** 9) return `${fixed(kb / 2 ** 20, 1)} GiB`;
  if (Math.abs(kb) >= 10 * 2 ** 10) return `${fixed(kb / 2 ** 10, 0)} MiB`;
  return `${grouped(kb)} kB`;
}

// GiB without needless zeros: 32, 1.5, 0.03.
export const gib = (pages) => `${Number((pages / PAGES_PER_GIB).toFixed(2))}`;

// The same for fields, where small sizes keep a few pages: 1.87, 0.0156.
export const exactGib = (pages) => (pages < PAGES_PER_GIB / 10 ? `${Number((pages / PAGES_PER_GIB).toFixed(4))}` : gib(pages));

// A whole number in groups of three.
export const grouped = (number) => fixed(number, 0).replace(/\B(?=(\d{3})+$)/g, ",");

// Python rounds an exact half to the even neighbour, JavaScript away from zero. Python decides.
// With one place at most, only a multiple of a quarter can be an exact half.
export function fixed(number, places) {
  const scaled = number * 10 ** places;
  const isHalf = Number.isInteger(number * 4) && Math.abs(scaled % 1) === 0.5;
  return (isHalf ? (2 * Math.round(scaled / 2)) / 10 ** places : number).toFixed(places);
}

// Big changes read as "36×", small ones as "1.4×".
export const times = (factor) => `${factor >= 9.5 ? grouped(factor) : fixed(factor, 1)}×`;

export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
