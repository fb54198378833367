import type { LockFile, ProductionPackage } from './production-tree.ts'
import { productionTree } from './production-tree.ts'

/** CycloneDX 1.6 (ECMA-424), the members that we write. */
export interface BillOfMaterials {
  readonly $schema: string
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.6'
  readonly version: 1
  readonly metadata: { readonly timestamp: string; readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

export interface Component {
  readonly type: 'application' | 'library'
  readonly 'bom-ref': string
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly scope?: 'required' | 'optional'
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[]
  readonly licenses?: readonly (
    | { readonly license: { readonly id: string } }
    | { readonly expression: string }
  )[]
  readonly purl: string
}

/**
 * What production is made of, read from the lock file alone.
 * `npm sbom --omit dev` would be shorter, but (npm 11.19) it leaves out every package that a dev dependency needs as well.
 * @param madeAt ISO 8601
 */
export function billOfMaterials(lock: LockFile, madeAt: string): BillOfMaterials {
  const tree = productionTree(lock)
  const refAt = (place: string) => purlOf(tree.get(place) as ProductionPackage)
  const root = lock.packages['']
  const own = { name: lock.name, version: lock.version, ...(root?.license && { license: root.license }) }
  const direct = Object.keys(root?.dependencies ?? {}).map((name) => refAt(`node_modules/${name}`))
  // One package in two places is one component.
  const components = new Map<string, Component>()
  const edges = new Map([[purlOf(own), new Set(direct)]])
  for (const one of tree.values()) {
    const ref = purlOf(one)
    components.set(ref, componentOf(one))
    const known = edges.get(ref) ?? new Set()
    edges.set(ref, new Set([...known, ...one.needs.map(refAt)]))
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: madeAt,
      component: { type: 'application', ...identified(own), ...licensed(own) },
    },
    components: [...components.values()].sort(byRef),
    dependencies: [...edges]
      .map(([ref, dependsOn]) => ({ ref, dependsOn: [...dependsOn].sort() }))
      .sort((a, b) => (a.ref < b.ref ? -1 : 1)),
  }
}

type Named = Pick<ProductionPackage, 'name' | 'version'> & { readonly license?: string }

function componentOf(one: ProductionPackage): Component {
  return {
    type: 'library',
    ...identified(one),
    scope: one.optional ? 'optional' : 'required',
    hashes: [hashOf(one)],
    ...licensed(one),
  }
}

function identified({ name, version }: Named) {
  const [last = name, group] = name.split('/').reverse()
  const purl = purlOf({ name, version })
  return { 'bom-ref': purl, ...(group !== undefined && { group }), name: last, version, purl }
}

function licensed({ license }: Named): Pick<Component, 'licenses'> {
  if (license === undefined) return {}
  return { licenses: [/[\s()]/.test(license) ? { expression: license } : { license: { id: license } }] }
}

/** @throws Error for a package without a SHA-512: nobody could tell whether it is the same one */
function hashOf({ place, integrity }: ProductionPackage): { alg: 'SHA-512'; content: string } {
  const hash = /^sha512-([\w+/]+={0,2})$/.exec(integrity ?? '')?.[1]
  if (hash === undefined) throw new Error(`${place} has no SHA-512 in the lock file`)
  return { alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }
}

/** Package URL: the `@` of a scope is encoded, its slash is not. */
function purlOf({ name, version }: Named): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

function byRef(a: Component, b: Component): number {
  return a['bom-ref'] < b['bom-ref'] ? -1 : 1
}
