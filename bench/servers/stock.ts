import { Agent } from 'node:http'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import helmet from 'helmet'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { createClient } from 'redis'

declare module 'express-session' {
  interface SessionData {
    user: { id: string }
    token: string
  }
}

/** What every tutorial builds: helmet, express-session with connect-redis, the token set in a middleware, http-proxy-middleware. */
const client = createClient({ url: process.env['REDIS_URL'] as string })
await client.connect()
const app = express()
app.use(helmet())
app.use(
  session({
    store: new RedisStore({ client }),
    secret: 'bench',
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000 },
  }),
)
app.post('/login', (req, res) => {
  req.session.user = { id: 'u1' }
  req.session.token = 'x'.repeat(600)
  res.end()
})
app.use(express.static(process.env['SPA_DIR'] as string))
app.use(
  '/api',
  (req, res, next) => {
    if (!req.session.user) {
      res.sendStatus(401)
      return
    }
    req.headers['authorization'] = `Bearer ${req.session.token}`
    delete req.headers.cookie
    next()
  },
  createProxyMiddleware({
    target: `${process.env['UPSTREAM']}/api`,
    changeOrigin: true,
    agent: new Agent({ keepAlive: true }),
  }),
)
app.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'))
