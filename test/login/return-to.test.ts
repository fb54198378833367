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
  '/a\u0000b',
  '/a\u0085b',
  '/a\u007fb',
  `/${'한'.repeat(114)}`,
  '/\u3000/../auth/login',
  '/a\r\nLocation: https://evil.com',
  '／／evil.com',
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

  it.each([
    ['/a b', '/a%20b'],
    [
      '/게시판/글?검색=한글 말#댓글',
      '/%EA%B2%8C%EC%8B%9C%ED%8C%90/%EA%B8%80?%EA%B2%80%EC%83%89=%ED%95%9C%EA%B8%80%20%EB%A7%90#%EB%8C%93%EA%B8%80',
    ],
    ['/／evil.com', '/%EF%BC%8Fevil.com'],
    ['/〱evil.com', '/%E3%80%B1evil.com'],
    ['/"<x>"', '/%22%3Cx%3E%22'],
    ['/a\u2028b', '/a%E2%80%A8b'],
    ['/\ud800', '/%EF%BF%BD'],
    [`/${'한'.repeat(113)}`, `/${'%ED%95%9C'.repeat(113)}`],
  ])('percent-encodes %s as a URL parser does, on this origin', (asked, path) => {
    expect(returnTo(asked)).toBe(path)
    expect(destination(path).href).toBe(new URL(path, 'https://app.example').href)
    expect(destination(path).origin).toBe('https://app.example')
  })
})
