import { describe, expect, it } from '@jest/globals'
import { createTrustedPeers, plainAddress } from '../../src/http/trusted-peers.ts'

const peers = createTrustedPeers(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'])

describe('trusted peers', () => {
  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.7', true],
    ['2001:db8:1::2', true],
    ['::1', true],
    ['11.0.0.1', false],
    ['192.0.2.8', false],
    ['2001:db9::1', false],
    ['not an address', false],
    [undefined, false],
  ])('%s is trusted: %s', (address, trusted) => {
    expect(peers.trusts(address)).toBe(trusted)
    expect(peers.trusts(address)).toBe(trusted)
  })

  it.each([
    // peer, X-Forwarded-For, client
    ['203.0.113.5', '198.51.100.1', '203.0.113.5'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1, 192.0.2.7', '198.51.100.1'],
    ['10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1:50312', '198.51.100.1'],
    ['10.0.0.1', '[2001:db8::7]:443', '2001:db8::7'],
    ['10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
    ['10.0.0.1', '198.51.100.1:80, 10.0.0.2:443', '198.51.100.1'],
    ['10.0.0.1', '2001:db8::7', '2001:db8::7'],
    ['::ffff:10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
  ])('behind %s with %s the client is %s', (peer, forwardedFor, client) => {
    expect(peers.clientAddress(peer, forwardedFor)).toBe(client)
  })

  it('trusts nobody unless told to', () => {
    expect(createTrustedPeers([]).trusts('127.0.0.1')).toBe(false)
    expect(createTrustedPeers([]).clientAddress('127.0.0.1', '1.2.3.4')).toBe('127.0.0.1')
  })

  it('refuses what is no address', () => {
    expect(() => createTrustedPeers(['10.0.0.0/40'])).toThrow()
    expect(() => createTrustedPeers(['example.com'])).toThrow()
  })

  it('names a peer without the prefix of a dual-stack socket', () => {
    expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(plainAddress('2001:db8::1')).toBe('2001:db8::1')
    expect(plainAddress(undefined)).toBe('unknown')
  })
})
