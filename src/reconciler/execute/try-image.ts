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
  const wanted = { image, imageUser: facts.user }
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

const dumpCommand = [
  '--no-raw',
  'EVAL',
  "redis.call('SET', KEYS[1], '1'); return redis.call('DUMP', KEYS[1])",
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

/** The verdicts with those of a start: what a server ends over is wrong, and what CONFIG SET did not know and a file may have is for starts. */
async function withFileVerdicts(
  tools: TrialTools,
  wanted: { readonly image: string; readonly imageUser: string },
  { asked, options }: { readonly asked: Interviewed; readonly options: RedisOptions },
): Promise<Answered> {
  const { undecided, ...answered } = asked
  const filed = Object.fromEntries(
    Object.entries(options).filter(([name]) => answered.options[name]?.verdict !== 'invalid'),
  )
  if (Object.keys(filed).length === 0) return answered
  const started = await withTrialServer(tools, { ...wanted, options: filed }, server =>
    Promise.resolve(server),
  )
  return { ...answered, options: { ...answered.options, ...judge(started, { answered, filed, undecided }) } }
}

function judge(
  started: TrialServer,
  {
    answered,
    filed,
    undecided,
  }: {
    readonly answered: Answered
    readonly filed: RedisOptions
    readonly undecided: Interviewed['undecided']
  },
): Readonly<Record<string, OptionVerdict>> {
  if (started.kind === 'up')
    return keep(answered, Object.keys(filed), verdict => ({ ...verdict, message: null }))
  const blame = readBlame(started.log)
  if (blame !== null && filed[blame.option] !== undefined)
    return keep(answered, [blame.option], verdict => ({
      ...verdict,
      verdict: undecided[blame.option]?.kind === 'unknown' ? 'unknown' : 'invalid',
      message: blame.message === '' ? verdict.message : blame.message,
    }))
  // It says something else: of those that only a start can judge one must be the reason, and it does not say which.
  const suspects = Object.keys(filed).filter(name => answered.options[name]?.verdict === 'restart')
  const names = suspects.length > 0 ? suspects : Object.keys(filed)
  const message = `a server that starts with it does not come up: ${started.reason}`
  return keep(answered, names, verdict => ({ ...verdict, verdict: 'invalid', message }))
}

function keep(
  { options }: Answered,
  names: readonly string[],
  change: (verdict: OptionVerdict) => OptionVerdict,
): Readonly<Record<string, OptionVerdict>> {
  return Object.fromEntries(
    names.flatMap(name => {
      const verdict = options[name]
      return verdict === undefined ? [] : [[name, change(verdict)]]
    }),
  )
}
