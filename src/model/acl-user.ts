/** The ACL users that Flotilla makes; `default` is whom applications log in as. */
export const controlUser = 'flotilla'
export const replicationUser = 'replication'
export const applicationUser = 'default'

/**
 * One user as a server is to know it: `rules` are the words of an ACL line after the name. Passwords are in
 * them as SHA-256 only.
 */
export interface AclUser {
  readonly name: string
  readonly rules: readonly string[]
}
