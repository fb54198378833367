import { Ajv, type AnySchemaObject, type ErrorObject, type Options } from 'ajv'
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
  // With allErrors, ajv's own runs although maxLength has failed: a long text could keep a pattern busy for seconds.
  ajv.removeKeyword('pattern')
  ajv.addKeyword({ keyword: 'pattern', type: 'string', schemaType: 'string', compile: patternWithin })
  return ajv
}

/** The pattern of a text that is not longer than `maxLength` beside it; of a longer one it says nothing, `maxLength` does. */
function patternWithin(pattern: string, parent: AnySchemaObject) {
  const maxLength: unknown = parent['maxLength']
  const expression = new RegExp(pattern, 'u')
  const longest = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY
  return (text: string) => isLonger(text, longest) || expression.test(text)
}

/** In code points, as `maxLength` counts (JSON Schema Validation §6.3.1). */
function isLonger(text: string, longest: number): boolean {
  return text.length > longest && (text.length > 2 * longest || [...text].length > longest)
}

/** `maxLength` of a schema and of all that always holds with it, written beside each `pattern`: it changes no verdict. */
function bounded(schema: unknown, root: Schema, above: number): unknown {
  if (!isSchema(schema)) return schema
  const longest = Math.min(above, longestOf(schema, root, 0))
  const atSamePlace = (name: string, value: unknown) => {
    const inner = (one: unknown) => bounded(one, root, longest)
    if (/^(?:allOf|anyOf|oneOf)$/.test(name) && Array.isArray(value)) return value.map(inner)
    return /^(?:if|then|else)$/.test(name) ? inner(value) : below(name, value)
  }
  const below = (name: string, value: unknown): unknown => {
    if (/^(?:enum|const|default|examples|required)$/.test(name)) return value
    const fresh = (one: unknown) => bounded(one, root, Number.POSITIVE_INFINITY)
    if (Array.isArray(value)) return value.map(fresh)
    if (!/^(?:properties|patternProperties|\$defs|definitions|dependentSchemas)$/.test(name))
      return fresh(value)
    return isSchema(value)
      ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fresh(one)]))
      : value
  }
  const copy = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, atSamePlace(name, value)]),
  )
  return 'pattern' in schema && Number.isFinite(longest) ? { ...copy, maxLength: longest } : copy
}

function longestOf(schema: unknown, root: Schema, depth: number): number {
  if (!isSchema(schema) || depth > 16) return Number.POSITIVE_INFINITY
  const parts = Array.isArray(schema['allOf']) ? schema['allOf'] : []
  const referred = typeof schema['$ref'] === 'string' ? [resolve(root, schema['$ref'])] : []
  const own = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : Number.POSITIVE_INFINITY
  return Math.min(own, ...[...parts, ...referred].map((part) => longestOf(part, root, depth + 1)))
}

/** What a local reference (`#/…`, RFC 6901 §6) stands for; undefined: another kind of reference. */
function resolve(root: Schema, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  let node: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const name = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    node = isSchema(node) && Object.hasOwn(node, name) ? node[name] : undefined
  }
  return node
}

type Schema = Readonly<Record<string, unknown>>

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
  const within = bounded(schema, schema as unknown as Schema, Number.POSITIVE_INFINITY) as object
  const validate = ajv.compile({ ...within, type: 'object', additionalProperties: false })
  return (body) => (validate(body) ? [] : (validate.errors ?? ([] as ErrorObject[])))
}
