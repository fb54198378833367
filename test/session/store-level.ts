import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Request, Response } from 'express'
import type { OpenSession, Session } from '../../src/session/session.ts'
import type { Sessions } from '../../src/session/sessions.ts'

/** A request and its response, as far as express-session looks: no socket, no HTTP, for many at once. */
export async function visit({ writer }: Sessions, cookie?: string): Promise<[Request, Response]> {
  const req = Object.assign(new IncomingMessage(new Socket()), { url: '/', originalUrl: '/', method: 'GET' })
  if (cookie) req.headers.cookie = cookie
  const res = new ServerResponse(req)
  await new Promise((resolve) => writer.load(req as Request, res as Response, resolve))
  return [req as Request, res as Response]
}

export interface Begun {
  readonly open: OpenSession
  readonly cookie: string
}

export async function begin(sessions: Sessions, session: Session, cookie?: string): Promise<Begun> {
  const [req, res] = await visit(sessions, cookie)
  const open = await sessions.writer.begin(req, res, () => session)
  return { open, cookie: String(res.getHeader('set-cookie')).split(';')[0] as string }
}

export async function end(sessions: Sessions, cookie: string): Promise<void> {
  const [req, res] = await visit(sessions, cookie)
  await sessions.writer.end(req, res, 'signed-out')
}
