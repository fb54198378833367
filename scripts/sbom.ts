import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { billOfMaterials } from './bill-of-materials.ts'
import type { LockFile } from './production-tree.ts'

/* npm run --silent sbom > sbom.json */

const path = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8')) as LockFile
process.stdout.write(`${JSON.stringify(billOfMaterials(lock, new Date().toISOString()), null, 2)}\n`)
