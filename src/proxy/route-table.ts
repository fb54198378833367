import type { RouteConfig } from '../config/config.ts'
import { decodedSegments, isPlain, isWellFormed, lenientReadings, pathOf } from './request-target.ts'

/** What a request's target means to the proxy: a route, nothing of ours, or a target that no upstream may see. */
export type Found<R> = R | 'malformed' | undefined

/** Finds the route of a target: the longest path that fits on whole segments, percent-decoded, case-sensitive. */
export interface RouteTable<R> {
  find(target: string): Found<R>
  /** The route of a decoded path. */
  routeOf(path: string): R | undefined
}

/** They are coatcheck's own, even where a route at `/` would cover them. */
const reserved: readonly string[] = ['auth', '.well-known', 'healthz', 'readyz']

export function createRouteTable<R extends Pick<RouteConfig, 'path'>>(routes: readonly R[]): RouteTable<R> {
  const longestFirst = routes
    .map((route) => ({ route, path: route.path === '/' ? '' : route.path }))
    .map((entry) => ({ ...entry, lowerPath: entry.path.toLowerCase() }))
    .sort((a, b) => b.path.length - a.path.length)
  const hasUpperCase = longestFirst.some(({ path, lowerPath }) => path !== lowerPath)

  /**
   * Whether a path would fall on another route if case did not count. Many upstreams do not count it, so
   * `/api/Transfers` would pass by the rules of `/api` and be served as `/api/transfers`.
   */
  function changesByCase(path: string, route: R): boolean {
    const lower = path.toLowerCase()
    if (!hasUpperCase && lower === path) return false
    const found = longestFirst.find((entry) => isWithin(lower, entry.lowerPath))
    return found !== undefined && found.lowerPath !== (route.path === '/' ? '' : route.path.toLowerCase())
  }

  function routeOf(path: string): R | undefined {
    const found = longestFirst.find((entry) => isWithin(path, entry.path))
    if (found?.path === '' && reserved.includes(path.split('/', 2)[1] as string)) return undefined
    return found?.route
  }

  function findOdd(target: string): Found<R> {
    // `OPTIONS *` asks about the server, not about a resource.
    if (target === '*') return undefined
    if (!target.startsWith('/') || target.startsWith('//')) return 'malformed'
    const segments = decodedSegments(pathOf(target))
    // A decoded `/` is part of a name: it must not look like the end of a segment.
    const route =
      segments && routeOf(`/${segments.map((segment) => segment.replaceAll('/', '%2F')).join('/')}`)
    const readings = lenientReadings(target).map(routeOf)
    if (!isWellFormed(target)) return route || readings.some(Boolean) ? 'malformed' : undefined
    // `/api/admin%2Fx` would pass the gate by the rules of `/api`, and be `/api/admin/x` to a lenient upstream.
    if (!route) return undefined
    const changes = lenientReadings(target).some((path) => changesByCase(path, route))
    return changes || readings.some((other) => other && other !== route) ? 'malformed' : route
  }

  return {
    routeOf,
    find(target) {
      if (longestFirst.length === 0) return undefined
      const path = pathOf(target)
      if (!isPlain(path) || target.includes('#')) return findOdd(target)
      const route = routeOf(path)
      return route !== undefined && changesByCase(path, route) ? 'malformed' : route
    },
  }
}

function isWithin(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)
}

/**
 * The target without as many leading segments as the route's path has; what remains is passed on byte for byte. It may be
 * empty, or begin with the query.
 */
export function withoutPrefix(target: string, routePath: string): string {
  let end = 0
  for (let left = routePath === '/' ? 0 : routePath.split('/').length - 1; left > 0; left -= 1) {
    const next = target.slice(end + 1).search(/[/?]/)
    end = next < 0 ? target.length : end + 1 + next
  }
  return target.slice(end)
}

/** Where a request goes below the upstream's origin: the target's path, then the request's. An empty rest adds no slash. */
export function upstreamPath(
  { upstream, basePath }: { readonly upstream: URL; readonly basePath: string },
  rest: string,
): string {
  return rest.startsWith('/') ? basePath + rest : upstream.pathname + rest
}
