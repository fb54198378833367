import type { RequestListener } from 'node:http'
import supertest from 'supertest'

/** supertest under the Host of PUBLIC_URL: under any other name almost nothing is served. */
export function askAt(publicUrl: string | undefined, app: RequestListener) {
  return supertest.agent(app).set('Host', new URL(publicUrl as string).host)
}
