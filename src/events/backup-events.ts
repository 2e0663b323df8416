/** Of backups. */
export const backupEvents = {
  'backup.started': {
    level: 'info',
    message: 'taking a backup',
    fields: ['node', 'place'],
  },
  'backup.taken': {
    level: 'info',
    message: 'took a backup',
    fields: ['backup', 'node', 'bytes', 'tookMs', 'place'],
  },
  'backup.failed': {
    level: 'error',
    message: 'could not take a backup; what is listed is whole, and the schedule goes on',
    fields: ['error', 'hint', 'place'],
    alert: 'always: until the next one succeeds, the newest backup grows older',
  },
  'backup.verified': {
    level: 'info',
    message: 'restored a backup into a throwaway container, and found in it what its source had',
    fields: ['backup', 'keys', 'compared', 'tookMs'],
  },
  'backup.not-verified': {
    level: 'error',
    message: 'a backup was not found to be what its source had',
    fields: ['backup', 'error', 'hint'],
    alert: 'always: nothing says that this backup can be restored',
  },
  'backup.removed': {
    level: 'info',
    message: 'removed a backup that is not to be kept',
    fields: ['backup'],
  },
  'backup.leftovers-removed': {
    level: 'info',
    message: 'removed what a backup that was cut short had left',
    fields: ['objects', 'place'],
  },
} as const
