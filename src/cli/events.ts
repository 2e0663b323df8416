import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { catalogue } from '../events/catalogue.js'
import { eventFilter } from '../events/journal/filter.js'
import { followEvents, newestEventId, readEvents } from '../events/journal/read.js'
import { renderRecord, type EventRecord } from '../events/journal/record.js'
import { suggest } from '../manifest/suggest.js'
import { matchesPattern } from '../wildcard.js'
import { StateStore } from '../state/state-store.js'
import { interruptSignal } from './interrupt.js'
import { noSuchFlotilla } from '../session/manifests.js'
import type { Output } from './output.js'
import { createColors } from './colors.js'
import { parseSince } from '../units.js'
import { renderEvent, type EventsContext } from './render-events.js'
import type { Paths } from '../session/open-store.js'

export interface EventsRequest {
  readonly paths: Paths
  /** None: of all, and of none in particular. */
  readonly names: readonly string[]
  readonly level: EventRecord['level']
  readonly codes: readonly string[]
  /** As typed; null leaves the bound to `last`. */
  readonly since: string | null
  /** How many at most; null: 100, or with `since` all. */
  readonly last: number | null
  readonly follow: boolean
  readonly format: 'text' | 'json'
}

/**
 * What has happened, from the journal; asks no engine and no daemon. With `follow` until it is interrupted.
 */
export async function showEvents(request: EventsRequest, output: Output): Promise<void> {
  const { names, codes, since, last, follow } = request
  const state = resolve(request.paths.state)
  for (const code of codes) requireKnownCode(code)
  const matches = eventFilter({ flotillas: names, level: request.level, codes })
  // Taken first: what happens between this and the reading is told by the following.
  const afterId = follow ? await newestEventId(state) : 0
  const events = await readEvents(state, {
    matches: record => (!follow || record.id <= afterId) && matches(record),
    sinceMs: since === null ? 0 : parseSince(since, systemClock.nowMs()),
    last:
      last ?? (since === null ? (follow ? defaultLastWhenFollowing : defaultLast) : Number.POSITIVE_INFINITY),
  })
  const known = await requireKnownNames(state, request)
  const context: EventsContext = {
    columns: output.columns,
    colors: createColors(output.color),
    nameWidth: names.length === 1 ? 0 : Math.max(1, ...known.map(name => name.length)),
  }
  const show = (record: EventRecord): void =>
    output.result(
      `${request.format === 'json' ? renderRecord(record) : renderEvent(record, { ...context, columns: output.columns })}\n`,
    )
  events.forEach(show)
  if (!follow) {
    if (events.length === 0) output.note('no such events')
    return
  }
  const signal = interruptSignal()
  for await (const record of followEvents(state, { afterId, clock: systemClock, signal }))
    if (matches(record)) show(record)
}

const defaultLast = 100
const defaultLastWhenFollowing = 10

function requireKnownCode(code: string): void {
  const codes = Object.keys(catalogue)
  if (codes.some(one => matchesPattern(code, one))) return
  const near = suggest(code, codes)
  throw new FlotillaError('usage/invalid', `there is no event ${code}`, {
    hint:
      near === null
        ? 'All of them are in docs/events.md; `*` stands for anything: node.*'
        : `Did you mean ${near}?`,
  })
}

/** A flotilla that is gone still has its events. @returns all names that are worth a column. */
async function requireKnownNames(state: string, { names }: EventsRequest): Promise<readonly string[]> {
  const folded = await new StateStore(state).knownFlotillas()
  const missing = names.filter(name => !folded.includes(name))
  for (const name of missing)
    if (
      (
        await readEvents(state, {
          last: 1,
          matches: eventFilter({ flotillas: [name], level: 'debug', codes: [] }),
        })
      ).length === 0
    )
      throw noSuchFlotilla(name, folded, state)
  return [...folded, ...names]
}
