/** How many letters are missing, added, changed or swapped with their neighbour (optimal string alignment). */
export function distance(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const at = (line: readonly number[] | undefined, index: number) => line?.[index] ?? 0
      const same = a[row - 1] === b[column - 1]
      const swapped = a[row - 2] === b[column - 1] && a[row - 1] === b[column - 2] && row > 1 && column > 1
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = current
  }
  return last?.[b.length] ?? 0
}
