import { Document, isScalar, visit } from 'yaml'
import { apiVersion, kind } from '../../manifest/schema.js'
import type { CarriedOptions } from './options.js'
import { replicasOf, type Survey } from './survey.js'
import type { CarriedLogin, CarriedUsers } from './users.js'

export interface ManifestInput {
  readonly name: string
  /** As whom the flotilla logs in to what it follows; null: as nobody. */
  readonly login: { readonly user: string | null } | null
  readonly options: CarriedOptions
  readonly users: CarriedUsers
  /** The name of the file beside the manifest that holds the password of a user. */
  readonly fileOf: (user: string) => string
}

/** The manifest of a flotilla that takes over what was found. Passwords are in files beside it. */
export function manifestFor(survey: Survey, input: ManifestInput): string {
  const { master, external } = survey
  const { persistence, durability, config } = input.options
  const document = new Document({
    ...{ apiVersion, kind },
    metadata: { name: input.name },
    spec: {
      image: master.image,
      replicas: replicasOf(survey),
      auth: authOf(input),
      persistence: Object.keys(persistence).length === 1 ? persistence.mode : persistence,
      ...(durability === null ? {} : { durability }),
      ...(Object.keys(config).length === 0 ? {} : { config: valuesOf(config) }),
      ...(external.length === 0 ? {} : { network: { external } }),
      bootstrap: { from: sourceOf(survey, input) },
    },
  })
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key)) return
      if (key.value === 'bootstrap')
        key.commentBefore = ' Followed until flotilla promote; without effect afterwards.'
      if (key.value === 'config') key.commentBefore = ' As it was there.'
    },
    Seq(_, sequence) {
      if (sequence.items.every(isScalar)) sequence.flow = true
    },
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

function authOf({ users, fileOf }: ManifestInput): unknown {
  const others = users.others.map(({ name, rules, login }) => ({
    ...{ name, rules },
    ...sourceOfPassword(login, fileOf(name)),
  }))
  if (users.defaultUser === 'off') return { default: users.defaultUser, users: others }
  const own = sourceOfPassword(users.default, fileOf('default'))
  if (others.length > 0) return { ...own, users: others }
  return 'mode' in own ? own.mode : own
}

function sourceOfPassword(
  login: CarriedLogin,
  file: string,
): { readonly mode: string } | { readonly passwordFile: string } {
  return login.kind === 'password' ? { passwordFile: `./${file}` } : { mode: login.kind }
}

function sourceOf({ master }: Survey, { login, fileOf }: ManifestInput): unknown {
  return {
    container: master.container,
    ...(master.port === 6_379 ? {} : { port: master.port }),
    ...(login === null || login.user === null ? {} : { user: login.user }),
    ...(login === null ? {} : { passwordFile: `./${fileOf(login.user ?? 'default')}` }),
  }
}

/** A number is written as one: in quotes it would look as if that mattered. */
function valuesOf(config: CarriedOptions['config']): unknown {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === 'string' && /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value,
    ]),
  )
}
