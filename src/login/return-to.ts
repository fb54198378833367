import { localPath, requestedPath } from '../http/local-url.ts'

/** Where a login may lead in the end, from what the browser asked for: always a page of this origin. */
export type ReturnTo = (asked: unknown) => string

/**
 * Whatever is no local path, or leads to `/auth` or to an API route, becomes the home page (RFC 9700 §4.11).
 * @param isApiPath says whether a decoded path belongs to an API route
 */
export function createReturnTo(homePath: string, isApiPath: (path: string) => boolean): ReturnTo {
  return (asked) => {
    const path = localPath(asked)
    if (path === undefined) return homePath
    const requested = requestedPath(path)
    return /^\/auth(\/|$)/i.test(requested) || isApiPath(requested) ? homePath : path
  }
}
