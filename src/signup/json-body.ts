import express, { type RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import type { Profile } from '../users/directory.ts'

/** Four times the largest profile: JSON may be written with escapes and white space. */
const largestBody = '16kb'

const parseJson = express.json({
  limit: largestBody,
  inflate: false,
  strict: true,
  type: 'application/json',
  // body-parser takes nothing at all for an empty object.
  verify(_req, _res, bytes) {
    if (bytes.length === 0) throw new Problem('invalid-request')
  },
})

/** Reads a JSON object into `req.body`. @throws Problem `invalid-request`, `payload-too-large` */
export const readJsonBody: RequestHandler = (req, res, next) => {
  parseJson(req, res, (error?: unknown) => {
    if (error) return next(problemOf(error))
    const body: unknown = req.body
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
    next(isObject ? undefined : new Problem('invalid-request'))
  })
}

/** The body that `readJsonBody` left. */
export function jsonBody(req: Parameters<RequestHandler>[0]): Profile {
  return req.body as Profile
}

/** body-parser's errors carry a status: 413, or another 4xx for a body that cannot be read. */
function problemOf(cause: unknown): unknown {
  const { status } = cause as { readonly status?: unknown }
  if (status === 413) return new Problem('payload-too-large', { cause })
  return typeof status === 'number' && status < 500 ? new Problem('invalid-request', { cause }) : cause
}
