import { defaultUserAccess } from '../../manifest/sections/auth.js'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import type { DesiredState } from '../../manifest/desired-state.js'
import { parseManifest } from '../../manifest/parse.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { Secret } from '../../secret.js'
import { applicationUser } from '../../model/acl-user.js'
import { folderOf } from '../../session/open-store.js'
import type { Session } from '../../session/session.js'
import { readImageDefaults, tryOptions, type ImageDefaults } from './scratch-server.js'
import { manifestFor } from './manifest-text.js'
import { namesOnNetworks } from './network-names.js'
import { carriedOptions, type CarriedOptions, type Skipped } from './options.js'
import { nameFor, requireFreeName, type Survey, type Readout } from './survey.js'
import { carriedUsers, type CarriedUsers, type KnownPasswords } from './users.js'
import type { SourceLogin } from '../../model/redis.js'
import type { ImageProbe } from '../../model/image-probe.js'

/** What would be written, and what would be left behind. */
export interface Draft {
  readonly file: string
  readonly text: string
  readonly spec: FlotillaSpec
  readonly passwords: readonly { readonly path: string; readonly password: Secret }[]
  readonly skipped: readonly Skipped[]
  /** What a server has made of its options; null where it has none. */
  readonly imageProbe: ImageProbe | null
}

/**
 * @throws FlotillaError usage/invalid when the name is taken, a module is missing, or what would be written
 * is no manifest.
 */
export async function draftOf(
  session: Session,
  wanted: { readonly name: string | null; readonly manifests: string },
  known: {
    readonly survey: Survey
    readonly login: SourceLogin | null
    readonly passwords: KnownPasswords
    readonly desired: DesiredState
  },
): Promise<Draft> {
  const { survey, login, desired } = known
  const takenNames = await namesOnNetworks(session.runtime, survey.external)
  const networks = (await session.runtime.listAllNetworks()).map(network => network.name)
  const taken = [...takenNames, ...networks, ...desired.flotillas.keys()]
  const name = wanted.name ?? nameFor(survey.master.container, taken)
  requireFreeName(name, { takenNames, networks, external: survey.external })
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
  const imageDefaults = await readImageDefaults(session, spec, survey.master)
  requireModules(survey, imageDefaults)
  const options = optionsOf(survey, imageDefaults)
  const imageProbe = await tryOptions(session, draftWith(options.carried).spec)
  const { carried, refused } = withoutRefused(options.carried, imageProbe)
  return {
    ...{ file, ...draftWith(carried), passwords, imageProbe },
    skipped: [...options.skipped, ...refused, ...users.skipped],
  }
}

/** An option that no start of a server takes would keep the others from being applied. */
function withoutRefused(
  carried: CarriedOptions,
  imageProbe: ImageProbe | null,
): { readonly carried: CarriedOptions; readonly refused: readonly Skipped[] } {
  const wrong = imageProbe?.outcome.kind === 'answered' ? imageProbe.outcome.options : {}
  const refused = Object.keys(carried.config).flatMap(name => {
    const verdict = wrong[name]
    return verdict?.verdict === 'invalid' || verdict?.verdict === 'unknown'
      ? [{ what: name, reason: verdict.message ?? 'a server that starts with it refuses it' }]
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
): { readonly carried: CarriedUsers; readonly skipped: readonly Skipped[] } {
  if (users.kind === 'read') return carriedUsers(users.value, passwords)
  const own = passwords.get(applicationUser)
  const carried = own === undefined ? ({ kind: login === null ? 'none' : 'generated' } as const) : null
  const forDefault = carried ?? ({ kind: 'password', password: own ?? new Secret('') } as const)
  return {
    carried: { default: forDefault, defaultUser: defaultUserAccess, others: [] },
    skipped: [{ what: 'its users', reason: users.reason }],
  }
}

function optionsOf(
  { master: { config, facts } }: Survey,
  imageDefaults: Readout<ImageDefaults> | null,
): { readonly carried: CarriedOptions; readonly skipped: readonly Skipped[] } {
  const mode = facts.persistence.aofEnabled ? 'aof' : 'rdb'
  const nothing: CarriedOptions = { persistence: { mode }, durability: null, config: {} }
  if (imageDefaults === null) return { carried: nothing, skipped: [] }
  const unreadable = [config, imageDefaults].find(one => one.kind === 'unreadable')
  if (config.kind === 'read' && imageDefaults.kind === 'read')
    return carriedOptions(config.value, imageDefaults.value.config)
  return {
    carried: nothing,
    skipped: [{ what: 'its options', reason: unreadable?.kind === 'unreadable' ? unreadable.reason : '' }],
  }
}

/** Without it nodes could not read all of the data; found out before one is made. */
function requireModules({ master }: Survey, imageDefaults: Readout<ImageDefaults>): void {
  if (imageDefaults.kind === 'unreadable') return
  const lacking = master.facts.modules.filter(module => !imageDefaults.value.modules.includes(module))
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
