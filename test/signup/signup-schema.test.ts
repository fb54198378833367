import { describe, expect, it } from '@jest/globals'
import { builtInSchema, builtInSignupSchema } from '../../src/signup/built-in-schema.ts'
import { compileSignupSchema, type SignupSchema } from '../../src/signup/signup-schema.ts'

const name = { type: 'string', minLength: 1, maxLength: 20 }
const withName = (more: object) => ({ type: 'object', properties: { name }, ...more })
const withProperty = (property: object) => withName({ properties: { name, more: property } })

function compiled(schema: unknown): SignupSchema {
  const result = compileSignupSchema(schema, 'signup.json')
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result.schema
}

function warningsOf(schema: unknown): readonly string[] {
  const result = compileSignupSchema(schema, 'signup.json')
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result.warnings
}

function problemsOf(schema: unknown): readonly string[] {
  const result = compileSignupSchema(schema, 'signup.json')
  return 'problems' in result ? result.problems : []
}

describe('a sign-up schema', () => {
  it.each([
    ['as the built-in one', builtInSchema],
    ['with the least', { type: 'object', properties: { name } }],
    ['without a type', { properties: { name } }],
    ['in draft-07', withName({ $schema: 'http://json-schema.org/draft-07/schema#' })],
    ['in 2020-12', withName({ $schema: 'https://json-schema.org/draft/2020-12/schema' })],
    ['with x-unique', withProperty({ ...name, 'x-unique': true })],
    ['with numbers, booleans, null', withProperty({ type: ['integer', 'boolean', 'null'] })],
    ['with an enum', withProperty({ enum: ['a', 'b', null] })],
    ['with a const', withProperty({ const: true })],
    [
      'with a bounded array',
      withProperty({ type: 'array', maxItems: 3, items: { ...name, maxLength: 100 } }),
    ],
    [
      'with a bounded object',
      withProperty({ type: 'object', properties: { city: name }, additionalProperties: false }),
    ],
    [
      'with a local reference',
      withName({ properties: { a: { $ref: '#/$defs/short' } }, $defs: { short: name } }),
    ],
    ['with a choice', withProperty({ anyOf: [{ type: 'null' }, { type: 'string', maxLength: 4 }] })],
    ['with a format', withProperty({ type: 'string', format: 'email', maxLength: 200 })],
    ['with a string of any length', withProperty({ type: 'string' })],
    ['with a pattern and no maxLength', withProperty({ type: 'string', pattern: '^[a-z]+$' })],
    ['without a type', withProperty({ minLength: 2 })],
    ['with an array of any length', withProperty({ type: 'array', items: name })],
    ['with an open object', withProperty({ type: 'object', properties: {} })],
    [
      'with free names',
      withProperty({ type: 'object', additionalProperties: false, patternProperties: { x: name } }),
    ],
    [
      'that contains itself',
      withName({
        properties: { a: { $ref: '#/$defs/a' } },
        $defs: { a: { type: 'array', maxItems: 1, items: { $ref: '#/$defs/a' } } },
      }),
    ],
    ['that allows more than a body may have', withProperty({ type: 'string', maxLength: 100_000 })],
  ])('is accepted %s', (_, schema) => {
    expect(problemsOf(schema)).toEqual([])
  })

  it.each<[string, unknown, RegExp[]]>([
    ['that is no object', [], [/^signup\.json: the schema must be a JSON object$/]],
    [
      'of an unknown dialect',
      withName({ $schema: 'http://json-schema.org/draft-04/schema#' }),
      [/"\$schema"/],
    ],
    [
      'of a list',
      { type: 'array', maxItems: 1, items: name },
      [/\/: "type" must be "object"/, /"properties"/],
    ],
    [
      'with unknown properties',
      withName({ additionalProperties: true }),
      [/\/: "additionalProperties" must be false/],
    ],
    [
      'with a misspelt keyword',
      withProperty({ type: 'string', maxLenght: 5, maxLength: 5 }),
      [/"maxLenght"/],
    ],
    [
      'with a wrong value',
      withProperty({ type: 'string', maxLength: 'x' }),
      [/^signup\.json: \/properties\/more: "maxLength" must be/],
    ],
    ['with an unknown type', withProperty({ type: 'text' }), [/\/properties\/more: "type"/]],
    [
      'with an unknown format',
      withProperty({ type: 'string', maxLength: 5, format: 'nick' }),
      [/format "nick"/],
    ],
    [
      'with a broken pattern',
      withProperty({ type: 'string', maxLength: 5, pattern: '(' }),
      [/pattern|regular expression/i],
    ],
    ['with a distant reference', withProperty({ $ref: 'https://example.com/x.json' }), [/example\.com/]],
    [
      'with a choice that is not normalised',
      withProperty({ enum: ['…', 'none'] }),
      [/properties\/more: "enum" has "…", .* write "\.\.\."/],
    ],
    [
      'with x-unique on a number',
      withProperty({ type: 'integer', 'x-unique': true }),
      [/\/properties\/more: "x-unique" needs "type": "string"/],
    ],
    [
      'with x-unique inside',
      withProperty({ type: 'array', maxItems: 1, items: { ...name, 'x-unique': true } }),
      [/\/properties\/more\/items: "x-unique"/],
    ],
    ['with x-unique that is no boolean', withProperty({ ...name, 'x-unique': 'yes' }), [/x-unique/]],
  ])('is refused %s', (_, schema, expected) => {
    const problems = problemsOf(schema)
    expect(problems.every((problem) => problem.startsWith('signup.json: '))).toBe(true)
    for (const line of expected) expect(problems).toContainEqual(expect.stringMatching(line))
  })

  it.each(
    'iss sub aud exp nbf iat jti client_id sid provider scope scp roles groups permissions entitlements auth_time acr amr azp act cnf may_act id __proto__'.split(
      ' ',
    ),
  )('never has a property named %s', (reserved) => {
    const schema: unknown = JSON.parse(`{"properties":{"${reserved}":{"type":"string","maxLength":5}}}`)
    expect(problemsOf(schema)).toEqual([
      `signup.json: /properties/${reserved}: "properties" cannot have "${reserved}": the name is reserved`,
    ])
  })

  it('tells all its problems at once', () => {
    const schema = withName({
      properties: { sub: { type: 'string' }, more: { type: 'integer', 'x-unique': true } },
    })
    expect(problemsOf(schema)).toHaveLength(2)
  })

  it.each([
    'role',
    'isAdmin',
    'is_admin',
    'email_verified',
    'emailVerified',
    'username',
    'preferred_username',
    'Tenant',
  ])('is warned of a property named %s, which APIs take for a claim', (claim) => {
    expect(warningsOf({ properties: { [claim]: name } })).toEqual([
      expect.stringMatching(`^signup\\.json: /properties/${claim}: APIs take "${claim}" for a claim`),
    ])
  })

  it.each([
    '^(a+)+$',
    '^([a-z]+)*$',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '^(a|a)*$',
    '^(ab|a|b)*c$',
    '^(\\d+-?)+$',
    '^id:([0-9]+)+$',
    '^(가|가)+$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
  ])('is warned of the pattern %s, which some texts keep busy', (pattern) => {
    expect(warningsOf(withProperty({ type: 'string', pattern }))).toEqual([
      expect.stringMatching(/^signup\.json: \/properties\/more: "pattern" takes longer than a second/),
    ])
    // Twelve characters are over in no time.
    expect(warningsOf(withProperty({ type: 'string', pattern, maxLength: 12 }))).toEqual([])
  })

  it.each([
    '^[a-z][a-z0-9_-]*$',
    '^\\p{L}+( \\p{L}+)*$',
    '^[^@ ]+@[^@ ]+\\.[^@ ]+$',
    '^(?:KR|US|JP)$',
    '^\\d{2,4}-\\d{3,4}-\\d{4}$',
  ])('is not warned of the harmless pattern %s', (pattern) =>
    expect(warningsOf(withProperty({ type: 'string', pattern }))).toEqual([]),
  )
})

describe('the size of a body', () => {
  const open = compiled(withProperty({ type: 'string' }))
  const tooLarge = { errors: [{ pointer: '', detail: 'This is too much altogether: 4 KB at most.' }] }
  const around = (bytes: number, character = 'x') => ({
    name: 'a',
    more: `x${character.repeat(Math.floor((bytes - Buffer.byteLength('{"name":"a","more":"xx"}')) / (Buffer.byteLength(JSON.stringify(character)) - 2)))}x`,
  })

  it('is at most 4 KB, as normalised JSON, whatever the schema says', () => {
    expect(open.judge(around(4096))).toMatchObject({ profile: around(4096) })
    expect(open.judge(around(4097))).toEqual(tooLarge)
    // White space around is not stored; a ligature is stored as its eighteen letters.
    expect(open.judge({ more: `${' '.repeat(5000)}x` })).toMatchObject({ profile: { more: 'x' } })
    expect(open.judge({ more: '\ufdfa'.repeat(300) })).toEqual(tooLarge)
  })

  it.each(['\u{1f600}', '\n', '"', '\\', '힣', '\u2028'])('counts %j as JSON has it', (character) => {
    const judged = open.judge(around(4096, character))
    if ('errors' in judged) throw new Error(JSON.stringify(judged.errors))
    expect(Buffer.byteLength(JSON.stringify(judged.profile))).toBeGreaterThan(4080)
    expect(open.judge(around(4110, character))).toEqual(tooLarge)
  })

  it('is judged in the person’s language, and before any other rule', () => {
    const body = { ...around(5000), unknown: 1 }
    expect(open.judge(body, 'ko')).toEqual({
      errors: [{ pointer: '', detail: '전체 내용이 너무 큽니다. 4KB 이하로 줄여 주세요.' }],
    })
    expect(open.judgeProperty('more', 'x'.repeat(5000))).toEqual(tooLarge)
  })

  // attacker:  POST /auth/signup {"more":"aaaa…!"}, 3 KB of it, where the pattern backtracks: the whole process would wait for years
  const evil = '^(a+)+$'
  const text = `${'a'.repeat(3000)}!`
  it.each<[string, object]>([
    ['beside it', { type: 'string', maxLength: 20, pattern: evil }],
    ['in another part', { type: 'string', allOf: [{ maxLength: 20 }, { pattern: evil }] }],
    ['around it', { type: 'string', maxLength: 20, anyOf: [{ pattern: evil }] }],
    ['behind a reference', { $ref: '#/$defs/short', pattern: evil }],
  ])('a pattern never sees a text longer than the maxLength %s', (_, property) => {
    const schema = compiled({
      ...withProperty(property),
      $defs: { short: { type: 'string', maxLength: 20 } },
    })
    const judged = schema.judge({ more: text })
    expect(judged).toEqual({
      errors: expect.arrayContaining([{ pointer: '/more', detail: 'Use at most 20 characters.' }]),
    })
  })

  it('a pattern never sees a body over 4 KB', () => {
    const schema = compiled(withProperty({ type: 'string', pattern: evil }))
    expect(schema.judge({ more: `${'a'.repeat(4100)}!` })).toEqual(tooLarge)
  })

  it('a pattern still decides over what is short enough', () => {
    const schema = compiled(withProperty({ type: 'string', maxLength: 3, pattern: '^[a-z\u{1f600}]+$' }))
    expect(schema.judge({ more: '\u{1f600}'.repeat(3) })).toMatchObject({ profile: {} })
    expect(schema.judge({ more: 'A' })).toMatchObject({ errors: [{ pointer: '/more' }] })
    const either = compiled(withProperty({ anyOf: [{ maxLength: 2 }, { pattern: '^x+$' }] }))
    expect(either.judge({ more: 'xxxx' })).toMatchObject({ profile: { more: 'xxxx' } })
    expect(either.judge({ more: 'yyyy' })).toMatchObject({ errors: expect.any(Array) })
  })
})

describe('a body', () => {
  const judge = (nickname: unknown, characterName: unknown = 'x') =>
    builtInSignupSchema.judge({ nickname, characterName })
  const errorsOf = (judged: ReturnType<typeof judge>) => ('errors' in judged ? judged.errors : [])

  it.each([
    ['two code points', '김이', true],
    ['two of four bytes each', '😀😀', true],
    ['one of four bytes', '😀', false],
    ['twenty of four bytes each', '😀'.repeat(20), true],
    ['twenty-one', 'x'.repeat(21), false],
    ['twenty and white space around', `  ${'x'.repeat(20)}\u3000`, true],
    ['one and white space', 'x          ', false],
    ['forty jamo that compose to twenty', '\u1100\u1161'.repeat(20), true],
    ['a ligature that decomposes', 'ﬃ', true],
    ['eighteen letters in one sign', `${'\ufdfa'}xxx`, false],
    ['a number', 12345, false],
    ['null', null, false],
    ['a boolean', true, false],
    ['a list', ['kim'], false],
    ['NUL', 'kim\0', false],
    ['a line break', 'kim\nlee', false],
    ['a bell', 'kim\u0007', false],
    ['half a surrogate pair', 'kim\ud83d', false],
    ['an override of the writing direction', 'kim\u202eeel', false],
    ['a name in Hebrew', 'משה', true],
    ['a family with joiners', '👨‍👩‍👧', true],
    ['nothing that is seen', '\u200b\u3164\u2800', false],
    ['nothing but fillers', 'ㅤㅤㅤ', false],
  ])('with %s for a nickname', (_, nickname, valid) => {
    const errors = errorsOf(judge(nickname))
    expect(errors.map(({ pointer }) => pointer)).toEqual(valid ? [] : ['/nickname'])
  })

  it('names a character that is seen', () => {
    expect(errorsOf(judge('kim', '\u200b'))).toEqual([
      { pointer: '/characterName', detail: 'Use at least one character that can be seen.' },
    ])
  })

  it('is refused by pointers into what is nested', () => {
    const schema = compiled({
      properties: {
        address: {
          type: 'object',
          properties: { 'street/no': { type: 'string', maxLength: 5 }, city: name },
          required: ['city'],
          additionalProperties: false,
        },
        tags: { type: 'array', maxItems: 2, items: name, uniqueItems: true },
      },
    })
    const judged = schema.judge({ address: { 'street/no': '123456', zip: 1 }, tags: ['a', '', '\0'] })
    if (!('errors' in judged)) throw new Error('accepted')
    expect(judged.errors.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/address/city',
      '/address/street~1no',
      '/address/zip',
      '/tags',
      '/tags/1',
      '/tags/2',
    ])
  })

  it('has nothing that the schema does not name, whether the schema says so or not', () => {
    expect(compiled({ properties: { name } }).judge({ name: 'a', role: 'admin' })).toEqual({
      errors: [{ pointer: '/role', detail: 'There is no such field.' }],
    })
  })

  it('does not pass for having what its prototype has', () => {
    const schema = compiled({ properties: { toString: name, constructor: name }, required: ['toString'] })
    expect(schema.judge({})).toEqual({ errors: [{ pointer: '/toString', detail: 'This is required.' }] })
  })

  it('may leave out what is not required, and gives keys only for what is unique and there', () => {
    const schema = compiled({ properties: { name, handle: { ...name, 'x-unique': true } } })
    expect(schema.judge({ name: ' A ' })).toEqual({ profile: { name: 'A' }, unique: [] })
    expect(schema.judge({ handle: 'Ünï' })).toMatchObject({ unique: [{ property: 'handle', key: 'ünï' }] })
  })
})
