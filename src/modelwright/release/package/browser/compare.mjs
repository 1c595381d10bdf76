// Whether two lists of answers say the same: equal labels, and numbers within 1e-5 (of their size, above 1).

export const TOLERANCE = 1e-5;

export function compare(found, expected) {
  let largest = 0;
  const differing = [];
  const near = (a, b) => {
    if (a === null || b === null || a === undefined || b === undefined) return a === b;
    const gap = Math.abs(a - b) / Math.max(1, Math.abs(b));
    largest = Math.max(largest, gap);
    return gap <= TOLERANCE;
  };
  expected.forEach((want, i) => {
    const got = found[i];
    const numbers = typeof want.prediction === "number";
    const same =
      (numbers ? near(got.prediction, want.prediction) : got.prediction === want.prediction) &&
      near(got.low, want.low) &&
      near(got.high, want.high) &&
      Boolean(got.abstained) === Boolean(want.abstained) &&
      JSON.stringify(got.set) === JSON.stringify(want.set) &&
      JSON.stringify(got.unread) === JSON.stringify(want.unread) &&
      Object.entries(want.probabilities ?? {}).every(([name, p]) => near(got.probabilities[name], p));
    if (!same) differing.push({ row: i, found: got, expected: want });
  });
  return { rows: expected.length, differing, largest };
}
