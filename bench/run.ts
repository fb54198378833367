import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from 'redis'
import { startRedis } from '../test/support/redis-server.ts'
import { aimsTable } from './aims.ts'
import { startContestants } from './contestants.ts'
import type { Load } from './generator.ts'
import { holdSockets, type Sockets } from './idle-sockets.ts'
import { issuingTable, measureIssuing } from './issuing.ts'
import { putUnderLoad } from './load.ts'
import { serverPort } from './ports.ts'
import { start } from './processes.ts'
import { report } from './report.ts'
import { type Entry, type Scenario, scenarios } from './scenarios.ts'

/** `npm run bench` measures everything; `-- --quick` the calls alone, in under a minute; `-- --only coatcheck,undici` picks contestants; `-- --write` keeps the tables. */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    scenario: { type: 'string' },
    rounds: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
const seconds = values.quick ? 1 : 4
/** V8 compiles anew when new connections come, a few times. */
const warmUps = values.quick ? 1 : 3
const twins = values.quick ? 1 : 3
const connections = 32
/** With more sessions than are kept in memory, every call can be one that reads its session from Redis. */
const sessions = values.quick ? 300 : 60_000

/** Whose cookie is next, by job: an entry of all sessions does not begin with the same ones again. */
const turns = new WeakMap<Entry['job'], number>()

/** One contestant in one round of one scenario. */
export interface Measurement extends Load {
  readonly scenario: string
  readonly label: string
  readonly round: number
  readonly twin: number
  readonly cpuUs: number
  readonly rssMb: number
  /** The most that memory grew while under load. */
  readonly rssGrowthMb: number
  readonly redisCommands: number
}

const redis = await startRedis()
const upstreamPort = serverPort()
const upstream = await start([process.execPath, join(import.meta.dirname, 'upstream.ts')], 'other', {
  PORT: String(upstreamPort),
})
const only = values.only?.split(',')
const contestants = await startContestants(
  { upstream: `http://127.0.0.1:${upstreamPort}`, redisUrl: redis.url, sessions, twins },
  (name) => only === undefined || only.includes(name),
)
const counter = createClient({ url: redis.url })
await counter.connect()

try {
  const measurements: Measurement[] = []
  const warm = new Set<Entry['contestant']>()
  for (const scenario of scenarios) {
    if (values.scenario && !scenario.name.includes(values.scenario)) continue
    const left = values.quick ? scenario.notQuick : undefined
    const entries = scenario
      .entries(contestants)
      .filter(({ label, contestant }) => !left?.test(label) && (scenario.ofTwins || contestant.twin === 0))
    // Before the first round everybody has run warm, and every session has been called once: its token is made.
    for (let round = 0; round < warmUps; round += 1)
      for (const entry of entries) {
        if (values.quick && warm.has(entry.contestant) && entry.job.cookies.length < 2) continue
        warm.add(entry.contestant)
        const calls = round === 0 ? entry.job.cookies.length : 0
        await measure(entry, { ...scenario, seconds: values.quick ? 1 : 2 }, calls)
      }
    // Rounds are interleaved: what the machine does besides hits everybody.
    for (let round = 0; round < Math.max(rounds, leastRounds(scenario)); round += 1)
      for (const entry of entries) {
        const measured = await measure(entry, {
          ...scenario,
          seconds: Math.max(seconds, scenario.leastSeconds ?? 0),
        })
        measurements.push({
          scenario: scenario.name,
          label: entry.label,
          round,
          twin: entry.contestant.twin,
          ...measured,
        })
      }
    console.error(`measured: ${scenario.name}`)
  }
  const sockets: Sockets[] = []
  // Weighing takes a quarter of a minute each.
  if (!values.scenario && !values.quick)
    for (const contestant of contestants.filter(
      ({ name, twin }) => twin === 0 && /^(coatcheck|http-proxy-middleware)$/.test(name),
    ))
      sockets.push(await holdSockets(contestant, 1000))
  const tables = report({ measurements, sockets, rounds, seconds, connections, scenarios })
  const issuing = values.scenario || values.quick ? [] : [issuingTable(await measureIssuing(seconds))]
  const text = [aimsTable(measurements, sockets), tables, ...issuing].join('\n\n')
  console.log(text)
  if (values.write) writeDown(text)
} finally {
  await counter.quit()
  await Promise.all([upstream.stop(), ...contestants.map(({ process }) => process.stop())])
  await redis.stop()
}

function leastRounds(scenario: Scenario): number {
  return values.quick ? 1 : (scenario.leastRounds ?? 1)
}

/** The tables stand at the end of docs/benchmarks.md; what is said about them stays. */
function writeDown(tables: string): void {
  const page = join(import.meta.dirname, '../docs/benchmarks.md')
  const mark = '<!-- measured -->'
  const [words = ''] = readFileSync(page, 'utf8').split(mark)
  writeFileSync(page, `${words}${mark}\n\n${tables}\n`)
}

interface Pace {
  readonly seconds: number
  readonly connections?: number
}

/** `calls`: not fewer than these. */
async function measure({ contestant, job }: Entry, pace: Pace, calls = 0) {
  const { process, origin } = contestant
  const [cpuBefore, rssBefore, commandsBefore] = [process.cpuMs(), process.rssMb(), await commandsSoFar()]
  let rssMost = rssBefore
  const sampling = setInterval(() => {
    rssMost = Math.max(rssMost, process.rssMb())
  }, 100)
  let load: Load
  let requests = 0
  do {
    const turn = turns.get(job) ?? 0
    load = await putUnderLoad({ connections, ...pace, ...job, origin, turn })
    turns.set(job, (turn + load.requests) % Math.max(1, job.cookies.length))
    requests += load.requests
  } while (requests < calls)
  clearInterval(sampling)
  const commands = (await commandsSoFar()) - commandsBefore - 1
  return {
    ...load,
    cpuUs: ((process.cpuMs() - cpuBefore) * 1000) / requests,
    rssMb: process.rssMb(),
    rssGrowthMb: rssMost - rssBefore,
    redisCommands: commands / requests,
  }
}

async function commandsSoFar(): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await counter.info('stats'))?.[1])
}
