import { parseArgs } from 'node:util'
import { runDemo } from './demo.ts'

try {
  // `npm run demo -- --dev`: for working on the pages.
  const { values } = parseArgs({ options: { dev: { type: 'boolean', default: false } } })
  const demo = await runDemo({ port: Number(process.env['PORT'] ?? 3000), development: values.dev })
  console.log(`
  Coatcheck demo     ${demo.url}

  Try:  sign in as a newcomer, choose a name and a character, write a note;
        compare what the browser holds with what the API received;
        say no at the sign-in page, or let the provider break down;
        sign in from a second browser, and end that session from the first.

  Kakao, Naver and Google are simulated, users and sessions live until Ctrl-C.
${values.dev ? '  The pages come from Vite: edit demo/spa/src and look.\n' : ''}`)
  let ending = false
  const end = (code: number) => {
    if (!ending) void demo.close().then(() => process.exit(code))
    ending = true
  }
  process.on('SIGINT', () => end(0))
  process.on('SIGTERM', () => end(0))
  await demo.ended
  end(1)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
