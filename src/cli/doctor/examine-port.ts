import { createServer } from 'node:http'
import type { Config } from '../../config/config.ts'
import { type Finding, failed, ok } from './finding.ts'

const patienceMs = 2_000

type Address = Config['listen']

/** Whether a start could listen where PORT and OPS_PORT say, or a coatcheck does so already. */
export async function examinePorts({
  listen,
  ops,
}: Pick<Config, 'listen' | 'ops'>): Promise<readonly Finding[]> {
  const { port, host } = ops
  return Promise.all([
    examinePort('PORT', listen),
    ...(port === undefined ? [] : [examinePort('OPS_PORT', { port, host })]),
  ])
}

async function examinePort(variable: string, { host, port }: Address): Promise<Finding> {
  const area = variable === 'PORT' ? 'port' : 'ops port'
  const place = `${host}:${port}`
  const code = await tryToListen({ host, port })
  if (code === undefined) return ok(area, `${place} is free`)
  if (code === 'EADDRINUSE') {
    if (await isCoatcheck({ host, port })) return ok(area, `coatcheck listens on ${place} already`)
    return failed(area, `${place} is taken by another program`, `stop it, or choose another ${variable}`)
  }
  const advice =
    'name an address of this machine, or 0.0.0.0 for all of them, and a port that its user may have (1024 and up)'
  return failed(area, `cannot listen on ${place} (${code})`, advice)
}

/** undefined: it can be had. */
function tryToListen({ host, port }: Address): Promise<string | undefined> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'))
    probe.listen(port, host, () => probe.close(() => resolve(undefined)))
  })
}

/** By its `/healthz`, which both listeners have. */
async function isCoatcheck({ host, port }: Address): Promise<boolean> {
  const anywhere = host === '0.0.0.0' || host === '::'
  const name = anywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host
  try {
    const response = await fetch(`http://${name}:${port}/healthz`, {
      signal: AbortSignal.timeout(patienceMs),
    })
    return (await response.text()) === '{"status":"ok"}'
  } catch {
    return false
  }
}
