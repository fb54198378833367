import { pointerToken } from './field-errors.ts'
import { largestValue } from './largest-value.ts'
import { normaliseText } from './profile-text.ts'
import { reservedNames } from './reserved-names.ts'
import { dialectFlaws, isKnownDialect } from './validator.ts'

/** The profile travels in every session and every token. */
const largestBodyBytes = 4096

type Schema = Readonly<Record<string, unknown>>

/** Everything that keeps a JSON Schema from being a sign-up schema; each names the place and the keyword. */
export function schemaProblems(schema: unknown): readonly string[] {
  if (!isObject(schema)) return ['the schema must be a JSON object']
  if (!isKnownDialect(schema['$schema']))
    return ['/: "$schema" must be that of JSON Schema 2020-12 or draft-07']
  const flaws = dialectFlaws(schema)
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const found = [
    ...rootProblems(schema),
    ...nameProblems(properties),
    ...uniqueProblems(schema),
    ...textProblems(schema),
    ...flaws,
  ]
  // What is no JSON Schema has no size.
  return flaws.length > 0 ? found : [...found, ...sizeProblems(schema)]
}

function rootProblems(schema: Schema): string[] {
  const problems: string[] = []
  if (schema['type'] !== undefined && schema['type'] !== 'object') problems.push('/: "type" must be "object"')
  if (!isObject(schema['properties'])) problems.push('/: "properties" must say what a user has')
  if (schema['additionalProperties'] !== undefined && schema['additionalProperties'] !== false)
    problems.push('/: "additionalProperties" must be false: nothing is stored that the schema does not name')
  if (schema['$async'] !== undefined) problems.push('/: "$async" is not supported')
  return problems
}

function nameProblems(properties: Schema): string[] {
  return Object.keys(properties)
    .filter((name) => reservedNames.has(name))
    .map(
      (name) => `/properties/${pointerToken(name)}: "properties" cannot have "${name}": the name is reserved`,
    )
}

function uniqueProblems(schema: Schema): string[] {
  const problems: string[] = []
  visit(schema, '', (node, pointer) => {
    if (!('x-unique' in node)) return
    if (!/^\/properties\/[^/]+$/.test(pointer))
      problems.push(`${pointer || '/'}: "x-unique" is for properties at the top`)
    else if (node['x-unique'] === true && node['type'] !== 'string')
      problems.push(`${pointer}: "x-unique" needs "type": "string"`)
  })
  return problems
}

/** Bodies are normalised before they are judged: a choice that is not normalised can never be made. */
function textProblems(schema: Schema): string[] {
  const problems: string[] = []
  visit(schema, '', (node, pointer) => {
    for (const keyword of ['enum', 'const']) {
      const values = keyword in node ? [node[keyword]].flat() : []
      for (const value of values)
        if (typeof value === 'string' && value !== normaliseText(value))
          problems.push(
            `${pointer || '/'}: "${keyword}" has ${JSON.stringify(value)}, which no body can hold: write ${JSON.stringify(normaliseText(value))}`,
          )
    }
  })
  return problems
}

function sizeProblems(schema: Schema): string[] {
  const closed = { ...schema, type: 'object', additionalProperties: false }
  const { bytes, lacks } = largestValue(closed, { root: closed, pointer: '', references: [] })
  if (lacks.length > 0)
    return lacks.map(
      (lack) => `${lack} does not bound the size of a body, of which ${largestBodyBytes} bytes are allowed`,
    )
  if (bytes <= largestBodyBytes) return []
  return [`/: "properties" allow a body of ${bytes} bytes; at most ${largestBodyBytes} are allowed`]
}

function visit(node: unknown, pointer: string, see: (node: Schema, pointer: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (isObject(node)) see(node, pointer)
  for (const [name, value] of Object.entries(node)) visit(value, `${pointer}/${pointerToken(name)}`, see)
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
