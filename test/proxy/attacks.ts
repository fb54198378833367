import type { Attack } from './attacks/attack.ts'
import { pipelines, upgrades } from './attacks/connections.ts'
import { crossSite, crossSiteSockets } from './attacks/cross-site.ts'
import { hopByHop, injections, spoofs } from './attacks/fields.ts'
import { sizes } from './attacks/sizes.ts'
import { smuggling } from './attacks/smuggling.ts'
import { hosts, paths } from './attacks/targets.ts'

/** Every attack by its class, with how many there are: a case that gets lost is noticed. */
export const classes: readonly (readonly [name: string, attacks: readonly Attack[], count: number])[] = [
  ['request smuggling', smuggling, 107],
  ['header injection', injections, 33],
  ['header spoofing', spoofs, 73],
  ['hop-by-hop headers', hopByHop, 28],
  ['absolute-form and Host', hosts, 40],
  ['request lines and paths', paths, 130],
  ['oversized', sizes, 21],
  ['pipelining', pipelines, 22],
  ['upgrades', upgrades, 39],
  ['cross-site calls', crossSite, 184],
  ['cross-site sockets', crossSiteSockets, 63],
]
