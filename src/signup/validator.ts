import { Ajv, type ErrorObject, type Options } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Flaw } from './field-errors.ts'

/** A schema that `schemaProblems` has nothing against. */
export interface ObjectSchema {
  readonly $schema?: string
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const options: Options = {
  allErrors: true,
  // A misspelt keyword must not pass for a rule.
  strict: true,
  strictTypes: false,
  strictTuples: false,
  allowUnionTypes: true,
  // `toString` in a body's prototype is no property of the body.
  ownProperties: true,
  logger: false,
}

const draft7 = /^https?:\/\/json-schema\.org\/draft-07\/schema#?$/
const draft2020 = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/

/** Is it a dialect that we read? Without `$schema` it is 2020-12. */
export function isKnownDialect(dialect: unknown): boolean {
  return (
    dialect === undefined ||
    (typeof dialect === 'string' && (draft7.test(dialect) || draft2020.test(dialect)))
  )
}

function newAjv(dialect: unknown, more: Options = {}): Ajv {
  const settings = { ...options, ...more }
  const ajv = typeof dialect === 'string' && draft7.test(dialect) ? new Ajv(settings) : new Ajv2020(settings)
  addFormats.default(ajv)
  ajv.addKeyword({ keyword: 'x-unique', schemaType: 'boolean' })
  return ajv
}

/** What the schema's own schema says against it, then what keeps it from being compiled. */
export function dialectFlaws(schema: Readonly<Record<string, unknown>>): readonly string[] {
  const ajv = newAjv(schema['$schema'])
  if (!ajv.validateSchema(schema))
    return (ajv.errors ?? []).map(({ instancePath, message }) => {
      const [, place, keyword] = /^(.*)\/([^/]*)$/.exec(instancePath) ?? [undefined, '', 'type']
      return `${place || '/'}: "${keyword}" ${message}`
    })
  try {
    ajv.compile(schema)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Judges bodies by the schema; a property that it does not know is a flaw, whether it says so or not. */
export function compileValidator(schema: ObjectSchema): (body: unknown) => readonly Flaw[] {
  // The schema has been judged: compiling its dialect's own schema again would cost every start 100 ms.
  const ajv = newAjv(schema.$schema, { validateSchema: false })
  const validate = ajv.compile({ ...schema, type: 'object', additionalProperties: false })
  return (body) => (validate(body) ? [] : (validate.errors ?? ([] as ErrorObject[])))
}
