import { createServer } from 'node:http'
import { createCoatcheck } from 'coatcheck'
import { createApp } from './app.ts'

// Configured as the server is: PUBLIC_URL, PROVIDERS, … in the environment.
const coatcheck = await createCoatcheck()
const server = createServer(createApp(coatcheck))
server.on('upgrade', coatcheck.upgrade)
server.listen(Number(process.env['PORT'] ?? 3000))
process.once('SIGTERM', () => {
  server.close(() => coatcheck.close())
  server.closeIdleConnections()
})
