import type { Coatcheck } from 'coatcheck'
import express, { type Express, type RequestHandler } from 'express'

/** An Express application that was there before: its routes stay, and now know who is calling. */
export function createApp(coatcheck: Coatcheck): Express {
  const greetings = new Map<string, string>()
  const app = express()

  app.get('/hello', async (req, res) => {
    const member = await coatcheck.member(req)
    const name = member ? member['nickname'] : 'stranger'
    res.json({ hello: name, ...(member && { greeting: greetings.get(member.id) }) })
  })

  // A body parser belongs to one's own routes: whatever it reads, coatcheck cannot pass on to an API.
  app.put('/hello', fromOurPages, express.json(), async (req, res) => {
    const member = await coatcheck.member(req)
    if (member) greetings.set(member.id, String(req.body?.greeting))
    res.sendStatus(member ? 204 : 401)
  })

  // Last: /auth, the API routes and the single-page app; whatever else is a 404.
  app.use(coatcheck.app)
  return app
}

/** `member` says who is calling, not that they want to: other pages of the same site send the cookie, too (CSRF). */
const fromOurPages: RequestHandler = (req, res, next) => {
  if (req.get('Sec-Fetch-Site') === 'same-origin' || req.get('X-CSRF') === '1') next()
  else res.sendStatus(403)
}
