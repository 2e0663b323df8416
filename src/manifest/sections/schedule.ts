import { z } from 'zod'
import { isTimeZone, whyNotCron } from '../../schedule.js'
import { field } from '../field-docs.js'

/** When something is done again and again; `what` says what, to stand before a colon. */
export function scheduleField(what: string) {
  return field(
    z.string().superRefine((text, context) => {
      const message = whyNotCron(text)
      if (message !== null) context.addIssue({ code: 'custom', message })
    }),
    {
      describe: `${what}: five fields of cron (minute, hour, day of the month, month, day of the week), or a name such as @daily.`,
      wants: 'a schedule of cron in quotes, such as "0 3 * * 6"',
      example: '"0 3 * * 6"',
    },
  )
}

export const timeZoneField = field(
  z.string().refine(isTimeZone, {
    error: issue =>
      `can't be ${String(issue.input)}: no such time zone is known; write one as Europe/Paris or UTC`,
  }),
  {
    describe: 'By whose clock, summer time included.',
    wants: 'the name of a time zone, such as Europe/Paris or UTC',
    example: 'Europe/Paris',
  },
)
