import { randomInt, randomUUID } from 'node:crypto'

/** Who sits in front of the simulated consent page, and what they do there. */
export type PersonaId = 'newcomer' | 'returning' | 'no-email' | 'deny' | 'down'

/** A person as a simulated provider knows one. */
export interface SimulatedPerson {
  /** In the provider's own form: digits, base64, whatever its ids look like. */
  readonly subject: string
  readonly nickname: string
  readonly email?: string
  readonly emailVerified: boolean
  readonly picture?: string
  /** Google Workspace domain. */
  readonly hostedDomain?: string
  /** What else the provider's answers about this person should say or leave out. */
  readonly sharesEmail: boolean
}

export interface Persona {
  readonly id: PersonaId
  readonly decision: 'allow' | 'deny' | 'down'
  readonly ko: string
  readonly en: string
}

/** In the order of the consent page's buttons. */
export const personas: readonly Persona[] = [
  { id: 'newcomer', decision: 'allow', ko: '처음 온 사람', en: 'A newcomer' },
  { id: 'returning', decision: 'allow', ko: '다시 온 사람', en: 'The same person as last time' },
  {
    id: 'no-email',
    decision: 'allow',
    ko: '이메일 제공 거부',
    en: 'A newcomer who keeps the e-mail address',
  },
  { id: 'deny', decision: 'deny', ko: '취소', en: 'Say no' },
  { id: 'down', decision: 'down', ko: '로그인 서버 장애', en: 'The provider breaks down' },
]

const names = ['보라', '하늘', '두리', '새벽', '가람', '여름', '단비', '이든'] as const

/** Somebody nobody has seen before. */
export function newPerson(subject: string): SimulatedPerson {
  const name = names[randomInt(names.length)] ?? names[0]
  return {
    subject,
    nickname: `${name}${randomInt(100, 1000)}`,
    email: `person-${randomUUID().slice(0, 8)}@example.com`,
    emailVerified: true,
    sharesEmail: true,
  }
}
