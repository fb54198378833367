import { describe, expect, it } from '@jest/globals'
import { localPath, requestedPath, withQuery } from '../../src/http/local-url.ts'

describe('localPath', () => {
  it.each([
    '/',
    '/a/b?x=1&y=%2F#frag/ment',
    '/한'.replace('한', '%ED%95%9C'),
    '/a//b',
    '/#',
    '/?//evil',
    '/a@evil.com',
    '/.well-known',
  ])('keeps %s as it was given', (path) => expect(localPath(path)).toBe(path))

  it.each([
    '',
    'a',
    '//evil.com',
    '///evil.com',
    '/\\evil.com',
    '\\/evil.com',
    '/.//evil.com',
    '/..//evil.com',
    '/x/..//evil.com',
    '/%2e//evil.com',
    '/%2E%2e//evil.com',
    '/\t/evil.com',
    '/\n/evil.com',
    ' /evil',
    'https://evil.com',
    'javascript:alert(1)',
    'http:/evil',
    '/a\r\nSet-Cookie: x=1',
    '/a\u0000',
    '/a\\b',
    `/${'a'.repeat(1024)}`,
    undefined,
    null,
    7,
    ['/a'],
    {},
  ])('refuses %j', (value) => expect(localPath(value)).toBeUndefined())
})

describe('localPath, with what no URL holds as it is,', () => {
  it.each([
    ['/a b', '/a%20b'],
    ['/\u00a0', '/%C2%A0'],
    ['/한', '/%ED%95%9C'],
  ])('percent-encodes %s', (value, path) => expect(localPath(value)).toBe(path))
})

describe('requestedPath', () => {
  it('is what a browser will ask for: dot segments gone, percent-decoded', () => {
    expect(requestedPath('/x/../auth/login?y#z')).toBe('/auth/login')
    expect(requestedPath('/%61uth/x')).toBe('/auth/x')
  })
})

describe('withQuery', () => {
  it.each([
    ['/', { error: 'x' }, '/?error=x'],
    ['/a?b=1#c', { error: 'x', provider: 'kakao' }, '/a?b=1&error=x&provider=kakao#c'],
    ['/a#c', { returnTo: '/x?y#z' }, '/a?returnTo=%2Fx%3Fy%23z#c'],
    ['/a', { error: undefined }, '/a'],
  ])('%s with %j is %s', (path, parameters, expected) => expect(withQuery(path, parameters)).toBe(expected))
})
