/** Of manifests: what they declare, and what becomes of it. */
export const manifestEvents = {
  'manifest.loaded': {
    level: 'info',
    message: 'spec accepted',
    fields: ['generation', 'source', 'replicas', 'image'],
  },
  'manifest.invalid': {
    level: 'error',
    message: 'manifest is invalid; the last good spec stays in effect',
    fields: ['problem'],
    alert: 'at once where manifests come from a pipeline: what was rolled out is not what is in force',
  },
  'manifest.valid': { level: 'info', message: 'manifest is valid again', fields: [] },
  'manifest.watch-failed': {
    level: 'warn',
    message: 'watching the manifests failed; changes are found by polling',
    fields: ['error'],
    alert: 'not by night: a change of a manifest is seen up to two seconds later, that is all',
  },
  'manifest.missing': {
    level: 'warn',
    message: 'no manifest declares the flotilla any more; its grace period has started',
    fields: ['deletionPolicy', 'keptForMs'],
    alert: 'when nobody meant to remove it: put the manifest back before the time is over',
  },
  'manifest.returned': {
    level: 'info',
    message: 'the flotilla is declared again',
    fields: [],
  },
  'manifest.deleted': {
    level: 'warn',
    message: 'grace period over; applying the deletion policy',
    fields: ['deletionPolicy'],
    alert: 'when nobody meant to remove a flotilla',
  },
} as const
