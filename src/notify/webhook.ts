import { createHmac } from 'node:crypto'
import type { Secret } from '../secret.js'
import type { Notification } from './notification.js'
import type { DeliveryResult, Receiver } from './receiver.js'

export interface WebhookSettings {
  readonly url: URL
  /** The key itself, base64. */
  readonly secret: Secret
}

/** A receiver that has something to do should answer first and do it afterwards. */
const webhookTimeoutMs = 5_000

/**
 * POSTs each notice as JSON, signed as https://www.standardwebhooks.com says, so that receivers can verify it
 * with a library of theirs: HMAC-SHA256 over id, time and body, in `webhook-id`, `webhook-timestamp` and
 * `webhook-signature`. The time is that of the try, so a receiver can refuse what somebody recorded and sends
 * again later.
 */
export function createWebhook(
  { url, secret }: WebhookSettings,
  nowMs: () => number,
  withinMs = webhookTimeoutMs,
): Receiver {
  return {
    name: 'webhook',
    // The path of some services' URLs is a secret.
    where: url.origin,
    async send(notification, signal) {
      const body = JSON.stringify({
        type: notification.kind,
        timestamp: notification.time,
        data: dataOf(notification),
      })
      const seconds = String(Math.floor(nowMs() / 1_000))
      try {
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'flotilla',
            'webhook-id': notification.id,
            'webhook-timestamp': seconds,
            'webhook-signature': `v1,${signatureOf(secret, { id: notification.id, seconds, body })}`,
          },
          // What is signed for one place is not to be sent to another.
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
        })
        await response.body?.cancel()
        return resultOfStatus(response.status)
      } catch (error) {
        return { kind: 'failed', reason: errorReason(error, withinMs), isRetryable: true }
      }
    },
  }
}

function signatureOf(
  secret: Secret,
  signed: { readonly id: string; readonly seconds: string; readonly body: string },
): string {
  return createHmac('sha256', Buffer.from(secret.reveal(), 'base64'))
    .update(`${signed.id}.${signed.seconds}.${signed.body}`)
    .digest('base64')
}

function dataOf({ flotilla, summary, facts }: Notification): Readonly<Record<string, unknown>> {
  return { flotilla, summary, ...facts }
}

/**
 * What the receiver refuses it will refuse the next time too, but for "too early", "too many" and its own
 * trouble.
 */
function resultOfStatus(status: number): DeliveryResult {
  if (status >= 200 && status < 300) return { kind: 'delivered', detail: `status ${status}` }
  const isRetryable = status >= 500 || status === 408 || status === 425 || status === 429
  return { kind: 'failed', reason: `status ${status}`, isRetryable }
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function errorReason(error: unknown, withinMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${withinMs} ms`
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
