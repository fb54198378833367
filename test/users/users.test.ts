import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { DatabaseConfig } from '../../src/config/config.ts'
import { createUsers } from '../../src/users/create-users.ts'
import { IdentityTaken, LastIdentity, NameTaken, type Users } from '../../src/users/directory.ts'
import { databases, rememberingLog, removeFiles } from './databases.ts'

const kakao = { provider: 'kakao', subject: '1001' }
const naver = { provider: 'naver', subject: 'aB+/=' }
const called = (key: string) => [{ property: 'nickname', key }]

afterAll(removeFiles)

describe.each([...databases])('the user directory on %s', (_, freshConfig) => {
  let users: Users
  let database: DatabaseConfig
  let now: number
  const open = () => createUsers({ database, clock: () => now, log: rememberingLog() })

  beforeEach(async () => {
    now = Date.parse('2026-01-01T00:00:00Z')
    database = await freshConfig()
    users = await open()
  })
  afterEach(() => users.close())

  describe('sign-up', () => {
    it('makes a user whom the identity and the id find', async () => {
      const { user, created } = await users.directory.create(kakao, { nickname: '둘리' }, called('둘리'))
      expect(created).toBe(true)
      expect(user).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        profile: { nickname: '둘리' },
        disabled: false,
        createdAt: now,
        updatedAt: now,
      })
      expect(await users.directory.signIn(kakao)).toEqual(user)
      expect(await users.directory.find(user.id)).toEqual(user)
    })

    it('keeps a profile as it is, whatever JSON it holds', async () => {
      const profile = { b: [1.5, null, { 'x"y': '\u0000 \ud83d\ude00 \ud800' }], a: true, '': '' }
      const { user } = await users.directory.create(kakao, profile, [])
      expect((await users.directory.find(user.id))?.profile).toEqual(profile)
    })

    it('tells subjects apart by case', async () => {
      await users.directory.create(naver, {}, [])
      expect(await users.directory.signIn({ ...naver, subject: 'Ab+/=' })).toBeUndefined()
      expect(await users.directory.signIn({ ...naver, provider: 'kakao' })).toBeUndefined()
    })

    it('lets one of 100 have a name that all want at once', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, (_, index) =>
          users.directory.create({ provider: 'kakao', subject: `${index}` }, { index }, called('kim')),
        ),
      )
      const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(failures).toHaveLength(99)
      for (const failure of failures) expect(failure).toBeInstanceOf(NameTaken)
      expect(failures[0]).toMatchObject({ property: 'nickname' })
      // Who lost has left nothing behind.
      expect(await users.administration.all({ limit: 1000, offset: 0 })).toHaveLength(1)
    })

    it('makes one user of one identity that signs up in 20 tabs', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => users.directory.create(kakao, {}, called('kim'))),
      )
      expect(new Set(outcomes.map(({ user }) => user.id)).size).toBe(1)
      expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
    })

    it('makes one user of 20 tabs that each chose another name', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          users.directory.create(kakao, { index }, called(`kim${index}`)),
        ),
      )
      expect(new Set(outcomes.map(({ user }) => user.id)).size).toBe(1)
      const winner = outcomes.findIndex(({ created }) => created)
      for (const index of outcomes.keys())
        expect(await users.directory.available({ property: 'nickname', key: `kim${index}` })).toBe(
          index !== winner,
        )
    })

    it('tells whether a value is free, or one’s own', async () => {
      const value = { property: 'nickname', key: 'kim' }
      expect(await users.directory.available(value)).toBe(true)
      const { user } = await users.directory.create(kakao, {}, [value])
      expect(await users.directory.available(value)).toBe(false)
      expect(await users.directory.available(value, user.id)).toBe(true)
      expect(await users.directory.available({ ...value, property: 'handle' })).toBe(true)
    })
  })

  describe('sign-in', () => {
    it('finds nobody for an identity that never signed up', async () => {
      expect(await users.directory.signIn(kakao)).toBeUndefined()
      expect(await users.directory.find('nobody')).toBeUndefined()
    })

    it('keeps what the provider says now, and leaves what the user chose', async () => {
      const { user } = await users.directory.create(
        { ...kakao, email: 'old@example.com', emailVerified: true },
        { nickname: 'kim', email: 'mine@example.com' },
        [],
      )
      now += 1000
      const facts = { ...kakao, email: 'new@example.com', emailVerified: false, picture: 'https://img/1' }
      expect(await users.directory.signIn(facts)).toEqual({ ...user, updatedAt: now })
      expect(await users.identities.list(user.id)).toEqual([{ ...facts, linkedAt: user.createdAt }])
    })

    it('writes nothing when there is no news', async () => {
      const { user } = await users.directory.create({ ...kakao, email: 'a@example.com' }, {}, [])
      now += 1000
      expect(await users.directory.signIn({ ...kakao, email: 'a@example.com' })).toEqual(user)
    })
  })

  describe('a change of profile', () => {
    it('frees the old name and takes the new one', async () => {
      const { user } = await users.directory.create(kakao, { nickname: 'kim' }, called('kim'))
      now += 1000
      expect(await users.directory.update(user.id, { nickname: 'lee' }, called('lee'))).toEqual({
        ...user,
        profile: { nickname: 'lee' },
        updatedAt: now,
      })
      expect(await users.directory.available({ property: 'nickname', key: 'kim' })).toBe(true)
      expect(await users.directory.available({ property: 'nickname', key: 'lee' })).toBe(false)
    })

    it('takes back its own name', async () => {
      const { user } = await users.directory.create(kakao, { nickname: 'kim' }, called('kim'))
      await expect(
        users.directory.update(user.id, { nickname: 'Kim' }, called('kim')),
      ).resolves.toMatchObject({ profile: { nickname: 'Kim' } })
    })

    it('changes nothing when another user has the name', async () => {
      const { user } = await users.directory.create(kakao, { nickname: 'kim' }, called('kim'))
      await users.directory.create(naver, {}, called('lee'))
      await expect(users.directory.update(user.id, {}, called('lee'))).rejects.toBeInstanceOf(NameTaken)
      expect(await users.directory.find(user.id)).toEqual(user)
      expect(await users.directory.available({ property: 'nickname', key: 'kim' })).toBe(false)
    })

    it('survives two users who swap several names at once', async () => {
      const both = (a: string, b: string) => [
        { property: 'handle', key: b },
        { property: 'nickname', key: a },
      ]
      const one = await users.directory.create(kakao, {}, both('a', 'b'))
      const two = await users.directory.create(naver, {}, both('c', 'd'))
      for (let round = 0; round < 5; round++) {
        const outcomes = await Promise.allSettled([
          users.directory.update(one.user.id, {}, both('c', 'd')),
          users.directory.update(two.user.id, {}, both('a', 'b')),
        ])
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(NameTaken)
      }
    })

    it('knows no user who is not there', async () => {
      expect(await users.directory.update('nobody', {}, called('kim'))).toBeUndefined()
      expect(await users.directory.available({ property: 'nickname', key: 'kim' })).toBe(true)
    })
  })

  describe('identities', () => {
    let id: string
    beforeEach(async () => {
      id = (await users.directory.create({ ...kakao, email: 'a@example.com' }, {}, [])).user.id
      now += 1000
    })

    it('are linked, once, and sign in to their user', async () => {
      await users.identities.link(id, { ...naver, picture: 'https://img/2' })
      await users.identities.link(id, naver)
      expect(await users.identities.list(id)).toEqual([
        { ...kakao, email: 'a@example.com', linkedAt: now - 1000 },
        { ...naver, linkedAt: now },
      ])
      expect((await users.directory.signIn(naver))?.id).toBe(id)
    })

    it('belong to one user only', async () => {
      await users.directory.create(naver, {}, [])
      await expect(users.identities.link(id, naver)).rejects.toBeInstanceOf(IdentityTaken)
      expect(await users.identities.list(id)).toHaveLength(1)
    })

    it('are linked to one of two users who ask at once', async () => {
      const other = (await users.directory.create({ ...kakao, subject: '2' }, {}, [])).user.id
      const outcomes = await Promise.allSettled([
        users.identities.link(id, naver),
        users.identities.link(other, naver),
      ])
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(IdentityTaken)
    })

    it('are unlinked, and then belong to nobody', async () => {
      await users.identities.link(id, naver)
      expect(await users.identities.unlink(id, 'naver')).toBe(1)
      expect(await users.identities.unlink(id, 'naver')).toBe(0)
      expect(await users.directory.signIn(naver)).toBeUndefined()
    })

    it('are never unlinked altogether', async () => {
      await expect(users.identities.unlink(id, 'kakao')).rejects.toBeInstanceOf(LastIdentity)
      expect((await users.directory.signIn(kakao))?.id).toBe(id)
    })

    it('are never unlinked altogether by two tabs, each removing the other one', async () => {
      await users.identities.link(id, naver)
      const outcomes = await Promise.allSettled([
        users.identities.unlink(id, 'naver'),
        users.identities.unlink(id, 'kakao'),
      ])
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(await users.identities.list(id)).toHaveLength(1)
    })

    it('are no longer listed once the provider says that the person withdrew, and still find their user', async () => {
      await users.identities.link(id, naver)
      expect(await users.identities.markUnlinked(naver)).toBe(true)
      expect(await users.identities.markUnlinked(naver)).toBe(true)
      expect(await users.identities.list(id)).toHaveLength(1)
      await expect(users.identities.unlink(id, 'kakao')).rejects.toBeInstanceOf(LastIdentity)
      now += 1000
      expect((await users.directory.signIn(naver))?.id).toBe(id)
      expect(await users.identities.list(id)).toContainEqual({ ...naver, linkedAt: now })
    })

    it('that are unknown cannot be marked', async () => {
      expect(await users.identities.markUnlinked(naver)).toBe(false)
    })
  })

  describe('administration', () => {
    it('pages through the users by creation time, with their identities', async () => {
      for (const subject of ['1', '2', '3']) {
        await users.directory.create({ provider: 'kakao', subject }, { subject }, [])
        now += 1000
      }
      const page = await users.administration.all({ limit: 2, offset: 1 })
      expect(page.map(({ profile }) => profile)).toEqual([{ subject: '2' }, { subject: '3' }])
      expect(page.map(({ identities }) => identities.map(({ subject }) => subject))).toEqual([['2'], ['3']])
      expect(await users.administration.all({ limit: 2, offset: 3 })).toEqual([])
    })

    it('adds a user by an identity that nobody has', async () => {
      const user = await users.administration.add(kakao)
      expect(user.profile).toEqual({})
      expect(await users.directory.signIn(kakao)).toEqual(user)
      await expect(users.administration.add(kakao)).rejects.toBeInstanceOf(IdentityTaken)
      expect(await users.administration.all({ limit: 10, offset: 0 })).toHaveLength(1)
    })

    it('disables and enables', async () => {
      const { id } = await users.administration.add(kakao)
      expect(await users.administration.setDisabled(id, true)).toBe(true)
      expect((await users.directory.signIn(kakao))?.disabled).toBe(true)
      expect(await users.administration.setDisabled(id, false)).toBe(true)
      expect((await users.directory.signIn(kakao))?.disabled).toBe(false)
      expect(await users.administration.setDisabled('nobody', true)).toBe(false)
    })

    it('deletes a user with all that is theirs', async () => {
      const { user } = await users.directory.create(kakao, {}, called('kim'))
      expect(await users.administration.delete(user.id)).toBe(true)
      expect(await users.administration.delete(user.id)).toBe(false)
      expect(await users.directory.signIn(kakao)).toBeUndefined()
      expect(await users.identities.list(user.id)).toEqual([])
      expect(await users.directory.available({ property: 'nickname', key: 'kim' })).toBe(true)
    })
  })

  it('keeps its users over a restart', async () => {
    const { user } = await users.directory.create(kakao, { nickname: 'kim' }, called('kim'))
    await users.close()
    users = await open()
    expect(await users.directory.find(user.id)).toEqual(user)
    await expect(users.ping()).resolves.toBeUndefined()
  })
})
