/** Numbers over time, drawn as one line. */
export interface Line {
  readonly label: string
  readonly colour: string
  readonly points: readonly (readonly [second: number, value: number])[]
}

/** Lines that share a scale: from 0, or with `log` in powers of ten from 1. */
export interface Panel {
  readonly title: string
  readonly unit: string
  readonly log?: boolean
  readonly lines: readonly Line[]
}

const width = 760
const panelHeight = 150
const [left, right, top, bottom] = [64, 16, 34, 30]

/** A plain SVG: panels below each other over the same time. */
export function drawPanels(panels: readonly Panel[]): string {
  const height = panels.length * (panelHeight + top) + bottom
  const last = Math.max(
    ...panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(([second]) => second))),
  )
  const x = (second: number) => left + (second / last) * (width - left - right)
  const drawn = panels.map((panel, index) => drawPanel(panel, x, index * (panelHeight + top) + top))
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const second = last * share
    const text = last >= 300 ? `${(second / 60).toFixed(1)} min` : `${second.toFixed(0)} s`
    return write(text, { x: x(second), y: height - 10, anchor: share === 1 ? 'end' : 'middle' })
  })
  const size = `viewBox="0 0 ${width} ${height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12" fill="#333">`,
    '<title>The server over the soak: memory, descriptors, latencies</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    ...times,
    '</svg>\n',
  ].join('\n')
}

function drawPanel(
  { title, unit, log = false, lines }: Panel,
  x: (second: number) => number,
  y0: number,
): string {
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)))
  const top = log ? Math.ceil(Math.log10(highest)) : niceAbove(highest)
  const shareOf = (value: number) => (log ? Math.log10(Math.max(1, value)) : value) / top
  const y = (value: number) => y0 + panelHeight * (1 - shareOf(value))
  const marks = log ? Array.from({ length: top + 1 }, (_, power) => 10 ** power) : [0, top / 2, top]
  const grid = marks.map(
    (mark) =>
      `<path d="M${left} ${y(mark).toFixed(1)}H${width - right}" stroke="#ddd"/>` +
      write(`${mark} ${unit}`, { x: left - 6, y: y(mark) + 4, anchor: 'end' }),
  )
  const legend = lines.map(({ label, colour }, index) =>
    write(label, { x: width - right - (lines.length - 1 - index) * 130, y: y0 - 10, anchor: 'end', colour }),
  )
  const curves = lines.map(({ colour, points }) => {
    const drawn = points.map(([second, value]) => `${x(second).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
    return `<polyline points="${drawn}" fill="none" stroke="${colour}" stroke-width="1.5"/>`
  })
  return [write(title, { x: left, y: y0 - 10, anchor: 'start' }), ...legend, ...grid, ...curves].join('\n')
}

interface Place {
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
  readonly colour?: string
}

function write(text: string, { x, y, anchor, colour }: Place): string {
  const fill = colour === undefined ? '' : ` fill="${colour}"`
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${fill}>${text}</text>`
}

/** 1, 2, 4, 6 or 8 times a power of ten, so that half of it reads well too. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1))
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power
}
