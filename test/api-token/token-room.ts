import { type ApiTokensOptions, createApiTokens } from '../../src/api-token/create-api-tokens.ts'
import { generateKeySet } from '../../src/api-token/key-file.ts'
import { parseKeySet } from '../../src/api-token/key-set.ts'
import type { Log } from '../../src/ops/log.ts'
import type { MemberSession } from '../../src/session/session.ts'
import { createStoredSessions } from './stored-sessions.ts'

export const issuer = 'https://app.example'
export const audience = 'https://api.example'
export const startedAt = 1_800_000_000_000

export async function newKeys() {
  return (await parseKeySet(JSON.stringify(await generateKeySet()))).keys
}

export function member(changes: Partial<MemberSession> = {}): MemberSession {
  return {
    state: 'member',
    identity: { provider: 'kakao', subject: '4711', emailVerified: false },
    authenticatedAt: startedAt - 5_500,
    user: {
      id: '0b6f7c1e-0000-4000-8000-000000000001',
      profile: { nickname: '민지', characterName: 'Bear' },
    },
    tokens: {},
    ...changes,
  }
}

/** The room with a clock to turn, sessions to look into and log lines to read. */
export async function createTokenRoom(
  changes: Omit<Partial<ApiTokensOptions>, 'service'> & {
    service?: Partial<ApiTokensOptions['service']>
  } = {},
) {
  const sessions = createStoredSessions()
  const time = { now: startedAt }
  const lines: { event: string; fields: unknown }[] = []
  const note = (event: string, fields?: unknown) => void lines.push({ event, fields })
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const { service, ...others } = changes
  const initialKeys = await newKeys()
  const room = await createApiTokens({
    wantsService: true,
    tickets: sessions.tickets,
    index: sessions.index,
    refresh: async () => undefined,
    exchange: undefined,
    redis: undefined,
    clock: () => time.now,
    log,
    ...others,
    service: {
      readKeys: async () => initialKeys,
      secret: undefined,
      issuer,
      audience,
      lifetimeMs: 300_000,
      ...service,
    },
  })
  return {
    ...room,
    sessions,
    time,
    lines,
    advance(ms: number) {
      time.now += ms
    },
  }
}

/** What each settled promise came to, once everything that runs beside has had its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
}
