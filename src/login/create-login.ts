import express, { type RequestHandler, type Router } from 'express'
import { deleteAccount } from './account-deletion.ts'
import { logOutByProvider } from './backchannel-logout.ts'
import { finishLogin } from './callback.ts'
import { listIdentities, unlinkIdentity } from './identities.ts'
import { startLink } from './link.ts'
import type { LoginRoom } from './login-room.ts'
import { logOut } from './logout.ts'
import { refuseOtherMethods, requireNavigation } from './navigation.ts'
import { showProviderLogout } from './provider-logout.ts'
import { takeUnlinkNotice } from './provider-notices.ts'
import { endOtherSessions, endSession, listSessions, showSession } from './session-routes.ts'
import { startLogin } from './start.ts'
import { turnStoreOutageAway } from './store-outage.ts'

/** Everything under `/auth` that a person's browser does, but sign-up. */
export function createLogin(room: LoginRoom): Router {
  const router = newRouter()
  const { load } = room.sessions.writer
  const json = express.json({ limit: '4kb' })
  const form = express.urlencoded({ limit: '4kb', extended: false })
  const away = turnStoreOutageAway(room)

  router.all(['/login', '/login/:provider'], requireNavigation, load, startLogin(room), away)
  router.all('/callback/:provider', requireNavigation, load, finishLogin(room), away)
  router.all('/link/:provider', requireNavigation, load, startLink(room), away)

  router.route('/providers').get(showProviders(room)).all(refuseOtherMethods('GET, HEAD'))
  router.route('/session').get(load, showSession(room)).all(refuseOtherMethods('GET, HEAD'))
  router.route('/logout').post(load, json, form, logOut(room)).all(refuseOtherMethods('POST'))
  router.all('/logout/provider', requireNavigation, showProviderLogout(room))
  router
    .route('/sessions')
    .get(load, listSessions(room))
    .delete(load, endOtherSessions(room))
    .all(refuseOtherMethods('GET, HEAD, DELETE'))
  router.route('/sessions/:id').delete(load, endSession(room)).all(refuseOtherMethods('DELETE'))
  router.route('/identities').get(load, listIdentities(room)).all(refuseOtherMethods('GET, HEAD'))
  router.route('/identities/:provider').delete(load, unlinkIdentity(room)).all(refuseOtherMethods('DELETE'))
  router.route('/account').delete(load, deleteAccount(room)).all(refuseOtherMethods('DELETE'))
  return router
}

/** What providers' servers call; judged by a signature or a key of theirs, not by where a browser says it comes from. */
export function createProviderCalls(room: LoginRoom): Router {
  const router = newRouter()
  const form = express.urlencoded({ limit: '16kb', extended: false })
  router
    .route('/backchannel-logout/:provider')
    .post(form, logOutByProvider(room))
    .all(refuseOtherMethods('POST'))
  router
    .route('/webhooks/:provider')
    .get(takeUnlinkNotice(room))
    .post(form, takeUnlinkNotice(room))
    .all(refuseOtherMethods('GET, POST'))
  return router
}

function newRouter(): Router {
  return express.Router({ caseSensitive: true, strict: true })
}

function showProviders({ providers, lastProvider }: LoginRoom): RequestHandler {
  return (req, res) => {
    const last = lastProvider.read(req)
    const all = [...providers.all.values()].map(({ id, name }) => ({
      id,
      name,
      loginUrl: `/auth/login/${id}`,
      ...(id === last && { lastUsed: true }),
    }))
    res.json({ providers: all })
  }
}
