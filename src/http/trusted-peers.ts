import ipaddr from 'ipaddr.js'

/** Which neighbours' word about the client's address counts (TRUST_PROXY). */
export interface TrustedPeers {
  trusts(address: string | undefined): boolean
  /** Who is really calling: of the forwarded chain, read from our side, the first that is not one of ours. */
  clientAddress(peer: string | undefined, forwardedFor: string | undefined): string
}

const mostRemembered = 1000

/** `list`: addresses or CIDRs, IPv4 or IPv6. @throws Error for anything else */
export function createTrustedPeers(list: readonly string[]): TrustedPeers {
  const ranges = list.map(range)
  const remembered = new Map<string, boolean>()

  function judge(address: string): boolean {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }

  function trusts(address: string | undefined): boolean {
    if (address === undefined || ranges.length === 0) return false
    const known = remembered.get(address)
    if (known !== undefined) return known
    if (remembered.size >= mostRemembered) remembered.clear()
    const verdict = judge(address)
    remembered.set(address, verdict)
    return verdict
  }

  return {
    trusts,
    clientAddress(peer, forwardedFor) {
      const hops = [...(forwardedFor ?? '').split(',').map(withoutPort), plainAddress(peer)]
      let client = hops.pop() as string
      while (trusts(client)) {
        const before = hops.pop()
        if (!before || !ipaddr.isValid(before)) break
        client = plainAddress(before)
      }
      return client
    },
  }
}

/** A hop's address: some proxies send it with the client's port, and IPv6 in brackets (RFC 7239 §6 writes it so). */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^\s*(?:\[([^\]]*)\](?::\d*)?|([^:]*):\d*)\s*$/.exec(hop) ?? []
  return bracketed ?? plain ?? hop.trim()
}

function range(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry)
  const address = ipaddr.process(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** A peer's address as logs and headers should have it: a dual-stack socket shows IPv4 as `::ffff:192.0.2.1`. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
