import { z } from 'zod'

/** Directives of CSP Level 3 (W3C) and what browsers know besides. */
const directives = new Set([
  'default-src',
  'script-src',
  'script-src-elem',
  'script-src-attr',
  'style-src',
  'style-src-elem',
  'style-src-attr',
  'img-src',
  'font-src',
  'connect-src',
  'media-src',
  'object-src',
  'frame-src',
  'child-src',
  'worker-src',
  'manifest-src',
  'fenced-frame-src',
  'base-uri',
  'form-action',
  'frame-ancestors',
  'sandbox',
  'report-to',
  'report-uri',
  'upgrade-insecure-requests',
  'block-all-mixed-content',
  'require-trusted-types-for',
  'trusted-types',
])

const keywords = new Set([
  'self',
  'none',
  'unsafe-inline',
  'unsafe-eval',
  'unsafe-hashes',
  'strict-dynamic',
  'report-sample',
  'wasm-unsafe-eval',
  'inline-speculation-rules',
  'script',
  'allow-duplicates',
  'trusted-types-eval',
  'report-sha256',
  'report-sha384',
  'report-sha512',
])

/** `img-src 'self' https:; connect-src 'self'`: directive → its values. A directive that a browser would ignore is refused. */
export const contentSecurityPolicy = z.string().transform((value, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message })
  const policy = new Map<string, readonly string[]>()
  for (const written of value.split(';').map((one) => one.trim())) {
    if (written === '') continue
    const [name = '', ...values] = written.split(/\s+/)
    const directive = name.toLowerCase()
    if (!directives.has(directive)) refuse(`has an unknown directive ${JSON.stringify(name)}`)
    else if (policy.has(directive)) refuse(`has ${directive} twice`)
    for (const one of values) if (!isValue(one)) refuse(`${directive} has a bad value ${JSON.stringify(one)}`)
    policy.set(directive, values)
  }
  return policy
})

/** Keywords, nonces and hashes stand in single quotes; without them `self` would be a host of that name. */
function isValue(value: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(value) || value.includes(',')) return false
  const quoted = /^'(.*)'$/.exec(value)?.[1]
  if (quoted !== undefined)
    return (
      keywords.has(quoted.toLowerCase()) || /^(nonce|sha256|sha384|sha512)-[A-Za-z0-9+/_=-]+$/i.test(quoted)
    )
  return !value.includes("'") && !keywords.has(value.toLowerCase())
}
