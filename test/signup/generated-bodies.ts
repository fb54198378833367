import type { Random } from '../support/dice.ts'

const text = (minLength: number, maxLength: number) => ({ type: 'string', minLength, maxLength })

/** A schema of every kind of property, for the bodies below. */
export const generatedSchema = {
  type: 'object',
  properties: {
    nickname: { ...text(2, 20), 'x-unique': true },
    characterName: text(1, 30),
    age: { type: 'integer', minimum: 0, maximum: 150 },
    news: { type: 'boolean' },
    tags: { type: 'array', maxItems: 3, items: text(1, 10) },
    address: {
      type: 'object',
      properties: { city: text(1, 20), zip: { type: 'string', maxLength: 5, pattern: '^\\d{5}$' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
  required: ['nickname', 'characterName'],
}

/** A body as JSON text, and the pointers of exactly the fields in it that are not valid. */
export interface GeneratedBody {
  readonly json: string
  readonly wrong: ReadonlySet<string>
}

interface Choice {
  readonly value: unknown
  /** Below the field; '' the field itself. */
  readonly wrong: readonly string[]
}

const right = (value: unknown): Choice => ({ value, wrong: [] })
const wrong = (value: unknown, ...pointers: string[]): Choice => ({
  value,
  wrong: pointers.length > 0 ? pointers : [''],
})

const alphabet = [...'abcdefghijkmnopqrstuvwxyz가나다라마바사아자차😀🎈éüß漢字"\\/<>&\'~']
const unprintable = ['\0', '\u0007', '\u202e', '\ud800', '\udfff', '\u0085']

function word(random: Random, length: number): string {
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T
}

function textChoice(random: Random, min: number, max: number): Choice {
  const length = min + Math.floor(random() * (max - min + 1))
  const good = word(random, length)
  return pick(random, [
    () => right(good),
    () => right(good),
    () => right(` \u3000${good}\t`),
    () => right(word(random, max)),
    () => wrong(word(random, max + 1 + Math.floor(random() * 200))),
    () => wrong(word(random, min - 1)),
    () => wrong('\u200b\u3164'.repeat(min)),
    () => wrong(`ab${pick(random, unprintable)}c`.slice(0, Math.max(3, min))),
    () => wrong(junk(random, 'string')),
  ])()
}

/** A value of any type but the named ones. */
function junk(random: Random, ...not: string[]): unknown {
  const values: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['boolean', true],
    ['integer', 7],
    ['number', 1.5],
    ['string', 'text'],
    ['object', { a: 'b' }],
    ['array', [[['deep']]]],
    ['number', 1e300],
  ]
  return pick(
    random,
    values.filter(([type]) => !not.includes(type)),
  )[1]
}

const fields: Readonly<Record<string, (random: Random) => Choice>> = {
  // Now and then one that somebody has by now.
  nickname: (random) =>
    random() < 0.1
      ? right(pick(random, ['Dooly', 'dOOLY ', 'ＤＯＯＬＹ', 'd00ly']))
      : textChoice(random, 2, 20),
  characterName: (random) => textChoice(random, 1, 30),
  age: (random) =>
    pick(random, [
      right(0),
      right(150),
      wrong(-1),
      wrong(151),
      wrong(1.5),
      wrong('30'),
      wrong(junk(random, 'integer')),
    ]),
  news: (random) =>
    pick(random, [right(true), right(false), wrong('true'), wrong(0), wrong(junk(random, 'boolean'))]),
  tags: (random) =>
    pick(random, [
      right([]),
      right(['a', 'b', 'c']),
      wrong(['a', 'b', 'c', 'd']),
      wrong(['a', ''], '/1'),
      wrong([1, 'x'.repeat(11), 'ok'], '/0', '/1'),
      wrong(junk(random, 'array')),
    ]),
  address: (random) =>
    pick(random, [
      right({ city: '서울' }),
      right({ city: 'Seoul', zip: '04524' }),
      wrong({}, '/city'),
      wrong({ city: '', zip: '4524', 'a/b~c': 1 }, '/city', '/zip', '/a~1b~0c'),
      wrong(junk(random, 'object')),
    ]),
}

const strangers = [
  'role',
  '__proto__',
  'constructor',
  'id',
  'sub',
  'a/b',
  'toString',
  '',
  ' nickname',
  'NICKNAME',
]

/** The next body: most fields right, some wrong, some missing, some that nobody asked for. */
export function generateBody(random: Random): GeneratedBody {
  const members: string[] = []
  const faults = new Set<string>()
  const careful = random() < 0.4
  for (const [name, generate] of Object.entries(fields)) {
    const required = name === 'nickname' || name === 'characterName'
    if (!careful && required && random() < 0.1) {
      faults.add(`/${name}`)
      continue
    }
    if (!required && random() < 0.5) continue
    let choice = generate(random)
    while (careful && choice.wrong.length > 0) choice = generate(random)
    members.push(`${JSON.stringify(name)}:${JSON.stringify(choice.value)}`)
    for (const pointer of choice.wrong) faults.add(`/${name}${pointer}`)
  }
  if (!careful && random() < 0.3) {
    const stranger = pick(random, strangers)
    members.push(`${JSON.stringify(stranger)}:${JSON.stringify(junk(random))}`)
    faults.add(`/${stranger.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
  members.sort(() => random() - 0.5)
  return { json: `{${members.join(',')}}`, wrong: faults }
}
