import { createDecipheriv, hkdfSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createSealer } from '../../src/crypto/seal.ts'

const [old, current] = ['o'.repeat(32), 'c'.repeat(32)]

describe('a sealer', () => {
  const sealer = createSealer([current], 'session')

  it('opens what it sealed', () => {
    expect(sealer.open(sealer.seal('coat'))).toEqual({ plaintext: 'coat', stale: false })
  })

  it('seals with AES-256-GCM under the HKDF-SHA-256 of secret, purpose and context (RFC 5869)', () => {
    const bytes = Buffer.from(sealer.seal('coat', 'ticket'), 'base64url')
    const key = new Uint8Array(hkdfSync('sha256', current as string, '', 'coatcheck session ticket', 32))
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(-16))
    expect(decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('coat')
  })

  it('seals the same text differently each time', () => {
    expect(sealer.seal('coat')).not.toBe(sealer.seal('coat'))
  })

  it('opens what was sealed in a context only in that context', () => {
    const sealed = sealer.seal('coat', 'ticket')
    expect(sealer.open(sealed, 'ticket')?.plaintext).toBe('coat')
    expect(sealer.open(sealed, 'other')).toBeUndefined()
    expect(sealer.open(sealed)).toBeUndefined()
  })

  it('does not open what was sealed for another purpose', () => {
    expect(createSealer([current], 'attempt').open(sealer.seal('coat'))).toBeUndefined()
  })

  it('opens what an older secret sealed, and says so', () => {
    const sealed = createSealer([old], 'session').seal('coat')
    expect(createSealer([current, old], 'session').open(sealed)).toEqual({ plaintext: 'coat', stale: true })
    expect(sealer.open(sealed)).toBeUndefined()
  })

  it('opens nothing that was changed by a single bit, cut or made up', () => {
    const bytes = Buffer.from(sealer.seal('coat'), 'base64url')
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] as number) ^ 1
      expect(sealer.open(changed.toString('base64url'))).toBeUndefined()
      expect(sealer.open(bytes.subarray(0, index).toString('base64url'))).toBeUndefined()
    }
    expect(sealer.open('')).toBeUndefined()
    expect(sealer.open('!')).toBeUndefined()
  })
})
