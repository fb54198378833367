import type { Profile, UniqueValue } from '../users/directory.ts'
import { type FieldError, type Flaw, fieldErrors, type Language, pointerToken } from './field-errors.ts'
import { normaliseBody } from './normalised-body.ts'
import { isTooLarge } from './profile-size.ts'
import { schemaProblems, schemaWarnings } from './schema-problems.ts'
import { uniqueKey } from './unique-key.ts'
import { compileValidator, type ObjectSchema } from './validator.ts'

/** A body that the schema accepts: what may be stored, and what of it must be unique. */
export interface Accepted {
  readonly profile: Profile
  readonly unique: readonly UniqueValue[]
}

export interface Refused {
  readonly errors: readonly FieldError[]
}

/** The operator's idea of a user, compiled once. */
export interface SignupSchema {
  /** In the schema's order. */
  readonly properties: readonly string[]
  /** Those with `x-unique`. */
  readonly unique: ReadonlySet<string>
  /** Normalises a body and judges it as a whole; all errors at once. */
  judge(body: Profile, language?: Language): Accepted | Refused
  /** Judges one property's value, whatever the others may be. */
  judgeProperty(property: string, value: unknown, language?: Language): Accepted | Refused
}

/** Reads a sign-up schema. Each problem is a line that names the file (`source`), the place and the keyword. */
export function compileSignupSchema(
  schema: unknown,
  source: string,
):
  | { readonly schema: SignupSchema; readonly warnings: readonly string[] }
  | { readonly problems: readonly string[] } {
  const problems = schemaProblems(schema)
  const lines = (all: readonly string[]) => all.map((one) => `${source}: ${one}`)
  if (problems.length > 0) return { problems: lines(problems) }
  return {
    schema: createSignupSchema(schema as ObjectSchema),
    warnings: lines(schemaWarnings(schema as ObjectSchema)),
  }
}

/** Compiles a schema that is known to be one for sign-up. */
export function createSignupSchema(schema: ObjectSchema): SignupSchema {
  const validate = compileValidator(schema)
  const properties = Object.keys(schema.properties)
  const unique = new Set(properties.filter((name) => schema.properties[name]?.['x-unique'] === true))
  const singleLine = new Set([...unique].map(pointerOf))

  function flawsOf(body: Profile): { readonly profile: Profile; readonly flaws: readonly Flaw[] } {
    const { profile, flaws } = normaliseBody(body, singleLine)
    // Before the schema sees it: a pattern can take long over a long text.
    if (isTooLarge(profile)) return { profile, flaws: [{ keyword: 'size', instancePath: '', params: {} }] }
    return { profile, flaws: [...flaws, ...validate(profile)] }
  }
  function verdict(profile: Profile, flaws: readonly Flaw[], language: Language): Accepted | Refused {
    if (flaws.length > 0) return { errors: fieldErrors(flaws, language) }
    const values = Object.entries(profile).filter(([name]) => unique.has(name))
    return {
      profile,
      unique: values.map(([property, value]) => ({ property, key: uniqueKey(String(value)) })),
    }
  }

  return {
    properties,
    unique,
    judge(body, language = 'en') {
      const { profile, flaws } = flawsOf(body)
      return verdict(profile, flaws, language)
    },
    judgeProperty(property, value, language = 'en') {
      const { profile, flaws } = flawsOf({ [property]: value })
      const own = `${pointerOf(property)}/`
      const ofProperty = flaws.filter(
        ({ keyword, instancePath }) => keyword === 'size' || `${instancePath}/`.startsWith(own),
      )
      return verdict(profile, ofProperty, language)
    },
  }
}

/** A top property's JSON pointer. */
export function pointerOf(property: string): string {
  return `/${pointerToken(property)}`
}
