import type { IncomingMessage } from 'node:http'
import type { Applicant } from './admission.ts'

/** Somebody whom the gate may let in, and who then knows how to reach the upstream. */
export interface Traveller extends Applicant {
  /** Sends the request up, as `req.url` has it by now. */
  proceed(): void
}

const traveller = Symbol('traveller')

type Travelling = IncomingMessage & { [traveller]?: Traveller }

/** Ties a request to its call, for whoever is handed the request only. */
export function accompany(req: Travelling, call: Traveller): void {
  req[traveller] = call
}

export function travellerOf(req: Travelling): Traveller | undefined {
  return req[traveller]
}
