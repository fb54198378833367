import { explodes } from './exploding-pattern.ts'
import { pointerToken } from './field-errors.ts'
import { normaliseText } from './profile-text.ts'
import { reservedNames } from './reserved-names.ts'
import { dialectFlaws, isKnownDialect } from './validator.ts'

type Schema = Readonly<Record<string, unknown>>

/** Everything that keeps a JSON Schema from being a sign-up schema; each names the place and the keyword. */
export function schemaProblems(schema: unknown): readonly string[] {
  if (!isObject(schema)) return ['the schema must be a JSON object']
  if (!isKnownDialect(schema['$schema']))
    return ['/: "$schema" must be that of JSON Schema 2020-12 or draft-07']
  const flaws = dialectFlaws(schema)
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return [
    ...rootProblems(schema),
    ...nameProblems(properties),
    ...uniqueProblems(schema),
    ...textProblems(schema),
    ...flaws,
  ]
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

/** APIs take these for what an identity provider vouches for, or for a right; a person writes them here. */
const takenForClaims = new Set(
  'role is_admin admin superuser is_staff permission authorities tenant tenant_id org organization email_verified phone_number_verified username preferred_username upn uid user_id userid login'.split(
    ' ',
  ),
)

/** What a sign-up schema may have and seldom should, a line each: places and names. */
export function schemaWarnings(schema: object): readonly string[] {
  const warnings: string[] = []
  const { properties } = schema as Schema
  for (const name of Object.keys(isObject(properties) ? properties : {}))
    if (takenForClaims.has(name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()))
      warnings.push(
        `/properties/${pointerToken(name)}: APIs take "${name}" for a claim that somebody vouches for, but each person writes it; choose another name`,
      )
  visit(schema, '', (node, pointer) => {
    const longest = typeof node['maxLength'] === 'number' ? node['maxLength'] : undefined
    const patterns = [
      node['pattern'],
      ...Object.keys(isObject(node['patternProperties']) ? node['patternProperties'] : {}),
    ]
    for (const pattern of patterns)
      if (typeof pattern === 'string' && explodes(pattern, longest))
        warnings.push(
          `${pointer || '/'}: "pattern" takes longer than a second for some texts (catastrophic backtracking), and every request waits; write it without a repetition inside a repetition, or give it a small "maxLength"`,
        )
  })
  return warnings
}

function visit(node: unknown, pointer: string, see: (node: Schema, pointer: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (isObject(node)) see(node, pointer)
  for (const [name, value] of Object.entries(node)) visit(value, `${pointer}/${pointerToken(name)}`, see)
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
