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
    ['when just as large as allowed', withProperty({ type: 'string', maxLength: 993 })],
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
      'with an unbounded string',
      withProperty({ type: 'string' }),
      [/^signup\.json: \/properties\/more: "maxLength" /],
    ],
    ['without a type', withProperty({ minLength: 2 }), [/\/properties\/more: "type"/]],
    [
      'with an unbounded array',
      withProperty({ type: 'array', items: name }),
      [/\/properties\/more: "maxItems"/],
    ],
    [
      'with an array of anything',
      withProperty({ type: 'array', maxItems: 2 }),
      [/\/properties\/more\/items: "type"/],
    ],
    [
      'with an open object',
      withProperty({ type: 'object', properties: {} }),
      [/\/properties\/more: "additionalProperties"/],
    ],
    [
      'with free names',
      withProperty({ type: 'object', additionalProperties: false, patternProperties: { x: name } }),
      [/"patternProperties"/],
    ],
    [
      'that contains itself',
      withName({
        properties: { a: { $ref: '#/$defs/a' } },
        $defs: { a: { type: 'array', maxItems: 1, items: { $ref: '#/$defs/a' } } },
      }),
      [/"\$ref"/],
    ],
    [
      'with an open choice',
      withProperty({ anyOf: [{ type: 'null' }, { type: 'string' }] }),
      [/\/properties\/more\/anyOf\/1: "maxLength"/],
    ],
    ['just too large', withProperty({ type: 'string', maxLength: 1010 }), [/4\d\d\d bytes; at most 4096/]],
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
    expect(problemsOf(schema)).toHaveLength(3)
  })

  it('never accepts a body larger than it was found to be', () => {
    const schema = compiled(withProperty({ type: 'string', maxLength: 993 }))
    // The widest there is: four bytes a code point; a line break takes two, a quote two.
    for (const character of ['\u{1f600}', '\n', '"', '\\', '힣', '\u2028']) {
      const text = `x${character.repeat(991)}x`
      const judged = schema.judge({ name: '\u{1f600}'.repeat(20), more: text })
      if ('errors' in judged) throw new Error(JSON.stringify(judged.errors))
      expect(Buffer.byteLength(JSON.stringify(judged.profile))).toBeLessThanOrEqual(4096)
    }
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
