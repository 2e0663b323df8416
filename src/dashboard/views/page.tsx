import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { sortRank } from '../model/severity.js'
import { effectiveConnection, type Connection, type Fleet } from '../model/fleet-state.js'
import type { Flotilla } from '../model/api-types.js'
import { useFleet } from '../store.js'
import { Announcer } from './announce.js'
import { Banners } from './banners.js'
import { Empty } from './empty.js'
import { FlotillaView } from './flotilla.js'
import { Header } from './header.js'
import { Overview } from './overview.js'
import { TokenForm } from './token-form.js'
import { useRoute } from './use-route.js'

export function Page(): JSX.Element {
  const { fleet, nowMs } = useFleet()
  const route = useRoute()
  const flotillas = [...fleet.flotillas.values()].sort(
    (a, b) => sortRank(a) - sortRank(b) || a.name.localeCompare(b.name),
  )
  // Of one there is no overview.
  const shown = route ?? (flotillas.length === 1 ? (flotillas[0]?.name ?? null) : null)
  useEffect(() => {
    document.title = titleOf(flotillas, shown)
  })
  return (
    <div class={isStale(effectiveConnection(fleet)) ? 'page is-stale' : 'page'}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header fleet={fleet} flotillas={flotillas} />
      <Banners fleet={fleet} nowMs={nowMs} />
      <main id="content" tabIndex={-1}>
        <Content fleet={fleet} flotillas={flotillas} shown={shown} nowMs={nowMs} />
      </main>
      <Announcer />
    </div>
  )
}

function isStale({ kind }: Connection): boolean {
  return kind === 'disconnected' || kind === 'engine-down'
}

function Content(props: {
  readonly fleet: Fleet
  readonly flotillas: readonly Flotilla[]
  readonly shown: string | null
  readonly nowMs: number
}): JSX.Element {
  const { fleet, flotillas, shown, nowMs } = props
  if (fleet.connection.kind === 'token-needed') return <TokenNeeded />
  if (fleet.daemon === null) return <p class="notice">Asking the daemon…</p>
  const flotilla = shown === null ? undefined : fleet.flotillas.get(shown)
  if (flotilla !== undefined)
    return (
      <FlotillaView
        key={flotilla.name}
        flotilla={flotilla}
        fleet={fleet}
        nowMs={nowMs}
        isAlone={flotillas.length === 1}
      />
    )
  if (shown !== null) return <Unknown name={shown} isKept={fleet.daemon.flotillas.includes(shown)} />
  return flotillas.length === 0 ? (
    <Empty daemon={fleet.daemon} />
  ) : (
    <Overview flotillas={flotillas} nowMs={nowMs} />
  )
}

function Unknown({ name, isKept }: { readonly name: string; readonly isKept: boolean }): JSX.Element {
  return (
    <div class="notice">
      <h1>{name}</h1>
      <p>
        {isKept
          ? 'It was not looked at yet. What is known of it appears here as soon as it was.'
          : 'There is no flotilla of this name.'}
      </p>
      <p>
        <a href="#/">All flotillas</a>
      </p>
    </div>
  )
}

function TokenNeeded(): JSX.Element {
  return (
    <div class="notice">
      <h1>This daemon asks who you are</h1>
      <p>It answers beyond its own machine, so reading needs the token too.</p>
      <TokenForm />
    </div>
  )
}

function titleOf(flotillas: readonly Flotilla[], shown: string | null): string {
  const inTrouble = flotillas.filter(one => sortRank(one) < 2).length
  const mark = inTrouble === 0 ? '' : `(${inTrouble}) `
  return `${mark}${shown === null ? 'Flotilla' : `${shown} – Flotilla`}`
}
