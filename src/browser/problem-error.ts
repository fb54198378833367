/** An answer of coatcheck that is an error (RFC 9457), as an exception that code can branch on. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: number
  /** `session-required`, `name-taken`, …: the codes of coatcheck's public interface. */
  readonly code: string
  /** Every field that is not valid, for `validation-failed`. */
  readonly errors: readonly FieldError[]
  /** The field meant, for `name-taken`. */
  readonly pointer: string | undefined
  /** Where to sign in, for `session-required` and `reauthentication-required`. */
  readonly loginUrl: string | undefined
  /** What support asks for. */
  readonly requestId: string | undefined

  constructor(body: ProblemBody) {
    super(body.title)
    this.status = body.status
    this.code = body.code
    this.errors = body.errors ?? (body.pointer ? [{ pointer: body.pointer, detail: body.title }] : [])
    this.pointer = body.pointer
    this.loginUrl = body.loginUrl
    this.requestId = body.requestId
  }
}

export interface FieldError {
  /** JSON Pointer (RFC 6901): `/nickname`. */
  readonly pointer: string
  readonly detail: string
}

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly errors?: readonly FieldError[]
  readonly pointer?: string
  readonly loginUrl?: string
  readonly requestId?: string
}

/** The problem that a response carries; undefined for every answer that is not an error of coatcheck's own. Leaves the body readable. */
export async function problemIn(response: Response): Promise<ProblemError | undefined> {
  if (response.ok || !response.headers.get('content-type')?.startsWith('application/problem+json'))
    return undefined
  const body: Partial<ProblemBody> = await response
    .clone()
    .json()
    .catch(() => ({}))
  return body.type === `urn:coatcheck:problem:${body.code}`
    ? new ProblemError(body as ProblemBody)
    : undefined
}
