import { describe, expect, it } from '@jest/globals'
import { comesFromElsewhere, provesNothing } from '../../src/http/fetch-metadata.ts'

const ours = 'https://app.example'
const headersOf = (headers: Record<string, string>) => headers

describe('a request comes from elsewhere', () => {
  it.each([
    ['GET', { 'sec-fetch-site': 'cross-site' }],
    ['GET', { 'sec-fetch-site': 'same-site' }], // a sibling subdomain, another port
    ['GET', { 'sec-fetch-site': '' }],
    ['GET', { 'sec-fetch-site': 'same-origin, cross-site' }], // sent twice
    ['GET', { 'sec-fetch-site': 'Same-Origin' }],
    ['POST', { 'sec-fetch-site': 'none' }],
    ['DELETE', { 'sec-fetch-site': 'none' }],
    ['GET', { 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch' }],
    ['HEAD', { 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch;prerender' }],
    ['POST', { origin: 'https://evil.example' }],
    ['GET', { origin: 'null' }],
    ['GET', { origin: `${ours}, ${ours}` }],
    ['GET', { origin: 'http://app.example' }],
    ['GET', { 'sec-fetch-site': 'cross-site', origin: ours }],
  ])('%s %j', (method, headers) => {
    expect(comesFromElsewhere({ method, headers: headersOf(headers) }, ours)).toBe(true)
  })
})

describe('a request does not come from elsewhere', () => {
  it.each([
    ['POST', { 'sec-fetch-site': 'same-origin' }],
    ['POST', { 'sec-fetch-site': 'same-origin', origin: 'https://ignored.example' }],
    ['GET', { 'sec-fetch-site': 'none' }],
    ['HEAD', { 'sec-fetch-site': 'none' }],
    ['GET', { 'sec-fetch-site': 'same-origin', 'sec-purpose': 'prefetch' }],
    ['POST', { origin: ours }],
    ['POST', {}],
  ])('%s %j', (method, headers) => {
    expect(comesFromElsewhere({ method, headers: headersOf(headers) }, ours)).toBe(false)
  })
})

it('lets only our own pages open what is for them alone: a typed address is elsewhere there', () => {
  const typed = { method: 'GET', headers: { 'sec-fetch-site': 'none' }, sameOriginOnly: true }
  expect(comesFromElsewhere(typed, ours)).toBe(true)
  expect(comesFromElsewhere({ ...typed, headers: { 'sec-fetch-site': 'same-origin' } }, ours)).toBe(false)
})

describe('a request proves nothing', () => {
  it.each([[{}], [{ 'x-csrf': '0' }], [{ 'x-csrf': '' }], [{ 'x-csrf': '1, 1' }], [{ referer: ours }]])(
    'with %j',
    (headers) => {
      expect(provesNothing(headersOf(headers as Record<string, string>))).toBe(true)
    },
  )
  it.each([[{ 'x-csrf': '1' }], [{ origin: ours }], [{ 'sec-fetch-site': 'same-origin' }]])(
    'but something with %j',
    (headers) => {
      expect(provesNothing(headersOf(headers as Record<string, string>))).toBe(false)
    },
  )
})
