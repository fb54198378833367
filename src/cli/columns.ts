/** Rows under their headings, for a terminal. */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const printable = [headings, ...rows].map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, '�')))
  const widths = headings.map((_, index) => Math.max(...printable.map((row) => row[index]?.length ?? 0)))
  return printable
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
