import { isIP } from 'node:net'
import { z } from 'zod'
import type { Config, PublicConfig } from './config.ts'
import { list, listenHost, port, secureUrl } from './grammar.ts'
import { isLoopbackHost } from './loopback.ts'
import type { VariableReader } from './variable-reader.ts'

// Runs only on what `secureUrl` let through: a URL.
const originUrl = secureUrl.refine((value) => {
  const { href, origin } = new URL(value)
  return href === `${origin}/`
}, 'must be an origin: no path, no query')

/** PUBLIC_URL: an origin and nothing more, https unless it is loopback. */
export function readPublic(reader: VariableReader): PublicConfig {
  const checked = reader.read('PUBLIC_URL', originUrl)
  // A wrong one still says where this is to run, and so what else is missing.
  const written = reader.read('PUBLIC_URL', z.string())
  const url = new URL(/^https?:\/\//i.test(written) && URL.canParse(written) ? written : checked)
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
