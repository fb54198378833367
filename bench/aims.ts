import type { Sockets } from './idle-sockets.ts'
import type { Measurement } from './run.ts'
import { compared, type Figure, middle } from './statistics.ts'
import { markdown, ratio } from './table.ts'

interface Aim {
  readonly what: string
  readonly aim: string
  readonly value: number
  readonly show: (value: number) => string
  readonly met: boolean
}

/** What the proxy is meant to reach, and what this run says. Aims about contestants that did not run are left out. */
export function aimsTable(all: readonly Measurement[], sockets: readonly Sockets[]): string {
  const rows = [...ratios(all), ...absolutes(all, sockets)]
    .filter(({ value }) => Number.isFinite(value))
    .map(({ what, aim, value, show, met }) => [what, aim, show(value), met ? 'yes' : 'no'])
  return `### What is aimed at\n\n${markdown(['', 'aim', 'this run', 'met'], rows)}`
}

const one = 'GET, 200 bytes of JSON, one session'
const more = 'the same, with more sessions'
const workers = 'one worker and two, everything on the same two cores'

function ratios(all: readonly Measurement[]): Aim[] {
  return (
    [
      [one, 'coatcheck', 'stock', 4],
      [one, 'coatcheck', 'http-proxy-middleware', 1.5],
      [one, 'coatcheck', 'undici', 0.9],
      [one, 'coatcheck, a request line each', 'undici', 0.7],
      [one, 'coatcheck', 'mod_auth_openidc', 5],
      [more, 'coatcheck, 300 in turn', 'coatcheck, one session', 0.9],
      [more, 'coatcheck, another one each call', 'coatcheck, one session', 0.5],
      ['GET of 100 MB', 'coatcheck', 'undici', 0.9],
      ['POST of 100 MB', 'coatcheck', 'undici', 0.9],
      [workers, 'coatcheck, WORKERS=2 on both cores', 'coatcheck, on both cores', undefined],
    ] as const
  ).map(([scenario, label, against, least]) => {
    const here = all.filter((measured) => measured.scenario === scenario)
    const value = compared(here, { label, against, field: 'perSecond' })
    return {
      what: `${scenario}: ${label} against ${against}`,
      aim: least === undefined ? 'said' : `≥ ${least} ×`,
      value,
      show: ratio,
      met: least === undefined || value >= least,
    }
  })
}

function absolutes(all: readonly Measurement[], sockets: readonly Sockets[]): Aim[] {
  const of = (scenario: string, label: string, field: Figure) =>
    middle(
      all.filter((measured) => measured.scenario === scenario),
      label,
      field,
    )
  const [rate, large] = ['at 2,000 requests a second', 'GET of 100 MB']
  const socket = sockets.find(({ contestant }) => contestant === 'coatcheck')
  const most = (what: string, unit: string, most: number, value: number): Aim => ({
    what,
    aim: `≤ ${most} ${unit}`.trim(),
    value,
    show: (shown) => `${shown.toFixed(2)} ${unit}`.trim(),
    met: value <= most,
  })
  return [
    most(
      `${rate}: p99 above that of undici`,
      'ms',
      2,
      of(rate, 'coatcheck', 'p99Ms') - of(rate, 'undici', 'p99Ms'),
    ),
    most('Redis commands per warm call', '', 0.005, of(one, 'coatcheck', 'redisCommands')),
    most('Redis commands per forged cookie', '', 0.005, of('forged cookies', 'coatcheck', 'redisCommands')),
    most(`${large}: memory grown by`, 'MB', 30, of(large, 'coatcheck', 'rssGrowthMb')),
    most('an idle WebSocket', 'KB', 40, socket?.residentKb ?? Number.NaN),
  ]
}
