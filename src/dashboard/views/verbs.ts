import type { Flotilla } from '../model/api-types.js'

export type Verb = 'switchover' | 'failover' | 'scale' | 'pause' | 'resume'

/** What the reader has chosen in the dialog. */
export interface Choices {
  /** Null lets Flotilla choose. */
  readonly to: number | null
  readonly force: boolean
  readonly replicas: number
}

export interface DialogText {
  readonly title: string
  /** What it comes to, in a sentence or two. */
  readonly explain: string
  readonly confirm: string
}

export function dialogText(verb: Verb, { name }: Flotilla): DialogText {
  switch (verb) {
    case 'switchover':
      return {
        title: `Switch ${name} over`,
        explain:
          'Makes a replica that is in sync master. Writes pause for some milliseconds; none is lost. Clients reconnect to the same name.',
        confirm: 'Switch over',
      }
    case 'failover':
      return {
        title: `Fail ${name} over`,
        explain:
          'Replaces a master that is dead, hung or in doubt. While the master is well, a switchover does the same without risk.',
        confirm: 'Fail over',
      }
    case 'scale':
      return {
        title: `Scale ${name}`,
        explain:
          'Writes another number of replicas into the manifest, and no other byte. The daemon then applies it.',
        confirm: 'Save to the manifest',
      }
    case 'pause':
      return {
        title: `Pause ${name}`,
        explain:
          'Nothing is changed and nothing fails over until it is resumed, not even when the master dies. What is below would be left undone.',
        confirm: 'Pause',
      }
    case 'resume':
      return {
        title: `Resume ${name}`,
        explain: 'Goes on after a pause, and says that lost data is known of.',
        confirm: 'Resume',
      }
  }
}

/** The query that asks the daemon what this would lead to. */
export function previewQuery(verb: Verb, { to, force, replicas }: Choices): string {
  switch (verb) {
    case 'switchover':
      return `plan?whatIf=switchover${to === null ? '' : `&to=${to}`}`
    case 'failover':
      return `plan?whatIf=failover${to === null ? '' : `&to=${to}`}&force=${force}`
    case 'scale':
      return `plan?whatIf=scale&replicas=${replicas}`
    case 'resume':
      return 'plan?whatIf=resume'
    case 'pause':
      return 'plan'
  }
}

export function bodyFor(verb: Verb, { to, force, replicas }: Choices): unknown {
  const target = to === null ? {} : { to }
  switch (verb) {
    case 'switchover':
      return target
    case 'failover':
      return { ...target, force }
    case 'scale':
      return { replicas }
    case 'pause':
    case 'resume':
      return {}
  }
}
