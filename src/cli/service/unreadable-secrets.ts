import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { updateDesiredState, neverDelete, emptyDesiredState } from '../../manifest/desired-state.js'
import { labelOf } from '../../manifest/field-path.js'
import { loadManifests } from '../../manifest/load.js'
import { namedSecrets, type NamedSecret } from '../../manifest/named-secrets.js'
import { allowAll } from '../../manifest/policy.js'
import { printableVariable } from '../../reconciler/auth/password-sources.js'
import { propertiesOf, type Properties } from './systemd.js'
import { folderOf, isInHome, isInTmp, unitName, type UnitSetting } from './unit.js'

/** A password, key or certificate, and the flotilla whose manifest names it. */
export type FlotillaSecret = NamedSecret & { readonly flotilla: string }

/** What sound manifests name; what is wrong with the others is the daemon's to say. */
export async function secretsNamedIn(manifests: string): Promise<readonly FlotillaSecret[]> {
  const { flotillas } = updateDesiredState(
    emptyDesiredState,
    await loadManifests(manifests, allowAll),
    neverDelete,
  )
  return [...flotillas.values()].flatMap(({ spec }) =>
    namedSecrets(spec).map(secret => ({ ...secret, flotilla: spec.name })),
  )
}

/**
 * Properties of the unit that say what its process sees: as they are in force, with what `systemctl edit` has
 * changed.
 */
export const sandboxProperties = ['ProtectHome', 'PrivateTmp', 'Environment', 'EnvironmentFiles'] as const

/**
 * What the service does not get, each with the remedy: systemd hides homes from it and hands on no variable
 * of a shell, and without capabilities root may not read what is another user's.
 * @param shown what `systemctl show` says of the unit: a line for each property, for EnvironmentFiles one for
 * each file.
 */
export async function explainUnreadable(
  secrets: readonly FlotillaSecret[],
  { setting, shown }: { readonly setting: UnitSetting; readonly shown: string },
): Promise<readonly string[]> {
  const properties = propertiesOf(shown)
  const environment = await variablesOf(properties)
  const notes = await Promise.all(
    secrets.map(async secret => {
      if (secret.kind === 'file') return explainFile(secret, { setting, properties })
      return environment.has(secret.variable) ? null : explainVariable(secret)
    }),
  )
  return notes.filter(note => note !== null)
}

function valuesOf(properties: Properties, name: (typeof sandboxProperties)[number]): readonly string[] {
  return properties.flatMap(([key, value]) => (key === name ? [value] : []))
}

/** The names alone: values are secrets. */
async function variablesOf(properties: Properties): Promise<ReadonlySet<string>> {
  const inUnit = valuesOf(properties, 'Environment').flatMap(value =>
    [...value.matchAll(/(?:^|[\s"])(\w+)=/g)].map(([, name = '']) => name),
  )
  const inFiles = valuesOf(properties, 'EnvironmentFiles').map(async value => {
    const text = await readFile(value.replace(/ \(ignore_errors=\w+\)$/, ''), 'utf8').catch(() => '')
    return propertiesOf(text).map(([name]) => name.trim())
  })
  return new Set([...inUnit, ...(await Promise.all(inFiles)).flat()])
}

async function explainFile(
  { flotilla, path, file }: FlotillaSecret & { readonly kind: 'file' },
  { setting, properties }: { readonly setting: UnitSetting; readonly properties: Properties },
): Promise<string | null> {
  const { manifests, uid } = setting
  const what = `${flotilla}: ${labelOf(path)} names ${file}, which the service`
  const hiddenBy = hidingProperty(await realpath(file).catch(() => file), properties)
  if (hiddenBy !== null) {
    const name = `${flotilla}-${basename(file)}`
    const words = ['install', '-m', '600', '-o', String(uid), file, join(folderOf(manifests), name)]
    return `${what} can't see (${hiddenBy}). Run: sudo ${words.map(shellWord).join(' ')}; then write ${path.at(-1)}: ${name}`
  }
  const facts = await stat(file).catch(() => null)
  // Which groups the service's user is in is not looked up: whoever gives a group a permission means it.
  if (facts === null || facts.uid === uid || (facts.mode & 0o044) !== 0) return null
  return `${what} may not read: it is user ${facts.uid}'s, and the service runs as user ${uid} without capabilities. Run: sudo chown ${uid} ${shellWord(file)}`
}

function hidingProperty(path: string, properties: Properties): string | null {
  const hiddenBySetting = (name: 'ProtectHome' | 'PrivateTmp', hiding: readonly string[]): string | null => {
    const value = valuesOf(properties, name).find(one => hiding.includes(one))
    return value === undefined ? null : `${name}=${value}`
  }
  if (isInHome(path)) return hiddenBySetting('ProtectHome', ['yes', 'tmpfs'])
  return isInTmp(path) ? hiddenBySetting('PrivateTmp', ['yes', 'disconnected']) : null
}

function explainVariable({ flotilla, path, variable }: FlotillaSecret & { readonly kind: 'variable' }) {
  const name = printableVariable(variable)
  const line = `${name === variable ? name : 'NAME'}=<password>`
  return [
    `${flotilla}: ${labelOf(path)}: the service does not get the environment variable ${name}: systemd hands on none of a shell.`,
    `Write "${line}" into a file that only root can read, type: sudo systemctl edit ${unitName},`,
    `write the lines "[Service]" and "EnvironmentFile=<that file>", and type: sudo systemctl restart ${unitName}. Or use passwordFile`,
  ].join(' ')
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
