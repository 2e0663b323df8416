import { z } from 'zod'
import { eventFilter } from '../../events/journal/filter.js'
import { levels } from '../../events/journal/record.js'
import type { ControlApi } from '../control-api.js'
import { json, route, type RouteResponse, type Route } from '../route.js'
import { flotillaParams } from '../schemas.js'
import { requireKnown } from '../lookup.js'
import type { EventStreams } from '../stream.js'

/** What has happened, from the journal; and what happens, as it does. */
export function eventRoutes(api: ControlApi, streams: EventStreams): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/events',
      summary: 'Events of the journal, oldest first',
      access: 'reader',
      query: eventQuery,
      responses: { 200: { description: 'The events.', schema: eventList } },
      handle: ({ query }) => respond([], query),
    }),
    route({
      method: 'GET',
      path: '/api/v1/flotillas/{flotilla}/events',
      summary: 'Events of one flotilla, oldest first',
      access: 'reader',
      params: flotillaParams,
      query: eventQuery,
      responses: { 200: { description: 'The events.', schema: eventList } },
      handle: ({ params, query }) => {
        requireKnown(api, params.flotilla)
        return respond([params.flotilla], query)
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/stream',
      summary:
        'Server-sent events: each event of the journal as a message with its id; after each look at a flotilla how it is, as an event called `flotilla`; `gone` when it is no more',
      access: 'reader',
      isStream: true,
      query: z.object({
        lastEventId: z.coerce
          .number()
          .int()
          .min(0)
          .optional()
          .meta({ description: 'Go on after this event, as the header Last-Event-ID does.' }),
      }),
      responses: { 200: { description: 'The stream.', schema: null, contentType: 'text/event-stream' } },
      async handle({ request, reply, query }) {
        await streams.open(reply, lastIdIn(request.headers['last-event-id']) ?? query.lastEventId ?? null)
        return 'streaming' as const
      },
    }),
  ]

  async function respond(
    flotillas: readonly string[],
    { after, level, code, last }: z.output<typeof eventQuery>,
  ): Promise<RouteResponse> {
    const matches = eventFilter({ flotillas, level, codes: code === undefined ? [] : code.split(',') })
    return json({ events: await api.readEvents({ afterId: after, matches, last }) })
  }
}

const eventQuery = z.object({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'Only events with a higher id than this.' }),
  last: z.coerce.number().int().min(1).max(1_000).default(100).meta({ description: 'The newest so many.' }),
  level: z.enum(levels).default('info').meta({ description: 'This level and graver ones.' }),
  code: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Codes or patterns, with commas: `failover.*,node.died`.' }),
})

const eventList = z.object({
  events: z.array(
    z.object({
      id: z.int(),
      time: z.iso.datetime(),
      level: z.enum(levels),
      event: z.string(),
      msg: z.string(),
      flotilla: z.string().nullable(),
      pass: z.string().nullable(),
      fields: z.record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]),
      ),
    }),
  ),
})

function lastIdIn(header: string | readonly string[] | undefined): number | null {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null
}
