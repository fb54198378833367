import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** It has no types of its own. */
const yaml = createRequire(import.meta.url)('js-yaml') as { safeLoadAll(text: string): unknown[] }

const root = join(import.meta.dirname, '../..')

export const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every document of a YAML file. @throws Error for what is no YAML */
export function documentsOf<T>(path: string): readonly T[] {
  return yaml.safeLoadAll(read(path)) as T[]
}
