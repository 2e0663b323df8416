import { stringify } from 'yaml'
import { systemClock } from '../clock.js'
import { readDesired } from '../daemon/manifest-source.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import { statusNow } from './look.js'
import { selectFlotillas } from './manifests.js'
import { renderStatus, renderStatusList, statusJson } from './render-status.js'
import { openSession, type Environment, type Places, type Session } from './session.js'

export interface StatusRequest {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'wide' | 'json' | 'yaml'
  readonly watch: boolean
}

/** Prints the status, once or whenever it changes (until the process is ended). @returns whether all were Ready at the last look. */
export async function showStatus(request: StatusRequest, write: (text: string) => void): Promise<boolean> {
  const session = await openSession(request.places, request.env)
  try {
    for (let shown = ''; ;) {
      const { statuses, problems } = await lookAtThem(session, request)
      const text =
        render(statuses, request) + (request.format === 'text' || request.format === 'wide' ? problems : '')
      if (text !== shown) write(text)
      shown = text
      if (!request.watch) return statuses.every(status => status.phase === 'Ready')
      await systemClock.sleep(500)
    }
  } finally {
    session.close()
  }
}

async function lookAtThem(
  session: Session,
  { places, names }: StatusRequest,
): Promise<{ statuses: readonly FlotillaStatus[]; problems: string }> {
  const { desired } = await readDesired(places.manifests, session.store)
  const selected = selectFlotillas(desired, names, places.manifests)
  const statuses = await Promise.all(
    selected.map(({ spec, diagnostics }) =>
      statusNow(
        session,
        spec,
        diagnostics.length === 0 ? null : diagnostics.map(renderDiagnostic).join('; '),
      ),
    ),
  )
  const problems = desired.diagnostics.map(problem => `\nmanifest: ${renderDiagnostic(problem)}\n`).join('')
  return { statuses, problems }
}

function render(statuses: readonly FlotillaStatus[], { format, names }: StatusRequest): string {
  switch (format) {
    case 'json':
      return statusJson(statuses)
    case 'yaml':
      return stringify({ flotillas: statuses })
    case 'wide':
    case 'text': {
      const [only, ...more] = statuses
      if (only === undefined) return 'no flotillas: the manifests declare none\n'
      if (names.length === 0 && more.length > 0 && format === 'text') return renderStatusList(statuses)
      return statuses.map(status => renderStatus(status, { wide: format === 'wide' })).join('\n')
    }
  }
}
