import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler, type Response } from 'express'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { openRoom } from './room.ts'

export interface ApiOptions {
  /** coatcheck's PUBLIC_URL: it issues the tokens, and they are for its API. */
  readonly issuer: string
}

export interface Api {
  readonly url: string
  close(): void
}

interface Note {
  readonly id: string
  readonly text: string
  readonly createdAt: string
}

const maxNotes = 100
const maxNoteLength = 200

/** An API as it stands behind coatcheck: it knows no cookies and no sessions, only tokens that it verifies by itself. */
export async function startApi({ issuer }: ApiOptions): Promise<Api> {
  const notes = new Map<string, readonly Note[]>()
  const verify = createVerifier(issuer)
  const app = express()
  app.disable('x-powered-by')
  app.use(requireToken(verify), express.json({ limit: '10kb' }))

  app.get('/api/whoami', (req, res) => {
    // What arrived here may be shown, but the token itself never goes back to where it must not be.
    const { authorization: _, ...headers } = req.headers
    res.json({ claims: claimsOf(res), headers: { ...headers, authorization: 'Bearer ✱✱✱' } })
  })

  app.get('/api/notes', (_req, res) => {
    res.json({ notes: notes.get(userOf(res)) ?? [] })
  })

  app.post('/api/notes', (req, res) => {
    const text: unknown = req.body?.text
    if (typeof text !== 'string' || text.trim() === '' || text.length > maxNoteLength) {
      res.status(422).json({ error: `text: 1 to ${maxNoteLength} characters` })
      return
    }
    const note = { id: randomUUID(), text: text.trim(), createdAt: new Date().toISOString() }
    notes.set(userOf(res), [note, ...(notes.get(userOf(res)) ?? [])].slice(0, maxNotes))
    res.status(201).json(note)
  })

  app.delete('/api/notes/:id', (req, res) => {
    const before = notes.get(userOf(res)) ?? []
    const after = before.filter(({ id }) => id !== req.params.id)
    notes.set(userOf(res), after)
    res.sendStatus(after.length < before.length ? 204 : 404)
  })

  app.get('/api/time', (_req, res) => {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const tell = () => res.write(`data: ${new Date().toISOString()}\n\n`)
    const timer = setInterval(tell, 1_000)
    res.on('close', () => clearInterval(timer))
    tell()
  })

  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  openRoom({ server, path: '/api/room', verify })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The claims of a valid token in an Authorization header. @throws Error */
export type Verifier = (authorization: string | undefined) => Promise<JWTPayload>

/** All that an API needs of coatcheck: its published keys (RFC 9068 §4). */
function createVerifier(issuer: string): Verifier {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer))
  return async (authorization) => {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ''
    return (await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt' })).payload
  }
}

function requireToken(verify: Verifier): RequestHandler {
  return async (req, res, next) => {
    try {
      res.locals['claims'] = await verify(req.headers.authorization)
      next()
    } catch {
      res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' })
    }
  }
}

function claimsOf(res: Response): JWTPayload {
  return res.locals['claims']
}

function userOf(res: Response): string {
  return claimsOf(res).sub ?? ''
}
