import { exportJWK, generateKeyPair } from 'jose'
import { createKeyRing } from '../src/api-token/key-ring.ts'
import { parseKeySet } from '../src/api-token/key-set.ts'
import { createIssueToken } from '../src/api-token/service-token.ts'

/** What one service token costs: issued once per session and audience and renewed every few minutes, never per request. */
export interface Issuing {
  readonly alg: string
  readonly perSecond: number
}

const settings = { issuer: 'https://app.example.com', lifetimeMs: 300_000 }
const subject = {
  user: { id: '0198a2f0-0000-7000-8000-000000000000', profile: { nickname: 'Mira', characterName: 'Bear' } },
  identity: { provider: 'kakao', subject: '1', emailVerified: false },
  authenticatedAt: 1_780_000_000_000,
}

/** Issues tokens one after another for `seconds` with a new key of each algorithm. */
export async function measureIssuing(seconds: number): Promise<readonly Issuing[]> {
  const results: Issuing[] = []
  for (const alg of ['ES256', 'EdDSA'] as const) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    const { keys } = await parseKeySet(
      JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), alg, kid: alg }] }),
    )
    const ring = createKeyRing(keys, { lifetimeMs: settings.lifetimeMs, clock: Date.now })
    const issue = createIssueToken(ring, settings, Date.now)
    const end = performance.now() + seconds * 1000
    let issued = 0
    for (; performance.now() < end; issued += 1) await issue(subject, 'a-session-handle', settings.issuer)
    results.push({ alg, perSecond: Math.round(issued / seconds) })
  }
  return results
}

/** The figures as Markdown. */
export function issuingTable(results: readonly Issuing[]): string {
  const rows = results.map(({ alg, perSecond }) => `| ${alg} | ${perSecond.toLocaleString('en')} |`)
  return ['### Issuing service tokens, one core', '', '| algorithm | tokens/s |', '|---|---:|', ...rows].join(
    '\n',
  )
}
