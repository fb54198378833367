import { describe, expect, it } from '@jest/globals'
import { createReturnTo } from '../../src/login/return-to.ts'

const returnTo = createReturnTo('/home', (path) => /^\/api(\/|$)/.test(path))

/** Where a browser on our origin would go for a Location header. */
function destination(location: string): URL {
  return new URL(location, 'https://app.example')
}

/** Open-redirect payloads: what has fooled some validator, somewhere (RFC 9700 §4.11). */
const hosts = [
  'evil.com',
  'evil.com:443',
  'user@evil.com',
  '[::1]',
  '0x7f000001',
  'app.example.evil.com',
  'app.example@evil.com',
]
const shapes = [
  (host: string) => `//${host}`,
  (host: string) => `///${host}`,
  (host: string) => `////${host}`,
  (host: string) => `/\\${host}`,
  (host: string) => `\\/${host}`,
  (host: string) => `\\\\${host}`,
  (host: string) => `/\t/${host}`,
  (host: string) => `/\n/${host}`,
  (host: string) => `/\r\n/${host}`,
  (host: string) => `\t//${host}`,
  (host: string) => ` //${host}`,
  (host: string) => `/.//${host}`,
  (host: string) => `/./\\${host}`,
  (host: string) => `/x/..//${host}`,
  (host: string) => `/%2e//${host}`,
  (host: string) => `/%2E%2e//${host}`,
  (host: string) => `https://${host}`,
  (host: string) => `HTTPS://${host}`,
  (host: string) => `https:${host}`,
  (host: string) => `https:/${host}`,
  (host: string) => `http:\\\\${host}`,
  (host: string) => `ftp://${host}/`,
]
const others = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  '\u0001javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'blob:https://app.example/x',
  'mailto:a@evil.com',
  '@evil.com',
  '.evil.com',
  '?next=//evil.com',
  '#//evil.com',
  'evil.com',
  'home',
  './home',
  '../home',
  '',
  ' ',
  ' /home',
  '/a b',
  '/a\u0000b',
  '/a\r\nLocation: https://evil.com',
  '/a\u2028b',
  '/\u3000/evil.com',
  '/／evil.com',
  '／／evil.com',
  '/〱evil.com',
  '/ﾠevil.com',
  `/${'a'.repeat(1024)}`,
  `/?${'%20'.repeat(400)}`,
  undefined,
  null,
  42,
  ['/a'],
  { path: '/a' },
]
const ours = [
  '/auth',
  '/auth/',
  '/auth/login/kakao',
  '/auth/logout',
  '/AUTH/login/kakao',
  '/%61uth/login/kakao',
  '/x/../auth/login/kakao',
  '/./auth/login',
  '/%2e%2e/auth/login',
  '/api',
  '/api/notes?x',
  '/%61pi/notes',
  '/x/../api/notes',
]
const payloads: readonly unknown[] = [
  ...hosts.flatMap((host) => shapes.map((shape) => shape(host))),
  ...others,
  ...ours,
]

describe('returnTo', () => {
  it('is tried with at least 120 payloads', () => expect(payloads.length).toBeGreaterThanOrEqual(120))

  it.each(payloads.map((payload) => [payload]))('leads home instead of to %j', (payload) => {
    expect(returnTo(payload)).toBe('/home')
  })

  it.each([
    '/',
    '/page?query=1&x=//evil.com#fragment/deep',
    '/a/b/',
    '/authors',
    '/apis',
    '/@user',
    '/a;b=c',
    "/it's?(x)",
  ])('keeps %s, byte for byte, on this origin', (path) => {
    expect(returnTo(path)).toBe(path)
    expect(destination(path).origin).toBe('https://app.example')
  })
})
