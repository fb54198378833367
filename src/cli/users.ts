import type { EndReason } from '../session/session.ts'
import type { LinkedIdentity, User } from '../users/directory.ts'
import { columns } from './columns.ts'
import type { Command, Option, Terminal } from './command.ts'
import { endAll } from './sessions.ts'
import { configOf, withUsers } from './stores.ts'

const user: Option = { type: 'string', value: 'ID', required: true, meaning: 'the user’s id, a UUID' }

/** Who is known here, a page at a time. */
export const listUsers: Command = {
  words: 'users list',
  summary: 'list users and what they sign in with',
  options: {
    limit: { type: 'string', value: 'N', meaning: 'how many (100)' },
    offset: { type: 'string', value: 'N', meaning: 'how many to leave out first (0)' },
  },
  async run({ json, text }, terminal) {
    const page = { limit: whole(text('limit') ?? '100'), offset: whole(text('offset') ?? '0') }
    const config = await configOf(terminal)
    const users = await withUsers(config, terminal.now, ({ administration }) => administration.all(page))
    if (json) terminal.out(JSON.stringify({ users: users.map(asJson) }))
    else if (users.length === 0) terminal.out('No users.')
    else terminal.out(columns(['ID', 'STATE', 'SINCE', 'IDENTITIES', 'PROFILE'], users.map(asRow)))
    return 0
  },
}

/** Lets somebody in before their first login; the only way in with SIGNUP=closed. */
export const addUser: Command = {
  words: 'users add',
  summary: 'add a user for an identity, so that it may sign in with SIGNUP=closed',
  options: {
    provider: { type: 'string', value: 'ID', required: true, meaning: 'one of PROVIDERS' },
    subject: { type: 'string', value: 'S', required: true, meaning: 'the provider’s id of the person' },
  },
  async run({ json, required }, terminal) {
    const [provider, subject] = [required('provider'), required('subject')]
    const config = await configOf(terminal)
    if (!config.providers.some(({ id }) => id === provider))
      throw new Error(`${provider} is not one of PROVIDERS`)
    if (subject.length > 255) throw new Error('a subject has at most 255 characters')
    const added = await withUsers(config, terminal.now, ({ administration }) =>
      administration.add({ provider, subject }),
    )
    terminal.out(json ? JSON.stringify({ user: { id: added.id } }) : added.id)
    return 0
  },
}

/** Shuts somebody out, at once. */
export const disableUser = change('users disable', {
  summary: 'refuse a user’s logins and end their sessions at once',
  done: 'disabled',
  reason: 'account-disabled',
  apply: (administration, id) => administration.setDisabled(id, true),
})

/** Lets them in again. */
export const enableUser = change('users enable', {
  summary: 'let a disabled user sign in again',
  done: 'enabled',
  apply: (administration, id) => administration.setDisabled(id, false),
})

/** Forgets somebody: the user, their identities and their sessions. */
export const deleteUser = change('users delete', {
  summary: 'delete a user, their identities and their sessions',
  done: 'deleted',
  reason: 'account-deleted',
  apply: (administration, id) => administration.delete(id),
  remarks: ['It does not unlink them at the provider: that needs their own token (DELETE /auth/account).'],
})

interface Change {
  readonly summary: string
  readonly done: string
  /** What the user’s sessions are told they ended for; absent: they go on. */
  readonly reason?: EndReason
  readonly remarks?: readonly string[]
  apply(
    administration: Parameters<Parameters<typeof withUsers>[2]>[0]['administration'],
    id: string,
  ): Promise<boolean>
}

function change(words: string, { summary, done, reason, apply, remarks }: Change): Command {
  return {
    words,
    summary,
    options: { user },
    ...(remarks && { remarks }),
    async run({ json, required }, terminal) {
      const id = required('user')
      const config = await configOf(terminal)
      const found = await withUsers(config, terminal.now, ({ administration }) => apply(administration, id))
      // Sessions too of a user who is gone: an earlier run may have been cut short between the two.
      const ended = reason ? await endAll(config, terminal, { userId: id, reason }) : undefined
      report(terminal, { json, id, done, found, ended })
      return found ? 0 : 1
    },
  }
}

interface Outcome {
  readonly json: boolean
  readonly id: string
  readonly done: string
  readonly found: boolean
  /** undefined: sessions were not to be ended, or cannot be reached from here. */
  readonly ended: number | undefined
}

function report({ out, err }: Terminal, { json, id, done, found, ended }: Outcome): void {
  const sessions = ended === undefined ? {} : { sessionsEnded: ended }
  if (json) out(JSON.stringify({ user: { id }, found, ...sessions }))
  else if (!found) err(`There is no user ${id}.`)
  else out(`${done} ${id}${ended === undefined ? '' : `, sessions ended: ${ended}`}`)
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error('--limit and --offset are whole numbers')
  return Number(text)
}

type Listed = User & { readonly identities: readonly LinkedIdentity[] }

function asJson({ id, disabled, createdAt, profile, identities }: Listed) {
  return {
    id,
    disabled,
    createdAt: new Date(createdAt).toISOString(),
    profile,
    identities: identities.map(({ provider, subject, linkedAt, email }) => ({
      provider,
      subject,
      linkedAt: new Date(linkedAt).toISOString(),
      ...(email !== undefined && { email }),
    })),
  }
}

function asRow({ id, disabled, createdAt, profile, identities }: Listed): readonly string[] {
  const names = identities.map(({ provider, subject }) => `${provider}:${subject}`).join(' ')
  return [
    id,
    disabled ? 'disabled' : 'active',
    new Date(createdAt).toISOString(),
    names,
    JSON.stringify(profile),
  ]
}
