import { FlotillaError } from '../../errors.js'
import { liveValue, type RedisOptions } from '../../redis/options.js'
import {
  readBlame,
  readConfigLines,
  readRdbVersion,
  readSetReply,
  type SetReply,
} from '../../redis/trial-replies.js'
import type { OptionVerdict, Trial, TrialOutcome } from '../trial.js'
import type { ImageFacts } from '../../runtime/runtime.js'
import { withTrialServer, type TrialServer, type TrialTools } from './trial-container.js'

/**
 * Asks an image on a throwaway container what it is and what it makes of these options, before a node is touched for their sake. A first server has none of
 * them: it tells its version and its defaults, and CONFIG SET on it tells which options are for running servers. A second one has those in its file that the
 * first did not refuse, as every node will: that alone shows what those are worth that are read at a start only.
 * @throws FlotillaError runtime/… where the engine is to blame, not the image.
 */
export async function tryImage(
  tools: TrialTools,
  { image, options }: { readonly image: string; readonly options: RedisOptions },
): Promise<Trial> {
  const facts = await tools.runtime.findImage(image, { signal: tools.signal })
  if (facts === null)
    throw new FlotillaError('runtime/image-unavailable', `try image ${image}: it is not on this engine`)
  const wanted = { image, facts }
  const asked = await withTrialServer(tools, { ...wanted, options: {} }, server => interview(server, options))
  const outcome = asked.kind === 'failed' ? asked : await withFileVerdicts(tools, wanted, { asked, options })
  return { image, imageId: facts.imageId, atMs: tools.nowMs(), outcome }
}

type Answered = Extract<TrialOutcome, { kind: 'answered' }>

/** What CONFIG SET said, for those options that only a start can judge. */
interface Interviewed extends Answered {
  readonly undecided: Readonly<Record<string, SetReply>>
}

async function interview(
  server: TrialServer,
  options: RedisOptions,
): Promise<Interviewed | Extract<TrialOutcome, { kind: 'failed' }>> {
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

/** All at once, which is right as a rule; where it is not, each alone, so that the one to blame is known. 6.2 takes no more than one anyway. */
async function setOptions(
  server: Extract<TrialServer, { kind: 'up' }>,
  options: RedisOptions,
): Promise<Readonly<Record<string, SetReply>>> {
  const pairs = Object.entries(options).map(([name, values]) => [name, liveValue(values)] as const)
  const all = readSetReply(await server.ask('CONFIG', 'SET', ...pairs.flat()))
  if (all.kind === 'set' || pairs.length === 1)
    return Object.fromEntries(pairs.map(([name]) => [name, all] as const))
  const replies: Record<string, SetReply> = {}
  for (const [name, value] of pairs)
    replies[name] = readSetReply(await server.ask('CONFIG', 'SET', name, value))
  return replies
}

/** Each start can name one option that it ends over; this many are found in one trial. */
const startsMax = 5

/** The verdicts with those of a start: what a server ends over is wrong, and what CONFIG SET did not know and a file may have is for starts. */
async function withFileVerdicts(
  tools: TrialTools,
  wanted: { readonly image: string; readonly facts: ImageFacts },
  { asked, options }: { readonly asked: Interviewed; readonly options: RedisOptions },
): Promise<Answered> {
  const { undecided, ...answered } = asked
  let judged = answered.options
  for (let starts = 0; starts < startsMax; starts++) {
    const filed = Object.fromEntries(Object.entries(options).filter(([name]) => mayBeFiled(judged[name])))
    if (Object.keys(filed).length === 0) break
    const started = await withTrialServer(tools, { ...wanted, options: filed }, server =>
      Promise.resolve(server),
    )
    if (started.kind === 'up') {
      judged = change(judged, Object.keys(filed), verdict => ({ ...verdict, message: null }))
      break
    }
    judged = withBlame(judged, { started, filed, undecided })
  }
  return { ...answered, options: judged }
}

type Verdicts = Answered['options']

function mayBeFiled(verdict: OptionVerdict | undefined): boolean {
  return verdict?.verdict === 'live' || verdict?.verdict === 'restart'
}

function withBlame(
  verdicts: Verdicts,
  {
    started,
    filed,
    undecided,
  }: {
    readonly started: Extract<TrialServer, { kind: 'down' }>
    readonly filed: RedisOptions
    readonly undecided: Interviewed['undecided']
  },
): Verdicts {
  const blame = readBlame(started.log)
  if (blame !== null && filed[blame.option] !== undefined)
    return change(verdicts, [blame.option], verdict => ({
      ...verdict,
      verdict: undecided[blame.option]?.kind === 'unknown' ? 'unknown' : 'invalid',
      message: blame.message === '' ? verdict.message : blame.message,
    }))
  // It says something else: of those that only a start can judge one must be the reason, and it does not say which.
  const suspects = Object.keys(filed).filter(name => verdicts[name]?.verdict === 'restart')
  const message = `a server that starts with it does not come up: ${started.reason}`
  return change(verdicts, suspects.length > 0 ? suspects : Object.keys(filed), verdict => ({
    ...verdict,
    verdict: 'invalid',
    message,
  }))
}

function change(
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
