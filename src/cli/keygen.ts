import { generateKeySet } from '../api-token/key-file.ts'
import { randomToken } from '../crypto/random.ts'
import type { Command } from './command.ts'

/** Makes what a person must never make up: a signing key, or a secret. */
export const keygen: Command = {
  words: 'keygen',
  summary: 'print a new signing key as a JWK Set, or a new SESSION_SECRET',
  options: {
    secret: { type: 'boolean', meaning: 'print a secret for SESSION_SECRET or SERVICE_TOKEN_SECRET instead' },
  },
  remarks: [
    'Keep the key set readable by its owner alone: (umask 077; npx coatcheck keygen > keys.json)',
    'To rotate, put the new key in front of the old one in "keys": the first signs, all are published.',
    'Drop the old one when SERVICE_TOKEN_LIFETIME and the time that APIs cache keys have passed.',
  ],
  async run({ json, flag }, { out }) {
    if (!flag('secret')) out(JSON.stringify(await generateKeySet(), null, json ? undefined : 2))
    else if (json) out(JSON.stringify({ secret: randomToken() }))
    else out(randomToken())
    return 0
  },
}
