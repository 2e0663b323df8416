import { FlotillaError } from '../../errors.js'
import { configSetValue } from '../../redis/options.js'
import {
  readConfigError,
  readConfigLines,
  readRdbVersion,
  parseConfigSetReply,
  type ConfigSetReply,
} from '../../redis/probe-replies.js'
import { withProbeServer, type ProbeServer, type ProbeTools } from './probe-container.js'
import type { ImageFacts } from '../../model/engine.js'
import type { RedisOptions } from '../../model/redis.js'
import type { OptionVerdict, ImageProbe, ImageProbeOutcome } from '../../model/image-probe.js'

/**
 * Asks an image on a throwaway container what it is and what it makes of these options, before a node is
 * touched for their sake. A first server has none of them: it tells its version and its defaults, and CONFIG
 * SET on it tells which options are for running servers. A second one has those in its file that the first
 * did not refuse, as every node will: that alone shows what those are worth that are read at a start only.
 * @throws FlotillaError runtime/… where the engine is to blame, not the image.
 */
export async function probeImage(
  tools: ProbeTools,
  { image, options }: { readonly image: string; readonly options: RedisOptions },
): Promise<ImageProbe> {
  const facts = await tools.runtime.findImage(image, { signal: tools.signal })
  if (facts === null)
    throw new FlotillaError('runtime/image-unavailable', `try image ${image}: it is not on this engine`)
  const wanted = { image, facts }
  const answers = await withProbeServer(tools, { ...wanted, options: {} }, server =>
    askServer(server, options),
  )
  const outcome =
    answers.kind === 'failed' ? answers : await withStartVerdicts(tools, wanted, { answers, options })
  return { image, imageId: facts.imageId, atMs: tools.nowMs(), outcome }
}

type Answered = Extract<ImageProbeOutcome, { kind: 'answered' }>

/** What CONFIG SET said, for those options that only a start can judge. */
interface ServerAnswers extends Answered {
  readonly undecided: Readonly<Record<string, ConfigSetReply>>
}

async function askServer(
  server: ProbeServer,
  options: RedisOptions,
): Promise<ServerAnswers | Extract<ImageProbeOutcome, { kind: 'failed' }>> {
  if (server.kind === 'down') return { kind: 'failed', reason: server.reason, tried: options }
  const names = Object.keys(options)
  const rdbVersion = readRdbVersion(await server.ask(...dumpCommand))
  const answered = { kind: 'answered', ...server.identity, rdbVersion } as const
  if (names.length === 0) return { ...answered, options: {}, undecided: {} }
  const before = readConfigLines(await server.ask('CONFIG', 'GET', '*'))
  const replies = await setOptions(server, options)
  const after = readConfigLines(await server.ask('CONFIG', 'GET', '*'))
  const verdicts = names.map((name): [string, OptionVerdict] => {
    const reply = replies[name] ?? { kind: 'invalid', message: 'it was not asked' }
    const isSet = reply.kind === 'set'
    return [
      name,
      {
        tried: options[name] ?? [],
        verdict: isSet ? 'live' : reply.kind === 'invalid' ? 'invalid' : 'restart',
        byDefault: before.get(name) ?? null,
        reads: isSet ? (after.get(name) ?? null) : null,
        message: isSet ? null : reply.message,
      },
    ]
  })
  return { ...answered, options: Object.fromEntries(verdicts), undecided: replies }
}

/** A payload of DUMP ends in two bytes of version, low byte first, and eight of checksum. */
const dumpCommand = [
  'EVAL',
  "redis.call('SET', KEYS[1], '1'); return { redis.call('DUMP', KEYS[1]):byte(-10, -9) }",
  '1',
  'k',
]

/**
 * All at once, which is right as a rule; where it is not, each alone, so that the one to blame is known. 6.2
 * takes no more than one anyway.
 */
async function setOptions(
  server: Extract<ProbeServer, { kind: 'up' }>,
  options: RedisOptions,
): Promise<Readonly<Record<string, ConfigSetReply>>> {
  const pairs = Object.entries(options).map(([name, values]) => [name, configSetValue(values)] as const)
  const all = parseConfigSetReply(await server.ask('CONFIG', 'SET', ...pairs.flat()))
  if (all.kind === 'set' || pairs.length === 1)
    return Object.fromEntries(pairs.map(([name]) => [name, all] as const))
  const replies: Record<string, ConfigSetReply> = {}
  for (const [name, value] of pairs)
    replies[name] = parseConfigSetReply(await server.ask('CONFIG', 'SET', name, value))
  return replies
}

/** Each start can name one option that it ends over; this many are found in one probe. */
const startsMax = 5

/**
 * The verdicts with those of a start: what a server ends over is wrong, and what CONFIG SET did not know and
 * a file may have is for starts.
 */
async function withStartVerdicts(
  tools: ProbeTools,
  wanted: { readonly image: string; readonly facts: ImageFacts },
  { answers, options }: { readonly answers: ServerAnswers; readonly options: RedisOptions },
): Promise<Answered> {
  const { undecided, ...answered } = answers
  let judged = answered.options
  for (let starts = 0; starts < startsMax; starts++) {
    const configured = Object.fromEntries(
      Object.entries(options).filter(([name]) => mayBeWritten(judged[name])),
    )
    if (Object.keys(configured).length === 0) break
    const started = await withProbeServer(tools, { ...wanted, options: configured }, server =>
      Promise.resolve(server),
    )
    if (started.kind === 'up') {
      judged = updateVerdicts(judged, Object.keys(configured), verdict => ({ ...verdict, message: null }))
      break
    }
    judged = withBlame(judged, { started, configured, undecided })
  }
  return { ...answered, options: judged }
}

type Verdicts = Answered['options']

function mayBeWritten(verdict: OptionVerdict | undefined): boolean {
  return verdict?.verdict === 'live' || verdict?.verdict === 'restart'
}

function withBlame(
  verdicts: Verdicts,
  {
    started,
    configured,
    undecided,
  }: {
    readonly started: Extract<ProbeServer, { kind: 'down' }>
    readonly configured: RedisOptions
    readonly undecided: ServerAnswers['undecided']
  },
): Verdicts {
  const blame = readConfigError(started.log)
  if (blame !== null && configured[blame.option] !== undefined)
    return updateVerdicts(verdicts, [blame.option], verdict => ({
      ...verdict,
      verdict: undecided[blame.option]?.kind === 'unknown' ? 'unknown' : 'invalid',
      message: blame.message === '' ? verdict.message : blame.message,
    }))
  // It says something else: of those that only a start can judge one must be the reason, and it does not say
  // which.
  const suspects = Object.keys(configured).filter(name => verdicts[name]?.verdict === 'restart')
  const message = `a server that starts with it does not come up: ${started.reason}`
  return updateVerdicts(verdicts, suspects.length > 0 ? suspects : Object.keys(configured), verdict => ({
    ...verdict,
    verdict: 'invalid',
    message,
  }))
}

function updateVerdicts(
  verdicts: Verdicts,
  names: readonly string[],
  to: (verdict: OptionVerdict) => OptionVerdict,
): Verdicts {
  const changed = names.flatMap(name => {
    const verdict = verdicts[name]
    return verdict === undefined ? [] : [[name, to(verdict)] as const]
  })
  return { ...verdicts, ...Object.fromEntries(changed) }
}
