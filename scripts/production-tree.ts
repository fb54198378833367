/** An entry of package-lock.json (lockfileVersion 3), by its place: `node_modules/a/node_modules/b`. */
export interface LockedPackage {
  readonly version: string
  /** SPDX. */
  readonly license?: string
  /** `sha512-…`, base64. */
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  /** Only for these systems. */
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
}

export interface LockFile {
  readonly name: string
  readonly version: string
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** A package that is installed with `npm ci --omit=dev`. */
export interface ProductionPackage extends LockedPackage {
  readonly name: string
  readonly place: string
  /** The places of what it imports. */
  readonly needs: readonly string[]
}

/**
 * The packages that production stands on, by their places: what can be reached from `dependencies` the way Node resolves it.
 * @throws Error when the lock file lacks one that is not optional
 */
export function productionTree({ packages }: LockFile): ReadonlyMap<string, ProductionPackage> {
  const tree = new Map<string, ProductionPackage>()
  const root = packages['']
  if (!root) throw new Error('the lock file has no root')
  const waiting = needsOf(packages, '', root)
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (tree.has(place)) continue
    const locked = packages[place] as LockedPackage
    const needs = needsOf(packages, place, locked)
    tree.set(place, { ...locked, name: nameOf(place), place, needs })
    waiting.push(...needs)
  }
  return tree
}

/** Everything that one package brings along, by place, itself not counted. */
export function broughtBy(tree: ReadonlyMap<string, ProductionPackage>, place: string): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = [place]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const need of tree.get(at)?.needs ?? []) {
      if (found.has(need)) continue
      found.add(need)
      waiting.push(need)
    }
  }
  found.delete(place)
  return found
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function needsOf(packages: LockFile['packages'], place: string, locked: LockedPackage): string[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta } = locked
  const isOptional = (name: string) => name in optionalDependencies || peerDependenciesMeta?.[name]?.optional
  return Object.keys({ ...peerDependencies, ...dependencies, ...optionalDependencies }).flatMap((name) => {
    const found = resolve(packages, place, name)
    if (found === undefined && !isOptional(name))
      throw new Error(`${place || 'the root'} needs ${name}, which is not locked`)
    // An optional peer that happens to be there for development is none of production's.
    const belongs = found !== undefined && !(peerDependenciesMeta?.[name]?.optional && packages[found]?.dev)
    return belongs ? [found] : []
  })
}

/** Node's way: beside the importer, then one folder up at a time. */
function resolve(packages: LockFile['packages'], place: string, name: string): string | undefined {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = `${folder ? `${folder}/` : ''}node_modules/${name}`
    if (packages[candidate]) return candidate
    if (folder === '') return undefined
  }
}
