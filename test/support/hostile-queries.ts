import type { Random } from './dice.ts'

const names = [
  'code',
  'state',
  'error',
  'error_description',
  'iss',
  'scope',
  'session_state',
  'id_token',
  'response',
  '__proto__',
  '',
  'x',
]
const values = [
  '',
  'x',
  'access_denied',
  'server_error',
  'invalid_scope',
  'login_required',
  '%00',
  '%zz',
  '%E0%A4%A',
  '%0d%0aSet-Cookie:%20x=1',
  '%3Cscript%3E',
  'null',
  '[object%20Object]',
  '..%2f..%2f',
  'https%3A%2F%2Fevil.example',
  '+',
  '&',
  '=',
  '%F0%9F%A7%A5',
]

/** A callback's query as no provider would send it; with `state` now and then in its right place. */
export function hostileQuery(random: Random, state: string): string {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T
  const count = Math.floor(random() * 6)
  const pairs = Array.from({ length: count }, () => {
    const name = pick(names)
    const value = random() < 0.05 ? 'y'.repeat(Math.floor(random() * 6000)) : pick(values)
    const separator = random() < 0.1 ? '' : '='
    const suffix = random() < 0.1 ? '[]' : ''
    return `${name}${suffix}${separator}${value}`
  })
  if (random() < 0.5) pairs.splice(Math.floor(random() * (pairs.length + 1)), 0, `state=${state}`)
  if (random() < 0.3) pairs.push('code=a-code')
  return pairs.join(random() < 0.95 ? '&' : ';')
}
