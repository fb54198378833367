import { describe, expect, it } from '@jest/globals'
import { configOf, onLoopback, problemsOf } from './environment.ts'

describe('CONTENT_SECURITY_POLICY', () => {
  it('is read into directives and their values', () => {
    const value = "img-src 'self' https:; Connect-Src 'self' wss://x.example ; upgrade-insecure-requests;"
    const policy = configOf({ ...onLoopback, CONTENT_SECURITY_POLICY: value }).contentSecurityPolicy
    expect([...(policy ?? [])]).toEqual([
      ['img-src', ["'self'", 'https:']],
      ['connect-src', ["'self'", 'wss://x.example']],
      ['upgrade-insecure-requests', []],
    ])
  })

  it.each([
    'image-src *',
    'img-src self',
    'script-src none',
    "script-src 'selff'",
    "script-src 'self",
    "img-src 'self'; img-src https:",
    'img-src https://a.example, https://b.example',
    'img-src https://한국.example',
    'img-src\u0000 x',
  ])('%j stops the start', (CONTENT_SECURITY_POLICY) => {
    const problems = problemsOf({ ...onLoopback, CONTENT_SECURITY_POLICY })
    expect(problems.length).toBeGreaterThan(0)
    for (const line of problems) expect(line).toMatch(/^CONTENT_SECURITY_POLICY: [^\n]*$/)
  })

  it.each([
    "script-src 'nonce-abc='",
    "script-src 'sha256-AbC+/='",
    'sandbox allow-scripts',
    'report-to default',
  ])('%j passes', (CONTENT_SECURITY_POLICY) =>
    expect(problemsOf({ ...onLoopback, CONTENT_SECURITY_POLICY })).toEqual([]),
  )
})
