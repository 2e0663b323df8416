/** The ACL users that Flotilla makes; `default` is whom applications log in as. */
export const controlUser = 'flotilla'
export const replicationUser = 'replication'
export const applicationUser = 'default'
/** Asks who is master, and can do nothing else. */
export const gatewayUser = 'flotilla-gateway'

/**
 * One user as a server is to know it: `rules` are the words of an ACL line after the name. Passwords are in
 * them as SHA-256 only.
 */
export interface AclUser {
  readonly name: string
  readonly rules: readonly string[]
}

/** A few of them: a name may be of any length, and hold anything but a space. */
export function printableNames(names: readonly string[]): readonly string[] {
  const shown = names
    .slice(0, 10)
    .map(name => (/^[\w.@:-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))))
  return names.length > shown.length ? [...shown, `and ${names.length - shown.length} more`] : shown
}
