import { describe, expect, it } from '@jest/globals'
import { parseKeySet } from '../../src/api-token/key-set.ts'
import { onLoopback, problemsOf, warningsOf } from '../config/environment.ts'
import { coatcheck } from './terminal.ts'

describe('the command line', () => {
  it.each([
    ['', 'what shall it do?'],
    ['serve', 'there is no command "serve"'],
    ['sessions', 'sessions what? One of sessions list, sessions end'],
    ['users lists', 'there is no command "users lists"'],
    ['check --fast', "Unknown option '--fast'"],
    ['check --user 7', 'check has no option --user'],
    ['sessions end', 'sessions end needs --user ID'],
    ['users add --provider kakao', 'users add needs --subject S'],
    ['sessions list --user', "Option '--user <value>' argument missing"],
  ])('%j is not understood: exit code 2', async (args, mistake) => {
    const { code, out, err } = await coatcheck(args)
    expect({ code, out }).toEqual({ code: 2, out: [] })
    expect(err[0]).toBe(`coatcheck: ${mistake}`)
    expect(err[1]).toContain('--help')
  })

  it('explains itself, and each command', async () => {
    const help = await coatcheck('--help')
    expect(help.code).toBe(0)
    for (const words of [
      'check',
      'doctor',
      'keygen',
      'sessions list',
      'sessions end',
      'users add',
      'users disable',
    ])
      expect(help.out.join('\n')).toContain(`  ${words}`)
    const users = await coatcheck('users -h')
    expect(users.out.join('\n')).not.toContain('doctor')
    const add = await coatcheck('users add --help')
    expect(add.out[0]).toBe('coatcheck users add --provider ID --subject S')
    expect(add.code).toBe(0)
  })

  it('says its version', async () => {
    expect((await coatcheck('--version')).out[0]).toMatch(/^\d+\.\d+\.\d+/)
  })
})

describe('coatcheck check', () => {
  it('exits 0 on a complete configuration', async () => {
    expect(await coatcheck('check', onLoopback)).toMatchObject({
      code: 0,
      out: ['The configuration is complete.'],
      err: [],
    })
  })

  it('exits 1 on a wrong one, a line per problem', async () => {
    const env = { ...onLoopback, PORT: 'x', WORKERS: 'many', RATE_LIMIT: 'low', GOOGLE_CLIENT_ID: '' }
    const { code, out, err } = await coatcheck('check', env)
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(err.map((line) => line.split(':')[0])).toEqual([
      'WORKERS',
      'PORT',
      'GOOGLE_CLIENT_ID',
      'RATE_LIMIT',
    ])
  })

  it('shows warnings, which stop nothing', async () => {
    const { code, err } = await coatcheck('check', { ...onLoopback, HOST: '0.0.0.0' })
    expect({ code, err }).toEqual({ code: 0, err: [expect.stringMatching(/^warning: HOST: /)] })
  })

  it('shows them beside problems, because a misspelt name is often the reason of one', async () => {
    const { code, err } = await coatcheck('check', {
      PROVIDERS: 'kakao',
      KAKO_CLIENT_ID: 'x',
      KAKAO_CLIENT_SECRET: 'y',
    })
    expect({ code, err }).toEqual({
      code: 1,
      err: [
        expect.stringMatching(/^KAKAO_CLIENT_ID: is required/),
        'warning: KAKO_CLIENT_ID: is not a variable of coatcheck; was KAKAO_CLIENT_ID meant?',
      ],
    })
  })

  it('speaks JSON', async () => {
    const { code, json, err } = await coatcheck('check --json', { ...onLoopback, PORT: 'x' })
    expect(json()).toEqual({ ok: false, problems: [expect.stringMatching(/^PORT: /)], warnings: [] })
    expect({ code, err }).toEqual({ code: 1, err: [] })
  })

  it('judges the files that the configuration names', async () => {
    const schema = new URL('../../package.json', import.meta.url).pathname
    const { code, err } = await coatcheck('check', {
      ...onLoopback,
      SIGNUP_SCHEMA: schema,
      SERVICE_TOKEN_KEYS: schema,
    })
    expect(code).toBe(1)
    expect(err.join('\n')).toContain('SERVICE_TOKEN_KEYS')
  })
})

describe('coatcheck keygen', () => {
  it('makes a key set that signs', async () => {
    const { code, out } = await coatcheck('keygen')
    const { keys, problems } = await parseKeySet(out.join('\n'))
    expect({ code, problems, algorithms: keys.map(({ alg }) => alg) }).toEqual({
      code: 0,
      problems: [],
      algorithms: ['ES256'],
    })
  })

  it('makes another one each time', async () => {
    expect((await coatcheck('keygen --json')).json()).not.toEqual((await coatcheck('keygen --json')).json())
  })

  it('makes a secret that passes', async () => {
    const { out } = await coatcheck('keygen --secret')
    expect(out).toHaveLength(1)
    for (const name of ['SESSION_SECRET', 'SERVICE_TOKEN_SECRET']) {
      const env = { ...onLoopback, [name]: out[0] }
      expect([...problemsOf(env), ...warningsOf(env)]).toEqual([])
    }
  })
})
