import { z } from 'zod'
import type { Immutable } from '../model/immutable.js'

/**
 * A key and what it holds, as a digest that does not depend on how a server keeps it: fields and members are
 * put in order first. `ttlAtMs`: when it expires; null: never.
 */
const sampledKey = z.object({
  database: z.int().nonnegative(),
  /** Hexadecimal: keys are bytes. */
  key: z.string().regex(/^([0-9a-f]{2})*$/),
  digest: z.string(),
  ttlAtMs: z.number().nullable(),
})

export type SampledKey = Immutable<z.infer<typeof sampledKey>>

const sampleShape = z.array(sampledKey)

/** Enough that a file with wrong data in it is not missed, few enough that no client notices. */
export const sampleSize = 64
/** A script runs alone in a server: what is larger is not read. */
const valueBytesMax = 16_384
const membersMax = 256

/**
 * What both scripts share. A value that is too large counts by its size alone. Reads only, so that a replica
 * runs it too, and every command in it is one that 6.2 and a restricted user have.
 */
const digestFunction = `
local function hex(s) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end
local function joined(list) table.sort(list); return table.concat(list, '|') end
local function digest(key)
  local kind = redis.call('TYPE', key)['ok']
  local parts = {}
  if kind == 'none' then return nil end
  if kind == 'string' then
    local length = redis.call('STRLEN', key)
    parts = { tostring(length), length <= ${valueBytesMax} and redis.call('GET', key) or '' }
  elseif kind == 'hash' then
    local length = redis.call('HLEN', key)
    parts[1] = tostring(length)
    if length <= ${membersMax} then
      local flat, pairs = redis.call('HGETALL', key), {}
      for i = 1, #flat, 2 do pairs[#pairs + 1] = hex(flat[i]) .. '=' .. hex(flat[i + 1]) end
      parts[2] = joined(pairs)
    end
  elseif kind == 'set' then
    local length = redis.call('SCARD', key)
    parts[1] = tostring(length)
    if length <= ${membersMax} then
      local members = redis.call('SMEMBERS', key)
      for i, member in ipairs(members) do members[i] = hex(member) end
      parts[2] = joined(members)
    end
  elseif kind == 'list' then
    parts[1] = tostring(redis.call('LLEN', key))
    for _, item in ipairs(redis.call('LRANGE', key, 0, ${membersMax})) do parts[#parts + 1] = hex(item) end
  elseif kind == 'zset' then
    parts[1] = tostring(redis.call('ZCARD', key))
    for _, item in ipairs(redis.call('ZRANGE', key, 0, ${membersMax}, 'WITHSCORES')) do parts[#parts + 1] = hex(item) end
  elseif kind == 'stream' then
    parts[1] = tostring(redis.call('XLEN', key))
  end
  return redis.sha1hex(kind .. ':' .. table.concat(parts, '|'))
end
`

/**
 * As many random keys of one database, each with its digest and its time to live in ms (-1: none), as one
 * flat list.
 */
export const drawScript = `${digestFunction}
redis.call('SELECT', ARGV[1])
local seen, result = {}, {}
for _ = 1, tonumber(ARGV[2]) do
  local key = redis.call('RANDOMKEY')
  if key and not seen[key] then
    seen[key] = true
    local found = digest(key)
    if found then
      result[#result + 1] = hex(key)
      result[#result + 1] = found
      result[#result + 1] = tostring(redis.call('PTTL', key))
    end
  end
end
return result
`

/** The digests of these keys of one database, in their order; empty for one that is not there. */
export const digestScript = `${digestFunction}
redis.call('SELECT', ARGV[1])
local result = {}
for i = 2, #ARGV do
  local key = ARGV[i]:gsub('..', function(byte) return string.char(tonumber(byte, 16)) end)
  result[#result + 1] = digest(key) or ''
end
return result
`

/** How a server is asked; its replies as RESP values. */
export type Evaluate = (script: string, args: readonly string[]) => Promise<unknown>

/** Some keys of each database, more of those that hold more. */
export async function drawSample(
  evaluate: Evaluate,
  keysByDatabase: Readonly<Record<string, number>>,
  nowMs: number,
): Promise<readonly SampledKey[]> {
  const total = Object.values(keysByDatabase).reduce((sum, keys) => sum + keys, 0)
  const sample: SampledKey[] = []
  for (const [database, keys] of Object.entries(keysByDatabase)) {
    const share = Math.max(1, Math.round((sampleSize * keys) / Math.max(total, 1)))
    const flat = stringsIn(await evaluate(drawScript, [database, String(share)]))
    for (let at = 0; at + 2 < flat.length; at += 3) {
      const ttlMs = Number(flat[at + 2])
      const ttlAtMs = ttlMs < 0 ? null : nowMs + ttlMs
      sample.push({ database: Number(database), key: flat[at] ?? '', digest: flat[at + 1] ?? '', ttlAtMs })
    }
  }
  return sample
}

/** Those of a sample that hold the same in this server. */
export async function keepUnchanged(
  evaluate: Evaluate,
  sample: readonly SampledKey[],
): Promise<readonly SampledKey[]> {
  const kept: SampledKey[] = []
  for (const database of new Set(sample.map(one => one.database))) {
    const keys = sample.filter(one => one.database === database)
    const digests = stringsIn(await evaluate(digestScript, [String(database), ...keys.map(({ key }) => key)]))
    kept.push(...keys.filter(({ digest }, index) => digests[index] === digest))
  }
  return kept
}

export function renderSample(sample: readonly SampledKey[]): string {
  return JSON.stringify(sample)
}

/** @returns null for what is none. */
export function parseSample(text: string): readonly SampledKey[] | null {
  try {
    return sampleShape.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function stringsIn(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
