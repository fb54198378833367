import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Job, Load } from './generator.ts'
import { installed, pinned } from './processes.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
const wrk = installed('wrk')

/** Which generator measures throughput. */
export const generator = wrk ? 'wrk' : 'undici, in a process of its own'

/** Puts a server under load from a process of its own: with wrk where it is installed, else with our own generator. */
export async function putUnderLoad(job: Job): Promise<Load> {
  return wrk && job.rate === undefined ? await withWrk(wrk, job) : await withOurs(job)
}

async function withOurs(job: Job): Promise<Load> {
  const file = join(folder, 'job.json')
  writeFileSync(file, JSON.stringify(job))
  const [program = '', ...args] = pinned(
    [process.execPath, join(import.meta.dirname, 'generator.ts'), file],
    'other',
  )
  const { stdout } = await run(program, args, { env: { ...process.env, NODE_NO_WARNINGS: '1' } })
  return JSON.parse(stdout)
}

async function withWrk(wrk: string, job: Job): Promise<Load> {
  const script = join(folder, 'job.lua')
  writeFileSync(script, lua(job))
  const [program = '', ...args] = pinned(
    [
      wrk,
      ...['-t', '1', '-c', String(job.connections), '-d', `${job.seconds}s`],
      ...['--latency', '-s', script],
      job.origin + job.path,
    ],
    'other',
  )
  const { stdout } = await run(program, args)
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

/** wrk takes its requests from a Lua script, made before the run; the summary comes as JSON. */
function lua({ method, path, headers, cookies, bodyBytes, expected, turn = 0 }: Job): string {
  const lines = Object.entries(headers).map(([name, value]) => `headers["${name}"] = "${value}"`)
  const body = bodyBytes > 0 ? `string.rep("x", ${bodyBytes})` : 'nil'
  const all = cookies.length > 0 ? cookies : ['']
  return `
local headers = {}
${lines.join('\n')}
local cookies = { ${all.map((cookie) => `"${cookie}"`).join(', ')} }
local requests, turn = {}, ${turn}
init = function()
  for i, cookie in ipairs(cookies) do
    if cookie ~= "" then headers["Cookie"] = cookie end
    requests[i] = wrk.format("${method}", "${path}", headers, ${body})
  end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
${expected === 200 ? '' : 'response = function() end'}
done = function(summary, latency)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  if ${expected} == 200 then bad = bad + summary.errors.status end
  io.write(string.format('{"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"requests":%d,"errors":%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.requests, bad))
end
`
}
