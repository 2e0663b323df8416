/** The part of the catalogue that tells of telling others. */
export const notifyEvents = {
  'notification.sent': {
    level: 'info',
    message: 'somebody is told of something',
    fields: ['receiver', 'where', 'kind', 'notification', 'tries', 'tookMs', 'detail'],
  },
  'notification.failed': {
    level: 'warn',
    message: 'somebody could not be told of something; it is tried again',
    fields: ['receiver', 'where', 'kind', 'notification', 'error', 'retryInMs'],
    alert:
      'by another way than that receiver: when no notification.sent with the same `notice` follows within five minutes',
  },
  'notification.abandoned': {
    level: 'error',
    message: 'somebody is not told of something',
    fields: ['receiver', 'where', 'kind', 'notification', 'tries', 'error'],
    alert: 'always, by another way than that receiver',
  },
} as const
