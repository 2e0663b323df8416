import type { StateStore } from '../../state/state-store.js'
import type { CandidateSource } from './complete.js'

/**
 * The flotillas that the manifests declare or the memory knows, and their nodes as the daemon saw them last.
 * Files only: asking the engine would keep whoever presses Tab waiting. Whatever can't be read is not
 * offered.
 */
export function candidateSource(paths: {
  readonly manifests: string
  readonly state: string
}): CandidateSource {
  const openStore = async (): Promise<StateStore> => {
    const state = await import('../../state/state-store.js')
    return new state.StateStore(paths.state)
  }
  return {
    async flotillas() {
      const store = await openStore()
      const [declared, known] = await Promise.all([
        orNone(declaredFlotillas(paths.manifests)),
        orNone(store.knownFlotillas()),
      ])
      return [...new Set([...declared, ...known])]
        .sort()
        .map(word => ({ word, description: declared.includes(word) ? '' : 'not declared any more' }))
    },
    async nodes(flotilla, by) {
      const store = await openStore()
      const status = await store.loadStatus(flotilla).catch(() => null)
      return (status?.nodes ?? []).map(node =>
        by === 'ordinal'
          ? { word: String(node.ordinal), description: `${node.name}, ${node.health}` }
          : { word: node.name, description: node.health },
      )
    },
  }
}

async function declaredFlotillas(path: string): Promise<readonly string[]> {
  // The reader of manifests takes longer to load than all the rest, and most Tabs are not about names.
  const { loadManifests } = await import('../../manifest/load.js')
  const { allowAll } = await import('../../manifest/policy.js')
  const load = await loadManifests(path, allowAll)
  if (load.kind !== 'loaded') return []
  return load.files.flatMap(file =>
    file.kind === 'parsed' ? file.declared.map(declared => declared.spec.name) : [],
  )
}

function orNone(names: Promise<readonly string[]>): Promise<readonly string[]> {
  return names.catch(() => [])
}
