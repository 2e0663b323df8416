import { readDesired } from '../../daemon/manifest-source.js'
import { explainError } from '../../errors.js'
import { masterName } from '../../reconciler/names.js'
import { newMemory } from '../../reconciler/memory.js'
import { lookAt } from '../../reconciler/pass.js'
import { renderPlan } from '../../reconciler/plan/text.js'
import { applicationUser } from '../../redis/acl-user.js'
import type { SourceLogin } from '../../redis/redis.js'
import type { Secret } from '../../secret.js'
import { writeFileAtomically } from '../../state/files.js'
import { flotillaVersion } from '../../version.js'
import { askForMaster } from '../ask.js'
import { isAgreed } from '../ask-person.js'
import { exitCode } from '../exit-codes.js'
import { credentialsIfThere } from '../look.js'
import type { Places } from '../open-store.js'
import type { Output } from '../output.js'
import { reportAnswer } from '../report-answer.js'
import { openSession, type Environment, type Session } from '../session.js'
import { bringUp } from '../up.js'
import { draftOf, type Draft } from './draft.js'
import { lookAtAll, passwordIn, type Named } from './look.js'
import { needNoSentinels, watchedBy } from './sentinels.js'
import { surveyOf, type Survey } from './survey.js'
import type { KnownPasswords } from './users.js'

export interface AdoptRequest {
  readonly places: Places
  readonly env: Environment
  readonly containers: readonly Named[]
  /** Null: made from the master's container name. */
  readonly name: string | null
  readonly user: string | null
  readonly passwordFile: string | null
  /** Of other ACL users, by name. */
  readonly userPasswordFiles: ReadonlyMap<string, string>
  /** Stops before the take-over. */
  readonly followOnly: boolean
  /** Sentinels that watch them forget them before the take-over. */
  readonly removeSentinels: boolean
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
  await withoutSentinels(request, name, output)
  const wanted = { kind: 'take-over', to: null, force: false } as const
  const answer = await askForMaster({ places, env, name, timeoutMs }, wanted, output)
  if (reportAnswer(output, name, answer) !== exitCode.done || !(await bringUp(up, output)).allReady)
    return false
  for (const line of farewell(name, namesOf(request.containers))) output.note(line)
  return true
}

async function withoutSentinels(
  { places, env, containers, removeSentinels: remove }: AdoptRequest,
  name: string,
  output: Output,
): Promise<void> {
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const from = desired.flotillas.get(name)?.spec.bootstrap ?? null
    await needNoSentinels(session, { containers, from, remove }, output)
  } finally {
    session.close()
  }
}

/** The flotilla that follows one of these containers already. */
async function goesOn({ places, env, containers }: AdoptRequest): Promise<string | null> {
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const found = [...desired.flotillas.values()].find(
      ({ spec }) =>
        spec.bootstrap?.at.kind === 'container' && namesOf(containers).includes(spec.bootstrap.at.container),
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
    if (survey.sentinels.length > 0 && !request.removeSentinels) throw watchedBy(survey.sentinels)
    const { manifests } = request.places
    const { desired } = await readDesired(manifests, session.store)
    const passwords = await knownPasswords(request, login)
    const draft = await draftOf(
      session,
      { name: request.name, manifests },
      { survey, login, passwords, desired },
    )
    output.note(`found ${wordsOf(survey)}`)
    for (const remark of survey.remarks) output.note(`  note: ${remark}`)
    output.note(`\n${draft.file}:\n${indented(draft.text)}`)
    if (draft.left.length > 0)
      output.note(`not taken over:\n${draft.left.map(({ what, why }) => `  ${what}: ${why}`).join('\n')}\n`)
    output.note(`then:\n${indented(await planOf(session, draft, login))}`)
    if (survey.sentinels.length > 0 && !request.followOnly)
      output.note(
        `once all are in sync: the Sentinels at ${survey.sentinels.join(', ')} forget these (SENTINEL REMOVE); programs that ask them for the master find none any more, and have to use ${masterName(draft.spec.name)}`,
      )
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
    for (const { path, password } of draft.passwords)
      await writeFileAtomically(path, `${password.reveal()}\n`, { mode: 0o600 })
    await writeFileAtomically(draft.file, draft.text, { mode: 0o644 })
    return draft.spec.name
  } finally {
    session.close()
  }
}

/** By user: as whom we log in, and who was named beside. */
async function knownPasswords(
  { userPasswordFiles }: AdoptRequest,
  login: SourceLogin | null,
): Promise<KnownPasswords> {
  const known = new Map<string, Secret>()
  for (const [user, file] of userPasswordFiles)
    known.set(user, await passwordIn(file, `--user-password-file ${user}`))
  if (login !== null) known.set(login.user ?? applicationUser, login.password)
  return known
}

function namesOf(containers: readonly Named[]): readonly string[] {
  return containers.map(({ container }) => container)
}

async function planOf(session: Session, { spec, trial }: Draft, login: SourceLogin | null): Promise<string> {
  try {
    const { plan } = await lookAt(session.eyes, {
      spec,
      memory: { ...newMemory(spec.name), trials: trial === null ? [] : [trial] },
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
    `the old containers run on with what they held, read-only as long as they are not restarted (to be sure: docker update --restart=no ${containers.join(' ')}); when no client uses them any more, type: docker rm -f ${containers.join(' ')}`,
    'spec.bootstrap in the manifest is without effect now; take it out when you like',
  ]
}
