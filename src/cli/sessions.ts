import type { Config } from '../config/config.ts'
import type { EndReason } from '../session/session.ts'
import type { EndedEntry, SessionEntry, SessionSelector } from '../session/sessions.ts'
import { columns } from './columns.ts'
import type { Command, Option, Terminal } from './command.ts'
import { configOf, withSessions } from './stores.ts'

const user: Option = { type: 'string', value: 'ID', required: true, meaning: 'the user’s id, a UUID' }

/** Where somebody is signed in, and what became of the sessions they ask about. */
export const listSessions: Command = {
  words: 'sessions list',
  summary: 'list where a user is signed in, and why sessions of the last 30 days ended',
  options: { user },
  async run({ json, required }, terminal) {
    const userId = required('user')
    const config = await configOf(terminal)
    const found = await withSessions(config, terminal.now, async ({ index }) => ({
      live: await index.list(userId),
      ended: await index.ended(userId),
    }))
    if (!found) return unreachable(terminal)
    if (json) {
      const { live, ended } = found
      terminal.out(JSON.stringify({ sessions: live.map(asJson), ended: ended.map(asEndedJson) }))
    } else show(found.live, found.ended, terminal)
    return 0
  },
}

function show(
  live: readonly SessionEntry[],
  ended: readonly EndedEntry[],
  { out }: Pick<Terminal, 'out'>,
): void {
  if (live.length === 0) out('Not signed in anywhere.')
  else out(columns(['SESSION', 'PROVIDER', 'DEVICE', 'SINCE', 'LAST SEEN'], live.map(asRow)))
  if (ended.length === 0) return
  out('')
  const rows = ended.map((entry) => [...asRow(entry), new Date(entry.endedAt).toISOString(), entry.reason])
  out(columns(['SESSION', 'PROVIDER', 'DEVICE', 'SINCE', 'LAST SEEN', 'ENDED', 'REASON'], rows))
}

/** Signs somebody out, of one session or of all. */
export const endSessions: Command = {
  words: 'sessions end',
  summary: 'end a user’s sessions, or one of them',
  options: {
    user,
    session: { type: 'string', value: 'HANDLE', meaning: 'only this one, as sessions list shows it' },
  },
  async run({ json, text, required }, terminal) {
    const [userId, handle] = [required('user'), text('session')]
    const config = await configOf(terminal)
    const selector: SessionSelector = handle === undefined ? { userId } : { userId, handle }
    const ended = await withSessions(config, terminal.now, ({ index }) =>
      index.end(selector, 'ended-elsewhere'),
    )
    if (ended === undefined) return unreachable(terminal)
    terminal.out(json ? JSON.stringify({ ended }) : `sessions ended: ${ended}`)
    return handle !== undefined && ended === 0 ? 1 : 0
  },
}

/** Ends all sessions of a user who was disabled or deleted; how many, or undefined where they cannot be reached from here. */
export async function endAll(
  config: Config,
  terminal: Terminal,
  { userId, reason }: { readonly userId: string; readonly reason: EndReason },
): Promise<number | undefined> {
  const ended = await withSessions(config, terminal.now, ({ index }) => index.end({ userId }, reason))
  if (ended === undefined) unreachable(terminal)
  return ended
}

function unreachable({ err }: Terminal): 1 {
  err('Without REDIS_URL sessions live in the memory of the server’s process: restart it to end them.')
  return 1
}

function asJson({ handle, provider, device, createdAt, lastSeenAt }: SessionEntry | EndedEntry) {
  return {
    id: handle,
    provider,
    device,
    createdAt: new Date(createdAt).toISOString(),
    lastSeenAt: new Date(lastSeenAt).toISOString(),
  }
}

function asEndedJson(entry: EndedEntry) {
  return { ...asJson(entry), endedAt: new Date(entry.endedAt).toISOString(), reason: entry.reason }
}

function asRow(entry: SessionEntry | EndedEntry): readonly string[] {
  const { id, provider, device, createdAt, lastSeenAt } = asJson(entry)
  return [id, provider, device, createdAt, lastSeenAt]
}
