import { isIPv6 } from 'node:net'

/**
 * Whom a limit counts: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber's at least (RFC 6177);
 * whoever has a /64 has 2^64 addresses. IPv4-mapped addresses (`::ffff:192.0.2.1`) are IPv4.
 */
export function clientNetwork(address: string): string {
  const bare = address.split('%')[0] as string
  if (!isIPv6(bare)) return bare
  // The URL parser writes any spelling in the shortest form, in hexadecimal throughout (WHATWG URL, IPv6 serializer).
  const [head = '', tail = ''] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return dotted(groups.slice(6))
  return `${groups.slice(0, 4).join(':')}::/64`
}

function dotted(groups: readonly string[]): string {
  return groups
    .map((group) => Number.parseInt(group, 16))
    .flatMap((value) => [value >> 8, value & 0xff])
    .join('.')
}
