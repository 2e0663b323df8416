import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readDesired } from '../../daemon/manifest-source.js'
import { explainError, FlotillaError } from '../../errors.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import type { Desires } from '../../manifest/desired.js'
import { parseManifest } from '../../manifest/parse.js'
import type { FlotillaSpec, SourceSpec } from '../../manifest/spec.js'
import { masterName } from '../../reconciler/names.js'
import { newMemory } from '../../reconciler/memory.js'
import { seeSource, sourceTarget } from '../../reconciler/observe/source.js'
import { lookAt } from '../../reconciler/pass.js'
import { readPasswordFile } from '../../reconciler/password-file.js'
import { readAnySecretFile } from '../../secret-files.js'
import { renderPlan } from '../../reconciler/plan/text.js'
import type { SourceLogin } from '../../redis/redis.js'
import { writeFileAtomically } from '../../state/files.js'
import { flotillaVersion } from '../../version.js'
import { askForMaster } from '../ask.js'
import { credentialsIfThere } from '../look.js'
import type { Output } from '../output.js'
import { exitCode } from '../exit-codes.js'
import { reportAnswer } from '../report-answer.js'
import { folderOf } from '../open-store.js'
import type { Places } from '../open-store.js'
import { openSession, type Environment, type Session } from '../session.js'
import { bringUp } from '../up.js'
import { askPassword, isAgreed } from '../ask-person.js'
import { manifestFor } from './manifest-text.js'
import { namesOn } from './names-on.js'
import { nameFor, needFreeName, surveyOf, type FoundRedis, type Survey } from './survey.js'

export interface AdoptRequest {
  readonly places: Places
  readonly env: Environment
  readonly containers: readonly string[]
  /** Null: made from the master's container name. */
  readonly name: string | null
  readonly user: string | null
  readonly passwordFile: string | null
  /** Stops before the take-over. */
  readonly followOnly: boolean
  readonly yes: boolean
  readonly timeoutMs: number
}

/**
 * Takes over a master and its replicas that a person started by hand: writes the manifest of a flotilla that follows it, brings that up, and has it take over without losing a
 * write. The old containers are asked what they are; the master is paused and made read-only at the end; nothing else of them is touched. Typed again it goes on where it stopped.
 * @returns whether all of it is done.
 */
export async function adopt(request: AdoptRequest, output: Output): Promise<boolean> {
  const name = (await goesOn(request)) ?? (await declare(request, output))
  if (name === null) return false
  const { places, env, timeoutMs, followOnly } = request
  const up = { places, env, names: [name], timeoutMs }
  if (!(await bringUp(up, output)).allReady) return false
  if (followOnly) {
    output.note(
      `${name} follows; when its clients are ready for ${masterName(name)}, type: flotilla promote ${name}`,
    )
    return true
  }
  const wanted = { kind: 'take-over', to: null, force: false } as const
  const answer = await askForMaster({ places, env, name, timeoutMs }, wanted, output)
  if (reportAnswer(output, name, answer) !== exitCode.done || !(await bringUp(up, output)).allReady)
    return false
  for (const line of farewell(name, request.containers)) output.note(line)
  return true
}

/** The flotilla that follows one of these containers already. */
async function goesOn({ places, env, containers }: AdoptRequest): Promise<string | null> {
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const found = [...desired.flotillas.values()].find(
      ({ spec }) =>
        spec.bootstrap?.at.kind === 'container' && containers.includes(spec.bootstrap.at.container),
    )
    return found?.spec.name ?? null
  } finally {
    session.close()
  }
}

/** Looks, shows, asks, and writes the manifest. @returns the flotilla's name; null when the person said no. */
async function declare(request: AdoptRequest, output: Output): Promise<string | null> {
  const session = await openSession(request.places, request.env)
  try {
    const { login, found } = await lookAtAll(session, request)
    const survey = surveyOf(found)
    const { desired } = await readDesired(request.places.manifests, session.store)
    const draft = await draftOf(session, request, { survey, login, desired })
    output.note(`found ${wordsOf(survey)}`)
    for (const remark of survey.remarks) output.note(`  mind: ${remark}`)
    output.note(`\n${draft.file}:\n${indented(draft.text)}`)
    output.note(`then:\n${indented(await planOf(session, draft.spec, login))}`)
    output.note(
      request.followOnly
        ? `${survey.master.container} is followed, and not changed`
        : `once all are in sync: writes on ${survey.master.container} wait for some milliseconds, ${masterName(draft.spec.name)} takes over, and ${survey.master.container} is read-only from then on, with all that it holds`,
    )
    if (
      !request.yes &&
      !(await isAgreed('Do this? Type yes: ', { otherwise: 'Add --yes to do what is shown above.' }))
    ) {
      output.note('nothing was done')
      return null
    }
    if (draft.password !== null)
      await writeFileAtomically(draft.password.path, `${draft.password.text}\n`, { mode: 0o600 })
    await writeFileAtomically(draft.file, draft.text, { mode: 0o644 })
    return draft.spec.name
  } finally {
    session.close()
  }
}

/** Every container asked what it is; who needs a password that was not given is asked for, once. */
async function lookAtAll(
  session: Session,
  request: AdoptRequest,
): Promise<{ readonly login: SourceLogin | null; readonly found: readonly FoundRedis[] }> {
  const { user, passwordFile, containers } = request
  const given =
    passwordFile === null
      ? null
      : {
          user,
          password: await readPasswordFile(passwordFile, readAnySecretFile, {
            flotilla: 'to be',
            field: '--password-file',
          }),
        }
  try {
    return { login: given, found: await lookWith(session, containers, given) }
  } catch (error) {
    if (!(error instanceof WantsPassword) || given !== null) throw error
    const password = await askPassword(`${error.container} wants a password (it is not shown): `)
    if (password === null) throw error
    const login = { user, password }
    return { login, found: await lookWith(session, containers, login) }
  }
}

class WantsPassword extends FlotillaError {
  readonly container: string

  constructor(container: string, reason: string) {
    super('usage/invalid', `${container} does not let us in: ${reason}`, {
      hint: 'Put its password into a file (mode 0600) and add: --password-file <file>',
    })
    this.container = container
  }
}

function lookWith(
  session: Session,
  containers: readonly string[],
  login: SourceLogin | null,
): Promise<readonly FoundRedis[]> {
  return Promise.all(containers.map(container => lookAtOne(session, container, login)))
}

async function lookAtOne(
  session: Session,
  container: string,
  login: SourceLogin | null,
): Promise<FoundRedis> {
  const from: SourceSpec = {
    at: { kind: 'container', container, port: 6_379 },
    user: null,
    passwordFile: null,
  }
  const seen = await seeSource(session.eyes, container, { from, login, external: [] })
  const { probe, problem } = seen
  if (problem !== null) throw new FlotillaError('usage/invalid', problem, { hint: 'See: docker ps -a' })
  if (probe?.kind === 'denied') throw new WantsPassword(container, probe.reason)
  const target = sourceTarget(container, seen, login)
  if (probe?.kind !== 'answered' || target === null)
    throw new FlotillaError(
      'redis/unreachable',
      `${container} does not answer as a Redis: ${probe !== null && 'reason' in probe ? probe.reason : 'it is not reached from here'}`,
      { hint: `See: docker logs ${container}` },
    )
  const facts = await session.runtime.inspectContainer(container)
  const option = async (name: string): Promise<string> => {
    const pair = await session.redis.command(target, ['CONFIG', 'GET', name], { deadlineMs: 5_000 })
    return Array.isArray(pair) ? String(pair[1] ?? '') : ''
  }
  return {
    container,
    image: facts?.image ?? '',
    networks: (facts?.networks ?? []).filter(one => one.address !== null).map(one => one.network),
    facts: probe.facts,
    savesSnapshots: (await option('save')) !== '',
    clusterEnabled: (await option('cluster-enabled')) === 'yes',
    databases: Number(await option('databases')),
    sentinels: await session.redis.listSentinels(target, { deadlineMs: 5_000 }),
  }
}

interface Draft {
  readonly file: string
  readonly text: string
  readonly spec: FlotillaSpec
  readonly password: { readonly path: string; readonly text: string } | null
}

/** @throws FlotillaError usage/invalid when the name is taken, or what would be written is no manifest. */
async function draftOf(
  session: Session,
  request: AdoptRequest,
  known: { readonly survey: Survey; readonly login: SourceLogin | null; readonly desired: Desires },
): Promise<Draft> {
  const { survey, login, desired } = known
  const answering = await namesOn(session.runtime, survey.external)
  const name = request.name ?? nameFor(survey.master.container, [...answering, ...desired.flotillas.keys()])
  needFreeName(name, { answering, external: survey.external })
  const folder = folderOf(request.places.manifests)
  const file = join(folder, `${name}.yaml`)
  const passwordPath = join(folder, `${name}.password`)
  const taken = [file, ...(login === null ? [] : [passwordPath])].find(existsSync)
  if (desired.flotillas.has(name) || taken !== undefined)
    throw new FlotillaError('usage/invalid', `${taken ?? `a flotilla ${name}`} is there already`, {
      hint: 'Choose another name: --name <flotilla>',
    })
  const passwordFile = login === null ? null : basename(passwordPath)
  const text = manifestFor(survey, { name, user: request.user, passwordFile })
  const { declared, diagnostics } = parseManifest(text, { file })
  const [only] = declared
  if (only === undefined)
    throw new FlotillaError(
      'usage/invalid',
      `this can't be declared: ${diagnostics.map(renderDiagnostic).join('; ')}`,
    )
  const password = login === null ? null : { path: passwordPath, text: login.password.reveal() }
  return { file, text, spec: only.spec, password }
}

async function planOf(session: Session, spec: FlotillaSpec, login: SourceLogin | null): Promise<string> {
  try {
    const { plan } = await lookAt(session.eyes, {
      spec,
      memory: newMemory(spec.name),
      credentials: await credentialsIfThere(session, spec),
      sourceLogin: login,
      ...{ auth: null, readers: null },
      tls: null,
      setting: { spec, publish: session.reach.mode === 'published', flotillaVersion },
      inHaste: false,
    })
    return renderPlan(plan)
  } catch (error) {
    return explainError(error)
  }
}

function wordsOf({ master, replicas }: Survey): string {
  const { facts, container, image } = master
  const others = replicas.map(one => one.container).join(', ')
  return `${container}, a master (${image}, ${facts.keys} keys)${others === '' ? ', without replicas' : `, and its replicas ${others}`}`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

function farewell(name: string, containers: readonly string[]): readonly string[] {
  return [
    `clients find the master as ${masterName(name)} now: flotilla connect ${name}`,
    `the old containers run on with what they held, read-only as long as they are not restarted; when no client uses them any more, type: docker rm -f ${containers.join(' ')}`,
    'spec.bootstrap in the manifest is without effect now; take it out when you like',
  ]
}
