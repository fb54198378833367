import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from '../support/postgres-server.ts'

/** Again, after `kill`. For a moment the old server's last processes hold on to its memory. */
export async function comeBack(postgres: PostgresServer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await postgres.start()
    } catch (error) {
      if (attempt === 20) throw error
      await sleep(100)
    }
  }
}
