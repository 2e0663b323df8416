import type { Notification } from './notification.js'

/** Somebody who is told of notices. */
export interface Receiver {
  readonly name: 'webhook' | 'command'
  /** For people; holds no secret. */
  readonly where: string
  /** One try, with a deadline of its own. Rejects where a try is not even possible, now and later. */
  send(notification: Notification, signal: AbortSignal): Promise<DeliveryResult>
}

export type DeliveryResult =
  | { readonly kind: 'delivered'; readonly detail: string }
  /** `again`: a later try may succeed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isRetryable: boolean }
