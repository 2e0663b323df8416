import {
  completedRequestsMax,
  type FlotillaMemory,
  type Request,
  type CompletedRequest,
} from '../../model/record.js'

/**
 * The request that may still be begun: one whose time is over may not, and one that is under way is brought
 * to its end whatever the time.
 */
export function openRequest(memory: FlotillaMemory, nowMs: number): Request | null {
  const { request } = memory
  return request === null || isUnderWay(memory) || nowMs < expiresAtMs(request) ? request : null
}

/** Whether what was asked for has been begun. */
export function isUnderWay({ request, operation }: Pick<FlotillaMemory, 'request' | 'operation'>): boolean {
  return request !== null && operation !== null && operation.requestId === request.requestId
}

/** The memory once a request is answered; one that is open in it is open no longer. */
export function withCompletedRequest(memory: FlotillaMemory, answer: CompletedRequest): FlotillaMemory {
  return {
    ...memory,
    request: memory.request?.requestId === answer.requestId ? null : memory.request,
    answers: [...memory.answers, answer].slice(-completedRequestsMax),
  }
}

/**
 * Nothing is begun for anybody while a flotilla is paused or hibernated, so nobody is left to wait for it;
 * null when it is neither.
 */
export function whyNotBegin({ flotilla, pausedSinceMs, hibernation, spec }: FlotillaMemory): string | null {
  if (pausedSinceMs !== null) return `${flotilla} is paused; type first: flotilla resume ${flotilla}`
  return hibernation !== null && spec?.hibernate === true
    ? `${flotilla} is hibernated; type first: flotilla wake ${flotilla}`
    : null
}

function expiresAtMs({ atMs, timeoutMs }: Request): number {
  return atMs + timeoutMs
}
