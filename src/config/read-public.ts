import { isIP } from 'node:net'
import { z } from 'zod'
import type { Config, PublicConfig } from './config.ts'
import { list, listenHost, port, secureUrl } from './grammar.ts'
import { isLoopbackHost } from './loopback.ts'
import type { VariableReader } from './variable-reader.ts'

/** PUBLIC_URL: an origin and nothing more, https unless it is loopback. */
export function readPublic(reader: VariableReader): PublicConfig {
  const isOrigin = (value: string) => new URL(value).href === `${new URL(value).origin}/`
  const schema = secureUrl.refine(isOrigin, 'must be an origin: no path, no query')
  const url = new URL(reader.read('PUBLIC_URL', schema))
  return {
    origin: url.origin,
    host: url.host,
    secure: url.protocol === 'https:',
    loopback: isLoopbackHost(url.hostname),
  }
}

/** Where it listens, and whom it believes. */
export function readListening(reader: VariableReader): Pick<Config, 'listen' | 'trustProxy' | 'ops'> {
  const listen = { port: reader.read('PORT', port), host: reader.read('HOST', listenHost) }
  const ops = { port: reader.read('OPS_PORT', port), host: reader.read('OPS_HOST', listenHost) }
  if (ops.port && ops.port === listen.port && reader.sound('PORT', 'OPS_PORT'))
    reader.problem('OPS_PORT', 'must differ from PORT: it is a listener of its own')
  return { listen, trustProxy: reader.read('TRUST_PROXY', addressRanges) ?? [], ops }
}

const addressRanges = list.pipe(
  z.array(z.string().refine(isAddressRange, 'must be a comma list of addresses or CIDRs')),
)

function isAddressRange(value: string): boolean {
  const [address = '', prefix, ...more] = value.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
