/** The part of the catalogue that tells of telling others. */
export const notifyEvents = {
  'notification.sent': {
    level: 'info',
    message: 'notification sent',
    fields: ['receiver', 'where', 'kind', 'notification', 'tries', 'tookMs', 'detail'],
  },
  'notification.failed': {
    level: 'warn',
    message: 'notification failed; retrying',
    fields: ['receiver', 'where', 'kind', 'notification', 'error', 'retryInMs'],
    alert:
      'by another way than that receiver: when no notification.sent with the same `notification` follows within five minutes',
  },
  'notification.abandoned': {
    level: 'error',
    message: 'notification given up',
    fields: ['receiver', 'where', 'kind', 'notification', 'tries', 'error'],
    alert: 'always, by another way than that receiver',
  },
} as const
