import type { Request } from 'express'
import { Problem } from '../http/problem.ts'
import type { FieldError, Language } from './field-errors.ts'

/** The language in which the client reads best (RFC 9110 §12.5.4); English when it reads neither. */
export function languageOf(req: Request): Language {
  return req.acceptsLanguages('en', 'ko') === 'ko' ? 'ko' : 'en'
}

/** The answer to fields that are not valid. */
export function refuseFields(req: Request, errors: readonly FieldError[]): Problem {
  return new Problem('validation-failed', {
    members: { errors },
    headers: { 'Content-Language': languageOf(req), Vary: 'Accept-Language' },
  })
}
