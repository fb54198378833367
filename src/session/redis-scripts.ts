import { type CommandParser, defineScript } from 'redis'

/** One key, some arguments, an integer: what nearly every script of ours is like. */
function singleKeyScript(SCRIPT: string) {
  return defineScript({
    SCRIPT,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser: CommandParser, key: string, ...rest: string[]) {
      parser.pushKey(key)
      parser.push(...rest)
    },
    transformReply: (reply: unknown) => Number(reply),
  })
}

/** A record's use, to be written down. */
export interface Slide {
  readonly key: string
  /** ms. */
  readonly seenAt: number
  readonly ttlMs: number
}

/**
 * Lua on one key each, or on as many as one server has: atomic in Redis, routable in Cluster. Values are `revision:seenAt:sealed` or `ended:reason:at`.
 */
export const redisScripts = {
  /** ARGV: revision to replace (0: create), seenAt, sealed, ttl. 1 written, 0 conflict, -1 gone. */
  writeRecord: singleKeyScript(`
    local found = redis.call('GET', KEYS[1])
    local revision, seen = string.match(found or '', '^(%d+):(%d+):')
    if ARGV[1] == '0' then
      if found then return -1 end
      revision, seen = '0', '0'
    end
    if not revision then return -1 end
    if revision ~= ARGV[1] then return 0 end
    if tonumber(seen) < tonumber(ARGV[2]) then seen = ARGV[2] end
    local value = string.format('%d:%s:%s', tonumber(revision) + 1, seen, ARGV[3])
    redis.call('SET', KEYS[1], value, 'PX', ARGV[4])
    return 1`),
  /** ARGV: seenAt and ttl of each key. */
  slideRecords: defineScript({
    SCRIPT: `
    for index, key in ipairs(KEYS) do
      local now, ttl = ARGV[index * 2 - 1], ARGV[index * 2]
      local revision, seen, sealed = string.match(redis.call('GET', key) or '', '^(%d+):(%d+):(.*)$')
      if revision and tonumber(seen) < tonumber(now) then
        redis.call('SET', key, revision .. ':' .. now .. ':' .. sealed, 'PX', ttl)
      end
    end
    return 1`,
    parseCommand(parser: CommandParser, slides: readonly Slide[]) {
      parser.pushKeysLength(slides.map(({ key }) => key))
      for (const { seenAt, ttlMs } of slides) parser.push(String(seenAt), String(ttlMs))
    },
    transformReply: (reply: unknown) => Number(reply),
  }),
  /** ARGV: `ended:reason:at`, ttl. 1: the record was live. */
  endRecord: singleKeyScript(`
    local found = redis.call('GET', KEYS[1]) or ''
    if string.sub(found, 1, 6) == 'ended:' then return 0 end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return string.match(found, '^%d+:%d+:') and 1 or 0`),
  /** ARGV: field, value, ttl of the whole hash. */
  addEntry: singleKeyScript(`
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
    return 1`),
  /** ARGV: `endedAt:sealed`, how many stay, how long each stays, now. The latest end first, whenever it is noted. */
  noteEnd: singleKeyScript(`
    local function age(value) return tonumber(ARGV[4]) - tonumber(string.match(value, '^%d+')) end
    local older
    for _, value in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
      if age(value) >= age(ARGV[1]) then older = value break end
    end
    if older then redis.call('LINSERT', KEYS[1], 'BEFORE', older, ARGV[1])
    else redis.call('RPUSH', KEYS[1], ARGV[1]) end
    redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[2]) - 1)
    local oldest = redis.call('LINDEX', KEYS[1], -1)
    while oldest and age(oldest) >= tonumber(ARGV[3]) do
      redis.call('RPOP', KEYS[1])
      oldest = redis.call('LINDEX', KEYS[1], -1)
    end
    local latest = redis.call('LINDEX', KEYS[1], 0)
    if latest then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[3] - age(latest))) end
    return 1`),
}
