import type { Identity } from '../session/session.ts'

/** What a provider says of a person, before it is judged: any field but the subject may be absent, none is safe to show. */
export interface Person {
  readonly subject: string
  readonly email?: string | undefined
  readonly emailVerified?: boolean
  readonly nickname?: string | undefined
  readonly picture?: string | undefined
}

const maxSubject = 255
const maxNickname = 64
const maxEmail = 254
const maxPicture = 2048

/** undefined: no usable subject (OIDC Core §2: at most 255 characters). Everything else is dropped where it does not hold. */
export function toIdentity(provider: string, person: Person, sid?: string): Identity | undefined {
  const { subject } = person
  if (subject === '' || subject.length > maxSubject || hasControls(subject)) return undefined
  const email = usableEmail(person.email)
  const nickname = usableNickname(person.nickname)
  const picture = usablePicture(person.picture)
  return {
    provider,
    subject,
    ...(sid !== undefined && { sid }),
    ...(email !== undefined && { email }),
    emailVerified: email !== undefined && person.emailVerified === true,
    ...(nickname !== undefined && { nickname }),
    ...(picture !== undefined && { picture }),
  }
}

/** `value` if it is text: profiles are other people's JSON. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function usableEmail(email: string | undefined): string | undefined {
  return email && email.length <= maxEmail && /^[^\s@]+@[^\s@]+$/.test(email) && !hasControls(email)
    ? email
    : undefined
}

/** Without what could turn a line of text around it (Unicode bidirectional controls), cut between code points. */
function usableNickname(nickname: string | undefined): string | undefined {
  const visible = nickname?.replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '').trim()
  return visible ? [...visible].slice(0, maxNickname).join('').trimEnd() : undefined
}

function usablePicture(picture: string | undefined): string | undefined {
  return picture && picture.length <= maxPicture && /^https:\/\//i.test(picture) && URL.canParse(picture)
    ? picture
    : undefined
}

function hasControls(value: string): boolean {
  return /\p{Cc}/u.test(value)
}
