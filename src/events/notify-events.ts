/** The part of the catalogue that tells of telling others. */
export const notifyEvents = {
  'notify.sent': {
    level: 'info',
    message: 'somebody is told of something',
    fields: ['receiver', 'where', 'kind', 'notice', 'tries', 'tookMs', 'detail'],
  },
  'notify.failed': {
    level: 'warn',
    message: 'somebody could not be told of something; it is tried again',
    fields: ['receiver', 'where', 'kind', 'notice', 'error', 'againInMs'],
    alert:
      'by another way than that receiver: when no notify.sent with the same `notice` follows within five minutes',
  },
  'notify.given-up': {
    level: 'error',
    message: 'somebody is not told of something',
    fields: ['receiver', 'where', 'kind', 'notice', 'tries', 'error'],
    alert: 'always, by another way than that receiver',
  },
} as const
