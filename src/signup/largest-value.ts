import { pointerToken } from './field-errors.ts'

/** How many bytes the JSON of a valid value can have; Infinity when the schema does not say, and then what it lacks. */
export interface Bound {
  readonly bytes: number
  readonly lacks: readonly string[]
}

type Schema = Readonly<Record<string, unknown>>

interface Place {
  readonly root: Schema
  readonly pointer: string
  /** The references that lead here: one that comes again never ends. */
  readonly references: readonly string[]
}

/** UTF-8 takes at most four bytes a code point; JSON's escapes take no more, as control characters are refused. */
const bytesPerCodePoint = 4
const longestNumber = '-1.2345678901234567e-308'.length

/** The bound of every value that `schema` accepts. Errs only on the large side. */
export function largestValue(schema: unknown, place: Place): Bound {
  if (schema === false) return { bytes: 0, lacks: [] }
  if (!isSchema(schema)) return lacking(place, 'type')
  const bounds = [...byValues(schema), ...byReference(schema, place), ...byParts(schema, place)]
  if (schema['type'] !== undefined || bounds.length === 0) bounds.push(byType(schema, place))
  return bounds.reduce((least, bound) => (bound.bytes < least.bytes ? bound : least))
}

function lacking({ pointer }: Place, keyword: string): Bound {
  return { bytes: Number.POSITIVE_INFINITY, lacks: [`${pointer || '/'}: "${keyword}"`] }
}

function widest(bounds: readonly Bound[]): Bound {
  return {
    bytes: Math.max(0, ...bounds.map(({ bytes }) => bytes)),
    lacks: bounds.flatMap(({ lacks }) => lacks),
  }
}

function byValues(schema: Schema): Bound[] {
  const values = 'const' in schema ? [schema['const']] : schema['enum']
  return Array.isArray(values) ? [{ bytes: Math.max(...values.map(jsonBytes)), lacks: [] }] : []
}

function byReference(schema: Schema, place: Place): Bound[] {
  const reference = schema['$ref'] ?? schema['$dynamicRef']
  if (typeof reference !== 'string') return []
  const target = reference.startsWith('#') ? resolve(place.root, reference) : undefined
  if (target === undefined || place.references.includes(reference)) return [lacking(place, '$ref')]
  return [largestValue(target, { ...place, references: [...place.references, reference] })]
}

function resolve(root: Schema, reference: string): unknown {
  let node: unknown = root
  for (const token of reference.split('/').slice(1)) {
    const name = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
    node = isSchema(node) && Object.hasOwn(node, name) ? node[name] : undefined
  }
  return reference === '#' || reference.startsWith('#/') ? node : undefined
}

function byParts(schema: Schema, place: Place): Bound[] {
  const parts = (keyword: string) =>
    list(schema[keyword]).map((part, index) => largestValue(part, below(place, `${keyword}/${index}`)))
  const choices = ['anyOf', 'oneOf'].map(parts).filter((bounds) => bounds.length > 0)
  return [...parts('allOf'), ...choices.map(widest)]
}

function byType(schema: Schema, place: Place): Bound {
  const types = typeof schema['type'] === 'string' ? [schema['type']] : list(schema['type'])
  if (types.length === 0) return lacking(place, 'type')
  return widest(
    types.map((type) => {
      if (type === 'string') return stringBound(schema, place)
      if (type === 'array') return arrayBound(schema, place)
      if (type === 'object') return objectBound(schema, place)
      return { bytes: type === 'boolean' ? 5 : type === 'null' ? 4 : longestNumber, lacks: [] }
    }),
  )
}

function stringBound(schema: Schema, place: Place): Bound {
  const maxLength = schema['maxLength']
  if (typeof maxLength !== 'number') return lacking(place, 'maxLength')
  return { bytes: maxLength * bytesPerCodePoint + 2, lacks: [] }
}

function arrayBound(schema: Schema, place: Place): Bound {
  const { maxItems, items, prefixItems } = schema as Record<'maxItems' | 'items' | 'prefixItems', unknown>
  if (typeof maxItems !== 'number') return lacking(place, 'maxItems')
  const first = [...list(prefixItems), ...list(items)]
  const rest = Array.isArray(items) ? schema['additionalItems'] : items
  const { bytes, lacks } = widest([
    ...first.map((item, index) => largestValue(item, below(place, `items/${index}`))),
    ...(maxItems > first.length ? [largestValue(rest, below(place, 'items'))] : []),
  ])
  return { bytes: 2 + maxItems * (bytes + 1), lacks }
}

function objectBound(schema: Schema, place: Place): Bound {
  if (schema['additionalProperties'] !== false) return lacking(place, 'additionalProperties')
  if (schema['patternProperties'] !== undefined) return lacking(place, 'patternProperties')
  const properties = isSchema(schema['properties']) ? Object.entries(schema['properties']) : []
  const members = properties.map(([name, member]) => {
    const bound = largestValue(member, below(place, `properties/${pointerToken(name)}`))
    return { bytes: jsonBytes(name) + bound.bytes + 2, lacks: bound.lacks }
  })
  return {
    bytes: members.reduce((sum, { bytes }) => sum + bytes, 2),
    lacks: members.flatMap(({ lacks }) => lacks),
  }
}

function below(place: Place, path: string): Place {
  return { ...place, pointer: `${place.pointer}/${path}` }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
