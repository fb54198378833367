import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from 'redis'
import { startRedis } from '../test/support/redis-server.ts'
import { type Contestant, startContestants } from './contestants.ts'
import type { Load } from './generator.ts'
import { holdSockets, type Sockets } from './idle-sockets.ts'
import { issuingTable, measureIssuing } from './issuing.ts'
import { putUnderLoad } from './load.ts'
import { serverPort } from './ports.ts'
import { start } from './processes.ts'
import { report } from './report.ts'
import { type Scenario, scenarios } from './scenarios.ts'

/** `npm run bench` measures everything; `-- --quick` is under a minute; `-- --only coatcheck,undici` picks contestants; `-- --write` keeps the tables. */
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
const connections = 32

/** One contestant in one round of one scenario. */
export interface Measurement extends Load {
  readonly scenario: string
  readonly contestant: string
  readonly cpuUs: number
  readonly rssMb: number
  readonly redisCommands: number
}

const redis = await startRedis()
const upstreamPort = serverPort()
const upstream = await start([process.execPath, join(import.meta.dirname, 'upstream.ts')], 'other', {
  PORT: String(upstreamPort),
})
const only = values.only?.split(',')
const contestants = await startContestants(
  { upstream: `http://127.0.0.1:${upstreamPort}`, redisUrl: redis.url, sessions: 300 },
  (name) => only === undefined || only.includes(name),
)
const counter = createClient({ url: redis.url })
await counter.connect()

try {
  const measurements: Measurement[] = []
  for (const scenario of scenarios) {
    if (values.scenario && !scenario.name.includes(values.scenario)) continue
    const taking = contestants.filter(scenario.includes)
    for (const contestant of taking) await measure(scenario, contestant, 0.5)
    // Rounds are interleaved: what the machine does besides hits everybody.
    for (let round = 0; round < rounds; round += 1)
      for (const contestant of taking) measurements.push(await measure(scenario, contestant, seconds))
    console.error(`measured: ${scenario.name}`)
  }
  const sockets: Sockets[] = []
  if (!values.scenario)
    for (const contestant of contestants.filter(({ name }) =>
      /^(coatcheck|http-proxy-middleware)$/.test(name),
    ))
      sockets.push(await holdSockets(contestant, values.quick ? 200 : 1000))
  const tables = report({ measurements, sockets, rounds, seconds, connections, scenarios })
  const text = values.scenario ? tables : `${tables}\n\n${issuingTable(await measureIssuing(seconds))}`
  console.log(text)
  if (values.write) writeDown(text)
} finally {
  await counter.quit()
  await Promise.all([upstream.stop(), ...contestants.map(({ process }) => process.stop())])
  await redis.stop()
}

/** The tables stand at the end of docs/benchmarks.md; what is said about them stays. */
function writeDown(tables: string): void {
  const page = join(import.meta.dirname, '../docs/benchmarks.md')
  const mark = '<!-- measured -->'
  const [words = ''] = readFileSync(page, 'utf8').split(mark)
  writeFileSync(page, `${words}${mark}\n\n${tables}\n`)
}

async function measure(scenario: Scenario, contestant: Contestant, duration: number): Promise<Measurement> {
  const { process, origin, name } = contestant
  const [cpuBefore, commandsBefore] = [process.cpuMs(), await commandsSoFar()]
  const load = await putUnderLoad({
    ...scenario.job(contestant),
    origin,
    connections: scenario.connections ?? connections,
    seconds: Math.max(1, duration),
  })
  const commands = (await commandsSoFar()) - commandsBefore - 1
  return {
    ...load,
    scenario: scenario.name,
    contestant: name,
    cpuUs: ((process.cpuMs() - cpuBefore) * 1000) / load.requests,
    rssMb: process.rssMb(),
    redisCommands: commands / load.requests,
  }
}

async function commandsSoFar(): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await counter.info('stats'))?.[1])
}
