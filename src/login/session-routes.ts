import type { RequestHandler } from 'express'
import { Problem } from '../http/problem.ts'
import type { LoginRoom } from './login-room.ts'
import { requireMember, requireProof } from './member.ts'

/** `GET /auth/session`: who the caller is, and never an error for being nobody. */
export function showSession(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const { describe, writer } = room.sessions
    const open = writer.current(req)
    if (open) {
      res.json(describe(open))
      return
    }
    const reason = await writer.endReason(req)
    res.json({ state: 'anonymous', ...(reason && { reason }) })
  }
}

/** `GET /auth/sessions`: where the caller is signed in. */
export function listSessions(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const open = requireMember(room, req)
    const entries = await room.sessions.index.list(open.session.user.id)
    res.json({
      sessions: entries.map(({ handle, provider, device, createdAt, lastSeenAt }) => ({
        id: handle,
        current: handle === open.handle,
        provider,
        device,
        createdAt: new Date(createdAt).toISOString(),
        lastSeenAt: new Date(lastSeenAt).toISOString(),
      })),
    })
  }
}

/** `DELETE /auth/sessions/{id}`: ends one of the caller's sessions (ASVS V7.5.2). */
export function endSession(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const open = requireMember(room, req)
    requireProof(req)
    const handle = String(req.params['id'])
    if (handle === open.handle) await room.sessions.writer.end(req, res, 'signed-out')
    else {
      const ended = await room.sessions.index.end({ handle, userId: open.session.user.id }, 'ended-elsewhere')
      if (ended === 0) throw new Problem('not-found')
    }
    room.log.info('session.ended', { handle, by: open.handle })
    res.status(204).end()
  }
}

/** `DELETE /auth/sessions`: ends all of the caller's sessions but this one. */
export function endOtherSessions(room: LoginRoom): RequestHandler {
  return async (req, res) => {
    const open = requireMember(room, req)
    requireProof(req)
    const selector = { userId: open.session.user.id, except: open.handle }
    const ended = await room.sessions.index.end(selector, 'ended-elsewhere')
    room.log.info('session.others-ended', { ended, by: open.handle })
    res.status(204).end()
  }
}
