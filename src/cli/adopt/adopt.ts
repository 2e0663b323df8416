import { readDesired } from '../../session/manifest-source.js'
import { explainError } from '../../errors.js'
import { masterName } from '../../model/names.js'
import { newMemory } from '../../model/record.js'
import { observeAndPlan } from '../../reconciler/loop/observe-and-plan.js'
import { renderPlan } from '../../reconciler/plan/render-plan.js'
import { applicationUser } from '../../model/acl-user.js'
import type { Secret } from '../../secret.js'
import { writeFileAtomically } from '../../files.js'
import { plural } from '../../units.js'
import { flotillaVersion } from '../../version.js'
import { requestMasterChange } from '../send-request.js'
import { confirm } from '../confirm.js'
import { exitCode } from '../exit-codes.js'
import { peekCredentials } from '../../session/peek-credentials.js'
import type { Paths } from '../../session/open-store.js'
import type { Output } from '../output.js'
import { reportResult } from '../report-result.js'
import { openSession, type Environment, type Session } from '../../session/session.js'
import { bringUp } from '../up.js'
import { draftOf, type Draft } from './draft.js'
import { inspectAll, passwordIn, type NamedContainer } from './inspect.js'
import { requireNoSentinels, watchedBy } from './sentinels.js'
import { surveyOf, type Survey } from './survey.js'
import type { KnownPasswords } from './users.js'
import type { SourceLogin } from '../../model/redis.js'

export interface AdoptRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly containers: readonly NamedContainer[]
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
 * Takes over a master and its replicas that a person started by hand: writes the manifest of a flotilla that
 * follows it, brings that up, and has it take over without losing a write. The old containers are asked what
 * they are; the master is paused and made read-only at the end; nothing else of them is touched. Typed again
 * it goes on where it stopped.
 * @returns whether all of it is done.
 */
export async function adopt(request: AdoptRequest, output: Output): Promise<boolean> {
  const name = (await findInProgress(request)) ?? (await declareFlotilla(request, output))
  if (name === null) return false
  const { paths, env, timeoutMs, followOnly } = request
  const up = { paths, env, names: [name], timeoutMs }
  if (!(await bringUp(up, output)).allReady) return false
  if (followOnly) {
    output.note(
      `${name} follows; when its clients are ready for ${masterName(name)}, run: flotilla promote ${name}`,
    )
    return true
  }
  await forgetSentinels(request, name, output)
  const wanted = { kind: 'take-over', to: null, force: false } as const
  const result = await requestMasterChange({ paths, env, name, timeoutMs }, wanted, output)
  if (reportResult(output, name, result) !== exitCode.done || !(await bringUp(up, output)).allReady)
    return false
  for (const line of nextSteps(name, namesOf(request.containers))) output.note(line)
  return true
}

async function forgetSentinels(
  { paths, env, containers, removeSentinels: remove }: AdoptRequest,
  name: string,
  output: Output,
): Promise<void> {
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const from = desired.flotillas.get(name)?.spec.bootstrap ?? null
    await requireNoSentinels(session, { containers, from, remove }, output)
  } finally {
    session.close()
  }
}

/** The flotilla that follows one of these containers already. */
async function findInProgress({ paths, env, containers }: AdoptRequest): Promise<string | null> {
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const found = [...desired.flotillas.values()].find(
      ({ spec }) =>
        spec.bootstrap?.at.kind === 'container' && namesOf(containers).includes(spec.bootstrap.at.container),
    )
    return found?.spec.name ?? null
  } finally {
    session.close()
  }
}

/**
 * Looks, shows, asks, and writes the manifest. @returns the flotilla's name; null when the person said no.
 */
async function declareFlotilla(request: AdoptRequest, output: Output): Promise<string | null> {
  const session = await openSession(request.paths, request.env)
  try {
    const { login, found } = await inspectAll(session, request)
    const survey = surveyOf(found)
    if (survey.sentinels.length > 0 && !request.removeSentinels) throw watchedBy(survey.sentinels)
    const { manifests } = request.paths
    const { desired } = await readDesired(manifests, session.store)
    const passwords = await knownPasswords(request, login)
    const draft = await draftOf(
      session,
      { name: request.name, manifests },
      { survey, login, passwords, desired },
    )
    output.note(`found ${surveyText(survey)}`)
    for (const warning of survey.warnings) output.note(`  note: ${warning}`)
    output.note(`\n${draft.file}:\n${indented(draft.text)}`)
    if (draft.skipped.length > 0)
      output.note(
        `not taken over:\n${draft.skipped.map(({ what, reason }) => `  ${what}: ${reason}`).join('\n')}\n`,
      )
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
      !(await confirm('Do this? Type yes: ', { hintWithoutTerminal: 'Add --yes to do what is shown above.' }))
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

function namesOf(containers: readonly NamedContainer[]): readonly string[] {
  return containers.map(({ container }) => container)
}

async function planOf(
  session: Session,
  { spec, imageProbe }: Draft,
  login: SourceLogin | null,
): Promise<string> {
  try {
    const { plan } = await observeAndPlan(session.observer, {
      spec,
      memory: { ...newMemory(spec.name), trials: imageProbe === null ? [] : [imageProbe] },
      credentials: await peekCredentials(session, spec),
      sourceLogin: login,
      ...{ auth: null, authChecks: null },
      tls: null,
      template: { spec, publish: session.reach.mode === 'published', flotillaVersion },
      fastPath: false,
      gateway: null,
    })
    return renderPlan(plan)
  } catch (error) {
    return explainError(error)
  }
}

function surveyText({ master, replicas }: Survey): string {
  const { facts, container, image } = master
  const others = replicas.map(one => one.container).join(', ')
  return `${container}, a master (${image}, ${plural(facts.keys, 'key')})${others === '' ? ', without replicas' : `, and its replicas ${others}`}`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

function nextSteps(name: string, containers: readonly string[]): readonly string[] {
  return [
    `clients find the master as ${masterName(name)} now: flotilla connect ${name}`,
    `the old containers run on with what they held, read-only as long as they are not restarted (to be sure: docker update --restart=no ${containers.join(' ')}); when no client uses them any more, run: docker rm -f ${containers.join(' ')}`,
    'spec.bootstrap in the manifest is without effect now; take it out when you like',
  ]
}
