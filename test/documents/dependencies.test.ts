import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { billOfMaterials } from '../../scripts/bill-of-materials.ts'
import {
  broughtBy,
  type LockedPackage,
  type LockFile,
  productionTree,
} from '../../scripts/production-tree.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const json = <T>(path: string) => JSON.parse(read(path)) as T

interface Manifest {
  readonly version: string
  readonly license?: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const lock = json<LockFile>('package-lock.json')
const manifest = json<Manifest>('package.json')
const tree = productionTree(lock)
const locked = Object.entries(lock.packages).filter(([place]) => place !== '')

/** Licences that ask for no more than their text and a name; any other is a decision to take. */
const allowed: ReadonlySet<string | undefined> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
])

function sortedBy<K>(pairs: Iterable<readonly [string, K]>): (readonly [string, K])[] {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1))
}

describe('the lock file', () => {
  it('is in step with package.json', () => {
    const { dependencies, devDependencies } = lock.packages[''] as LockedPackage & Manifest
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    })
  })

  it('says by itself what production is, and npm agrees', () => {
    const npms = locked.filter(([, one]) => !one.dev && !one.devOptional).map(([place]) => place)
    expect([...tree.keys()].sort()).toEqual(npms.sort())
  })

  it('has a SHA-512 for every package but builds for one platform, of which production has none', () => {
    const unhashed = locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
    const others = unhashed.filter(([, { optional, os, cpu }]) => !(optional && (os ?? cpu)))
    expect(others.map(([place]) => place)).toEqual([])
    expect(unhashed.filter(([place]) => tree.has(place))).toEqual([])
  })

  it('is what is installed, to the version', () => {
    const installed = locked.filter(([place]) => existsSync(join(root, place, 'package.json')))
    const others = installed.filter(
      ([place, { version }]) => json<Manifest>(`${place}/package.json`).version !== version,
    )
    expect(others.map(([place]) => place)).toEqual([])
  })

  it('names no place that packages come from: that is each installer’s to say', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"/)
  })
})

describe('the packages of production', () => {
  const installed = [...tree.values()].map((one) => ({
    ...one,
    there: json<Manifest & { scripts?: Record<string, string> }>(`${one.place}/package.json`),
  }))
  const placesOf = (found: typeof installed) => found.map(({ place }) => place)

  it('have licences that ask for no decision', () => {
    expect(placesOf(installed.filter(({ license }) => !allowed.has(license)))).toEqual([])
  })

  it('say so themselves, where they are installed', () => {
    expect(placesOf(installed.filter(({ license, there }) => there.license !== license))).toEqual([])
  })

  it('run no code when they are installed', () => {
    const scripts = ['preinstall', 'install', 'postinstall']
    const running = installed.filter(
      ({ place, there }) =>
        scripts.some((script) => there.scripts?.[script] !== undefined) ||
        existsSync(join(root, place, 'binding.gyp')),
    )
    expect(placesOf(running)).toEqual([])
  })
})

describe('docs/dependencies.md', () => {
  const page = read('docs/dependencies.md')

  it('gives each direct dependency its reason, its price, its licence and what it brings', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (\d+) \|$/gm)]
    const told = rows.map(
      ([, name, , , licence, brings]) => [name as string, `${licence}, ${brings}`] as const,
    )
    const found = Object.keys(manifest.dependencies).map((name) => {
      const place = `node_modules/${name}`
      return [name, `${tree.get(place)?.license}, ${broughtBy(tree, place).size}`] as const
    })
    expect(sortedBy(told)).toEqual(sortedBy(found))
  })

  it('counts right', () => {
    const direct = Object.keys(manifest.dependencies).length
    expect(page).toContain(`${direct} packages, which bring ${tree.size - direct} more: ${tree.size} in all`)
    const licences = new Map<string, number>()
    for (const { license = '' } of tree.values()) licences.set(license, (licences.get(license) ?? 0) + 1)
    const byNumber = [...licences].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`)
    expect(page).toContain(`${byNumber.join(', ')}.`)
    const { length } = billOfMaterials(lock, '').components
    expect(page).toContain(`${length} components`)
    const unhashed = locked.filter(([, { integrity }]) => integrity === undefined).length
    expect(page).toContain(`${unhashed} builds for other platforms have no hash`)
  })
})

describe('the bill of materials', () => {
  const bill = billOfMaterials(lock, '2026-01-01T00:00:00.000Z')

  it('names every package of production once, and none of development', () => {
    const purls = bill.components.map(({ purl }) => purl)
    const named = [...tree.values()].map(
      ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`,
    )
    expect(purls).toEqual([...new Set(named)].sort())
    for (const name of ['jest', 'typescript', 'react']) expect(purls.join()).not.toContain(`/${name}@`)
  })

  it('has each one’s licence and its hash as hexadecimal', () => {
    const jose = bill.components.find(({ name }) => name === 'jose')
    const integrity = tree.get('node_modules/jose')?.integrity as string
    expect(jose).toEqual({
      type: 'library',
      'bom-ref': `pkg:npm/jose@${tree.get('node_modules/jose')?.version}`,
      name: 'jose',
      version: tree.get('node_modules/jose')?.version,
      purl: `pkg:npm/jose@${tree.get('node_modules/jose')?.version}`,
      scope: 'required',
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
      licenses: [{ license: { id: 'MIT' } }],
    })
  })

  it('says who needs whom, coatcheck first of all', () => {
    const refs = new Set(bill.dependencies.map(({ ref }) => ref))
    const needed = new Set(bill.dependencies.flatMap(({ dependsOn }) => dependsOn))
    expect([...needed].filter((ref) => !refs.has(ref))).toEqual([])
    const own = bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref'])
    expect(own?.dependsOn).toHaveLength(Object.keys(manifest.dependencies).length)
  })

  it('does not come about where a package has no hash, or is not locked', () => {
    const withJose = (jose: LockedPackage | undefined) => {
      const { 'node_modules/jose': _, ...rest } = lock.packages
      return { ...lock, packages: jose ? { ...rest, 'node_modules/jose': jose } : rest }
    }
    const { integrity: _, ...unhashed } = lock.packages['node_modules/jose'] as LockedPackage
    expect(() => billOfMaterials(withJose(unhashed), '')).toThrow('node_modules/jose has no SHA-512')
    expect(() => billOfMaterials(withJose(undefined), '')).toThrow('needs jose, which is not locked')
  })
})
