import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Identity } from '../../src/session/session.ts'
import { createAutomatically, profileFromIdentity } from '../../src/signup/create-automatically.ts'
import { compileSignupSchema } from '../../src/signup/signup-schema.ts'
import { createUsers } from '../../src/users/create-users.ts'
import type { Users } from '../../src/users/directory.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const text = { type: 'string', minLength: 2, maxLength: 20 }

function schemaOf(properties: object) {
  const result = compileSignupSchema({ properties, required: Object.keys(properties) }, 'test')
  if ('problems' in result) throw new Error(result.problems.join())
  return result.schema
}

describe('sign-up without a form', () => {
  let users: Users
  beforeEach(async () => {
    users = await createUsers({ database: { kind: 'sqlite', path: ':memory:' }, clock: () => 0, log })
  })
  afterEach(() => users.close())

  const schema = schemaOf({
    nickname: { ...text, 'x-unique': true },
    name: text,
    email: { type: 'string', format: 'email', maxLength: 100 },
    characterName: text,
  })
  const create = (identity: Partial<Identity>) =>
    createAutomatically({ directory: users.directory, schema, log })({
      provider: 'kakao',
      subject: '1',
      emailVerified: true,
      ...identity,
    })

  it('takes from the provider what the schema takes', async () => {
    const { profile } = await create({ nickname: ' 둘리 ', email: 'a@example.com', picture: 'https://img/1' })
    expect(profile).toEqual({ nickname: '둘리', name: '둘리', email: 'a@example.com' })
  })

  it('leaves out an e-mail address that the provider has not verified', async () => {
    const identity = { nickname: 'kim', email: 'victim@example.com', emailVerified: false }
    expect((await create(identity)).profile).toEqual({ nickname: 'kim', name: 'kim' })
  })

  it('takes no more than a session can carry', () => {
    const open = schemaOf({ nickname: { type: 'string' }, name: { type: 'string' } })
    const identity = { provider: 'kakao', subject: '1', emailVerified: false, nickname: 'x'.repeat(3000) }
    expect([...profileFromIdentity(open, identity).keys()]).toEqual(['nickname'])
  })

  it('leaves out what is not valid, and makes the user all the same', async () => {
    expect((await create({ nickname: 'x', email: 'none' })).profile).toEqual({})
  })

  it('leaves out a name that another user has', async () => {
    await create({ subject: '1', nickname: 'Kim' })
    expect((await create({ subject: '2', nickname: 'kim' })).profile).toEqual({ name: 'kim' })
  })

  it('makes one user of an identity that comes twice at once', async () => {
    const [one, two] = await Promise.all([create({ nickname: 'kim' }), create({ nickname: 'kim' })])
    expect(one).toEqual(two)
  })
})
