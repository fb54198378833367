/** A field that is not valid: a JSON pointer (RFC 6901) into the body, and what to do, for a person. */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

export type Language = 'en' | 'ko'

/** What is wrong with a value: a keyword of the schema, or one of ours (`characters`, `invisible`), with ajv's parameters. */
export interface Flaw {
  readonly keyword: string
  /** Where; for `required` and `additionalProperties` the object that lacks or has too much. */
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
}

type Details = Readonly<Record<string, (params: Flaw['params']) => string>>

const details: Readonly<Record<Language, Details>> = {
  en: {
    required: () => 'This is required.',
    additionalProperties: () => 'There is no such field.',
    type: ({ type }) => (type === 'string' ? 'Enter text.' : 'This is not the right kind of value.'),
    minLength: ({ limit }) => `Use at least ${limit} character${limit === 1 ? '' : 's'}.`,
    maxLength: ({ limit }) => `Use at most ${limit} character${limit === 1 ? '' : 's'}.`,
    pattern: () => 'Some characters, or their order, are not allowed here.',
    format: ({ format }) => (format === 'email' ? 'Enter an e-mail address.' : `Enter a valid ${format}.`),
    enum: () => 'Choose one of the given values.',
    const: () => 'Only one value is possible here.',
    minimum: ({ limit }) => `Enter ${limit} or more.`,
    maximum: ({ limit }) => `Enter ${limit} or less.`,
    exclusiveMinimum: ({ limit }) => `Enter more than ${limit}.`,
    exclusiveMaximum: ({ limit }) => `Enter less than ${limit}.`,
    multipleOf: ({ multipleOf }) => `Enter a multiple of ${multipleOf}.`,
    minItems: ({ limit }) => `Choose at least ${limit}.`,
    maxItems: ({ limit }) => `Choose at most ${limit}.`,
    uniqueItems: () => 'Choose nothing twice.',
    characters: () => 'Remove the control characters.',
    invisible: () => 'Use at least one character that can be seen.',
    size: () => 'This is too much altogether: 4 KB at most.',
    otherwise: () => 'This is not valid.',
  },
  ko: {
    required: () => '필수 항목입니다.',
    additionalProperties: () => '없는 항목입니다.',
    type: ({ type }) => (type === 'string' ? '글자로 입력해 주세요.' : '값의 종류가 맞지 않습니다.'),
    minLength: ({ limit }) => `${limit}자 이상 입력해 주세요.`,
    maxLength: ({ limit }) => `${limit}자 이하로 입력해 주세요.`,
    pattern: () => '사용할 수 없는 문자나 형식입니다.',
    format: ({ format }) =>
      format === 'email' ? '이메일 주소를 입력해 주세요.' : `올바른 형식(${format})으로 입력해 주세요.`,
    enum: () => '주어진 값 중에서 골라 주세요.',
    const: () => '정해진 값만 쓸 수 있습니다.',
    minimum: ({ limit }) => `${limit} 이상으로 입력해 주세요.`,
    maximum: ({ limit }) => `${limit} 이하로 입력해 주세요.`,
    exclusiveMinimum: ({ limit }) => `${limit}보다 크게 입력해 주세요.`,
    exclusiveMaximum: ({ limit }) => `${limit}보다 작게 입력해 주세요.`,
    multipleOf: ({ multipleOf }) => `${multipleOf}의 배수로 입력해 주세요.`,
    minItems: ({ limit }) => `${limit}개 이상 골라 주세요.`,
    maxItems: ({ limit }) => `${limit}개 이하로 골라 주세요.`,
    uniqueItems: () => '같은 것을 두 번 고를 수 없습니다.',
    characters: () => '제어 문자는 쓸 수 없습니다.',
    invisible: () => '보이는 문자를 한 자 이상 입력해 주세요.',
    size: () => '전체 내용이 너무 큽니다. 4KB 이하로 줄여 주세요.',
    otherwise: () => '올바르지 않은 값입니다.',
  },
}

/** Flaws as the client gets them: each said once. */
export function fieldErrors(flaws: readonly Flaw[], language: Language): readonly FieldError[] {
  const errors = flaws.map((flaw) => {
    const texts = details[language]
    const detail = (texts[flaw.keyword] ?? texts['otherwise'])?.(flaw.params) ?? ''
    return { pointer: pointerOf(flaw), detail }
  })
  return [...new Map(errors.map((error) => [`${error.pointer} ${error.detail}`, error])).values()]
}

/** A missing or an unknown property's pointer is its own. */
function pointerOf({ instancePath, params }: Flaw): string {
  const property = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty']
  return typeof property === 'string' ? `${instancePath}/${pointerToken(property)}` : instancePath
}

/** One reference token of a JSON pointer (RFC 6901 §3). */
export function pointerToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
