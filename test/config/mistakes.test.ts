import { describe, expect, it } from '@jest/globals'
import { jsonError } from '../../src/config/json-error.ts'
import { decodeText } from '../../src/config/text-file.ts'
import { configOf, inProduction, onLoopback, problemsOf, warningsOf } from './environment.ts'

describe('NAME_FILE', () => {
  const secret = 'h3Vb9Qm1Zx7Kt5Wd2Rf8Np4Lc6Js0GyTa'

  it.each(['', '\n', '\r\n'])('gives the value of any variable, less one trailing line break (%j)', (end) => {
    const env = {
      PROVIDERS_FILE: 'p',
      GOOGLE_CLIENT_ID: 'id',
      GOOGLE_CLIENT_SECRET_FILE: 'g',
      SESSION_SECRET_FILE: 's',
      PORT_FILE: 'port',
    }
    const files = { p: `google${end}`, g: `from-a-file${end}`, s: `${secret}${end}`, port: `4000${end}` }
    const { providers, session, listen } = configOf(env, files)
    expect([providers[0]?.clientSecret, session.secrets, listen.port]).toEqual([
      'from-a-file',
      [secret],
      4000,
    ])
  })

  it('keeps all but the last line break', () => {
    const env = { ...onLoopback, GOOGLE_NAME_FILE: 'name' }
    expect(problemsOf(env, { name: 'Google\n\n' })).toEqual([
      expect.stringMatching(/^GOOGLE_NAME: .*control/),
    ])
  })

  it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    [
      'is not there',
      {},
      {},
      /^GOOGLE_CLIENT_SECRET_FILE: names \/.*\/secret, which cannot be read \(ENOENT\): there is no such file; for example GOOGLE_CLIENT_SECRET_FILE=\/run\/secrets\/google_client_secret$/,
    ],
    ['is empty', {}, { secret: '' }, /^GOOGLE_CLIENT_SECRET_FILE: names \/.*\/secret, which is empty/],
    ['holds a line break alone', {}, { secret: '\n' }, /^GOOGLE_CLIENT_SECRET_FILE: .*empty/],
    [
      'stands beside the variable',
      { GOOGLE_CLIENT_SECRET: 'x' },
      { secret: 'y' },
      /^GOOGLE_CLIENT_SECRET_FILE: must not be set beside GOOGLE_CLIENT_SECRET/,
    ],
  ])('whose file %s is one problem', (_, change, files, expected) => {
    const env = {
      PROVIDERS: 'google',
      GOOGLE_CLIENT_ID: 'id',
      GOOGLE_CLIENT_SECRET_FILE: 'secret',
      ...change,
    }
    expect(problemsOf(env, files)).toEqual([expect.stringMatching(expected)])
  })

  it('counts as not set when it is empty', () => {
    expect(problemsOf({ ...onLoopback, PORT_FILE: '' })).toEqual([])
  })

  it('is judged for a variable that nothing else asks for', () => {
    expect(problemsOf({ ...onLoopback, REDIS_SENTINEL_MASTER_FILE: 'none' })).toEqual([
      expect.stringMatching(/^REDIS_SENTINEL_MASTER_FILE: /),
    ])
  })

  it.each(['SIGNUP_SCHEMA', 'API_ROUTES', 'SERVICE_TOKEN_KEYS'])(
    'is a problem for %s, which names a file already',
    (name) => {
      expect(problemsOf({ ...onLoopback, [`${name}_FILE`]: 'x' }, { x: '{}' })).toEqual([
        expect.stringMatching(`^${name}_FILE: is not a variable.*; for example ${name}=`),
      ])
    },
  )

  it('never shows what the file holds', () => {
    const env = { ...inProduction, SESSION_SECRET: '', SESSION_SECRET_FILE: 's' }
    expect(problemsOf(env, { s: 'hunter2' })).toEqual([
      expect.stringMatching(/^SESSION_SECRET: (?!.*hunter2)/),
    ])
  })
})

describe('a mistake is named', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a command where a secret belongs',
      { SESSION_SECRET: '$(openssl rand -hex 32)' },
      /^SESSION_SECRET: must be the secret itself.*; for example SESSION_SECRET=(?!.*\$\()/,
    ],
    [
      'the example itself',
      { SESSION_SECRET: '(the line that `npx coatcheck keygen --secret` prints)' },
      /^SESSION_SECRET: must be the secret itself/,
    ],
    [
      'quotes that an env-file keeps',
      { PUBLIC_URL: '"http://localhost:3000"' },
      /^PUBLIC_URL: has quotes around it/,
    ],
    ['single quotes', { GOOGLE_CLIENT_SECRET: "'GOCSPX-1'" }, /^GOOGLE_CLIENT_SECRET: has quotes/],
    [
      'an issuer’s metadata address',
      { GOOGLE_ISSUER: 'https://a.example/.well-known/openid-configuration' },
      /^GOOGLE_ISSUER: must be the issuer itself/,
    ],
    [
      'another one',
      { GOOGLE_ISSUER: 'https://a.example/.well-known/oauth-authorization-server/t' },
      /^GOOGLE_ISSUER: /,
    ],
    ['# in a password', { DATABASE_URL: 'postgres://u:p#w@localhost/x' }, /^DATABASE_URL: .*%23/],
    ['# after digits', { REDIS_URL: 'redis://u:12#4@localhost' }, /^REDIS_URL: .*%23/],
    ['/ in a password', { DATABASE_URL: 'postgres://u:p/w@localhost/x' }, /^DATABASE_URL: .*%2F/],
    ['? in a password', { REDIS_URL: 'redis://:p?w@localhost' }, /^REDIS_URL: .*%3F/],
    ['% in a password', { REDIS_URL: 'redis://:100%@localhost' }, /^REDIS_URL: .*%25/],
  ])('%s', (_, change, expected) => {
    expect(problemsOf({ ...onLoopback, ...change })).toEqual([expect.stringMatching(expected)])
  })

  it.each([
    ['DATABASE_URL', 'postgres://u:p%23%2F%40w@localhost/x?application_name=a@b'],
    // The last @ ends the password for every parser of URLs (URL Living Standard §4.4).
    ['DATABASE_URL', 'postgres://u:p@w@localhost/x'],
    ['REDIS_URL', 'redis://u:p%23w@localhost/1'],
  ])('and %s=%s is none', (name, value) => {
    expect(problemsOf({ ...onLoopback, [name]: value })).toEqual([])
  })

  it.each([
    ['KAKO_CLIENT_ID', 'KAKAO_CLIENT_ID'],
    ['KAKAO_CLINT_SECRT', 'KAKAO_CLIENT_SECRET'],
    ['kakao_client_id', 'KAKAO_CLIENT_ID'],
    ['KAKAO-CLIENT-ID', 'KAKAO_CLIENT_ID'],
    ['KAKAO_CLIENT_SECRET_FIEL', 'KAKAO_CLIENT_SECRET_FILE'],
  ])('%s beside the problem that %s is missing', (name, meant) => {
    const env = { PROVIDERS: 'kakao', [name]: 'x' }
    expect(problemsOf(env).length).toBeGreaterThan(0)
    expect(warningsOf(env)).toContainEqual(`${name}: is not a variable of coatcheck; was ${meant} meant?`)
  })

  it.each([
    ['gogle', 'google'],
    ['kakoa', 'kakao'],
    ['never', 'naver'],
  ])('%s in PROVIDERS', (id, meant) => {
    expect(warningsOf({ PROVIDERS: id })).toContainEqual(`PROVIDERS: names ${id}; was ${meant} meant?`)
    const issuer = { [`${id.toUpperCase()}_ISSUER`]: 'https://login.example.com' }
    expect(warningsOf({ PROVIDERS: id, ...issuer }).filter((line) => line.startsWith('PROVIDERS'))).toEqual(
      [],
    )
  })
})

describe('a file that is not JSON', () => {
  it.each([
    ['[{"path":"/x",}]', 1, 15],
    ['[\n  {"path": "/x"\n   "target": "y"}]', 3, 4],
    ['{\r\n  // why\r\n}', 2, 3],
    ["{'a': 1}", 1, 2],
    ['{"a": “b”}', 1, 7],
    ['{"a": 01}', 1, 8],
    ['{"a": "b\n"}', 1, 7],
    ['[1] x', 1, 5],
    ['{"a": tru}', 1, 7],
    ['{"a"', 1, 5],
  ])('%j stops at line %i, column %i', (text, line, column) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(jsonError(text)).toMatchObject({ line, column })
  })

  it.each([
    '{}',
    ' [ ] ',
    '[{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n"]},{}]',
    '"x"',
    '0',
    '\t{"a" : {} }\n',
  ])('%j is JSON', (text) => expect(jsonError(text)).toBeUndefined())

  it.each([
    ['SIGNUP_SCHEMA', 's.json'],
    ['SERVICE_TOKEN_KEYS', 's.json'],
    ['API_ROUTES', 's.json'],
  ])('is named for %s with its whole path, the line and the column', (name, path) => {
    expect(problemsOf({ ...onLoopback, [name]: path }, { [path]: '{\n  "secret": hunter2 }' })).toEqual([
      expect.stringMatching(
        `^${name}: names /.*/${path}, which is not JSON: line 2, column 13: (?!.*hunter2)`,
      ),
    ])
    expect(problemsOf({ ...onLoopback, [name]: path }, { [path]: '' })).toEqual([
      expect.stringMatching('it is empty'),
    ])
  })
})

describe('a text file', () => {
  it.each<[string, Buffer]>([
    ['in UTF-8', Buffer.from('{"a":"é"}')],
    ['with a byte order mark', Buffer.from('\ufeff{"a":"é"}')],
    ['in UTF-16, little-endian', Buffer.from('\ufeff{"a":"é"}', 'utf16le')],
    ['in UTF-16, big-endian', Buffer.from('\ufeff{"a":"é"}', 'utf16le').swap16()],
    ['in UTF-16 without a mark', Buffer.from('{"a":"é"}', 'utf16le')],
    ['in big-endian UTF-16 without a mark', Buffer.from('{"a":"é"}', 'utf16le').swap16()],
  ])('%s is read', (_, bytes) => expect(decodeText(bytes)).toBe('{"a":"é"}'))

  it('in a code page is refused, and says what to do', () => {
    expect(() => decodeText(Buffer.from('{"a":"é"}', 'latin1'))).toThrow(/save it as UTF-8/)
  })
})
