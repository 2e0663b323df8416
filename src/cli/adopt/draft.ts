import { defaultUserLeftOut } from '../../manifest/sections/auth.js'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import type { Desires } from '../../manifest/desired.js'
import { parseManifest } from '../../manifest/parse.js'
import type { FlotillaSpec } from '../../manifest/spec.js'
import type { SourceLogin } from '../../redis/redis.js'
import { Secret } from '../../secret.js'
import { applicationUser } from '../../redis/acl-user.js'
import type { Trial } from '../../reconciler/trial.js'
import { folderOf } from '../open-store.js'
import type { Session } from '../session.js'
import { askBareServer, tryOptions, type BareServer } from './throwaway.js'
import { manifestFor } from './manifest-text.js'
import { namesOn } from './names-on.js'
import { carriedOptions, type CarriedOptions, type Left } from './options.js'
import { nameFor, needFreeName, type Survey, type Told } from './survey.js'
import { carriedUsers, type CarriedUsers, type KnownPasswords } from './users.js'

/** What would be written, and what would be left behind. */
export interface Draft {
  readonly file: string
  readonly text: string
  readonly spec: FlotillaSpec
  readonly passwords: readonly { readonly path: string; readonly password: Secret }[]
  readonly left: readonly Left[]
  /** What a server has made of its options; null where it has none. */
  readonly trial: Trial | null
}

/** @throws FlotillaError usage/invalid when the name is taken, a module is missing, or what would be written is no manifest. */
export async function draftOf(
  session: Session,
  wanted: { readonly name: string | null; readonly manifests: string },
  known: {
    readonly survey: Survey
    readonly login: SourceLogin | null
    readonly passwords: KnownPasswords
    readonly desired: Desires
  },
): Promise<Draft> {
  const { survey, login, desired } = known
  const answering = await namesOn(session.runtime, survey.external)
  const networks = (await session.runtime.listAllNetworks()).map(network => network.name)
  const taken = [...answering, ...networks, ...desired.flotillas.keys()]
  const name = wanted.name ?? nameFor(survey.master.container, taken)
  needFreeName(name, { answering, networks, external: survey.external })
  const folder = folderOf(wanted.manifests)
  const file = join(folder, `${name}.yaml`)
  const users = usersOf(survey, login, known.passwords)
  const passwords = passwordFiles(folder, { name, login, users: users.carried })
  const there = [file, ...passwords.map(({ path }) => path)].find(existsSync)
  if (desired.flotillas.has(name) || there !== undefined)
    throw new FlotillaError('usage/invalid', `${there ?? `a flotilla ${name}`} is there already`, {
      hint: 'Choose another name: --name <flotilla>',
    })
  const draftWith = (options: CarriedOptions): Pick<Draft, 'text' | 'spec'> => {
    const text = manifestFor(survey, {
      ...{ name, options, users: users.carried },
      fileOf: user => basename(passwordFile(folder, name, user)),
      login: login === null ? null : { user: login.user },
    })
    return { text, spec: specIn(text, file) }
  }
  const { spec } = draftWith(optionsOf(survey, null).carried)
  const bare = await askBareServer(session, spec, survey.master)
  needModules(survey, bare)
  const options = optionsOf(survey, bare)
  const trial = await tryOptions(session, draftWith(options.carried).spec)
  const { carried, refused } = withoutRefused(options.carried, trial)
  return {
    ...{ file, ...draftWith(carried), passwords, trial },
    left: [...options.left, ...refused, ...users.left],
  }
}

/** An option that no start of a server takes would keep the others from being applied. */
function withoutRefused(
  carried: CarriedOptions,
  trial: Trial | null,
): { readonly carried: CarriedOptions; readonly refused: readonly Left[] } {
  const wrong = trial?.outcome.kind === 'answered' ? trial.outcome.options : {}
  const refused = Object.keys(carried.config).flatMap(name => {
    const verdict = wrong[name]
    return verdict?.verdict === 'invalid' || verdict?.verdict === 'unknown'
      ? [{ what: name, why: verdict.message ?? 'a server that starts with it refuses it' }]
      : []
  })
  const names = refused.map(({ what }) => what)
  const config = Object.fromEntries(Object.entries(carried.config).filter(([name]) => !names.includes(name)))
  return { carried: { ...carried, config }, refused }
}

function usersOf(
  { master: { users } }: Survey,
  login: SourceLogin | null,
  passwords: KnownPasswords,
): { readonly carried: CarriedUsers; readonly left: readonly Left[] } {
  if (users.kind === 'told') return carriedUsers(users.value, passwords)
  const own = passwords.get(applicationUser)
  const carried = own === undefined ? ({ kind: login === null ? 'none' : 'generated' } as const) : null
  const forDefault = carried ?? ({ kind: 'password', password: own ?? new Secret('') } as const)
  return {
    carried: { default: forDefault, defaultUser: defaultUserLeftOut, others: [] },
    left: [{ what: 'its users', why: users.reason }],
  }
}

function optionsOf(
  { master: { config, facts } }: Survey,
  bare: Told<BareServer> | null,
): { readonly carried: CarriedOptions; readonly left: readonly Left[] } {
  const mode = facts.persistence.aofEnabled ? 'aof' : 'rdb'
  const nothing: CarriedOptions = { persistence: { mode }, durability: null, config: {} }
  if (bare === null) return { carried: nothing, left: [] }
  const untold = [config, bare].find(one => one.kind === 'untold')
  if (config.kind === 'told' && bare.kind === 'told') return carriedOptions(config.value, bare.value.config)
  return {
    carried: nothing,
    left: [{ what: 'its options', why: untold?.kind === 'untold' ? untold.reason : '' }],
  }
}

/** Without it nodes could not read all of the data; found out before one is made. */
function needModules({ master }: Survey, bare: Told<BareServer>): void {
  if (bare.kind === 'untold') return
  const lacking = master.facts.modules.filter(module => !bare.value.modules.includes(module))
  if (lacking.length > 0)
    throw new FlotillaError(
      'usage/invalid',
      `${master.container} has the module ${lacking.join(', ')} loaded, and a server of its image ${master.image} has not by itself: nodes of that image could not read all of its data`,
      {
        hint: 'Declare it by hand, with an image that has it, or with loadmodule under spec.config, and spec.bootstrap.from; then: flotilla promote <flotilla>',
      },
    )
}

function passwordFiles(
  folder: string,
  {
    name,
    login,
    users,
  }: { readonly name: string; readonly login: SourceLogin | null; readonly users: CarriedUsers },
): Draft['passwords'] {
  const known = new Map<string, Secret>(
    [{ name: applicationUser, login: users.default }, ...users.others].flatMap(user =>
      user.login.kind === 'password' ? [[user.name, user.login.password] as const] : [],
    ),
  )
  if (login !== null) known.set(login.user ?? applicationUser, login.password)
  return [...known].map(([user, password]) => ({ path: passwordFile(folder, name, user), password }))
}

function passwordFile(folder: string, name: string, user: string): string {
  return join(folder, user === applicationUser ? `${name}.password` : `${name}.${user}.password`)
}

function specIn(text: string, file: string): FlotillaSpec {
  const { declared, diagnostics } = parseManifest(text, { file })
  const [only] = declared
  if (only !== undefined) return only.spec
  throw new FlotillaError(
    'usage/invalid',
    `this can't be declared: ${diagnostics.map(renderDiagnostic).join('; ')}`,
  )
}
