import type { Notice } from './notice.js'

/** Somebody who is told of notices. */
export interface Receiver {
  readonly name: 'webhook' | 'command'
  /** For people; holds no secret. */
  readonly where: string
  /** One try, with a deadline of its own. Rejects where a try is not even possible, now and later. */
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivery>
}

export type Delivery =
  | { readonly kind: 'delivered'; readonly detail: string }
  /** `again`: a later try may succeed. */
  | { readonly kind: 'failed'; readonly why: string; readonly again: boolean }
