import { z } from 'zod'
import type { RouteConfig } from './config.ts'
import { type FileReader, jsonFlaw, readJsonFile } from './file-reader.ts'
import { oneOf, targetUrl, timerDuration } from './grammar.ts'
import { routeSchema, type WrittenRoute } from './route-schema.ts'
import type { VariableReader } from './variable-reader.ts'

/** Every route of API_URL and API_ROUTES, its defaults filled in. */
export function readRoutes(
  reader: VariableReader,
  { files, audience }: { readonly files: FileReader; readonly audience: string },
): readonly RouteConfig[] {
  const timeoutMs = reader.read('UPSTREAM_TIMEOUT', timerDuration)
  const token = reader.read('API_TOKEN', oneOf(['service', 'provider', 'exchange', 'none']))
  const target = reader.read('API_URL', targetUrl)
  const listed = (readJson(reader, files) ?? []).map((route, index) => readRoute(reader, route, index))
  const written = listed.filter((route) => route !== undefined)
  refuseDuplicates(reader, written)
  // The long way of saying it is the more exact one.
  if (target && !written.some(({ path }) => path === '/api'))
    written.unshift(routeSchema.parse({ path: '/api', target }))
  return written.map((route) => ({
    path: route.path,
    target: route.target,
    auth: route.auth,
    stripPrefix: route.stripPrefix,
    methods: route.methods,
    timeoutMs: route.timeout ?? timeoutMs,
    idleMs: route.idleTimeout,
    websocket: route.websocket,
    maxBodyBytes: route.maxBody,
    cookies: route.cookies,
    setCookie: route.setCookie,
    csrf: route.csrf,
    // Nobody is looked at there, so nobody's token can go up.
    token: route.auth === 'none' ? 'none' : (route.token ?? token),
    audience: route.audience ?? audience,
    maxAuthAgeMs: route.maxAuthAge,
    headers: route.headers,
    sandbox: route.sandbox,
  }))
}

function readJson(reader: VariableReader, files: FileReader): readonly unknown[] | undefined {
  const value = reader.read('API_ROUTES', z.string())?.trim()
  if (value === undefined) return undefined
  const read = /^[[{]/.test(value) ? inlineJson(value) : readJsonFile(files, value)
  if ('problem' in read) reader.problem('API_ROUTES', read.problem)
  else if (!Array.isArray(read.json)) reader.problem('API_ROUTES', 'must be a JSON array of routes')
  else return read.json
  return undefined
}

function inlineJson(text: string): { readonly json: unknown } | { readonly problem: string } {
  const flaw = jsonFlaw(text)
  return flaw === undefined ? { json: JSON.parse(text) } : { problem: `must be JSON, and is not: ${flaw}` }
}

function readRoute(reader: VariableReader, written: unknown, index: number): WrittenRoute | undefined {
  const result = routeSchema.safeParse(written)
  if (result.success) return result.data
  const path = z.object({ path: z.string() }).safeParse(written)
  const route = `route ${path.success ? JSON.stringify(path.data.path) : index + 1}`
  for (const issue of result.error.issues) {
    const field = issue.path[0] === undefined ? '' : ` ${String(issue.path[0])}`
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        reader.problem('API_ROUTES', `${route}: ${JSON.stringify(key)} is not a field of a route`)
    } else
      reader.problem(
        'API_ROUTES',
        `${route}:${field} ${issue.code === 'invalid_type' && field === '' ? 'must be a JSON object' : issue.message}`,
      )
  }
  return undefined
}

function refuseDuplicates(reader: VariableReader, routes: readonly WrittenRoute[]): void {
  const paths = routes.map(({ path }) => path)
  for (const path of new Set(paths.filter((one, index) => paths.indexOf(one) !== index)))
    reader.problem('API_ROUTES', `route ${JSON.stringify(path)}: path is there twice`)
}
