import { masterLinkAlias, masterName, nodeAlias, replicaName } from '../model/names.js'

/**
 * Every name and address by which this node can be found, as long as it lives: its alias, both role names (a
 * role is a name that nodes hand to each other), the link alias `master` of other nodes and of clients, and
 * what a published port is reached by. Nothing in it changes when the flotilla is scaled.
 */
export function namesOfNode(
  flotilla: string,
  ordinal: number,
): { readonly names: readonly string[]; readonly addresses: readonly string[] } {
  return {
    names: [
      nodeAlias(flotilla, ordinal),
      masterName(flotilla),
      replicaName(flotilla, ordinal),
      masterLinkAlias,
      'localhost',
    ],
    addresses: ['127.0.0.1', '::1'],
  }
}
