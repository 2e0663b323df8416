import type { PlanInput } from '../../model/plan-input.js'
import type { Members } from '../plan/members/select-members.js'
import type { Member } from '../plan/members/classify.js'
import { transportOf } from '../plan/settings/replication-tls.js'
import { redisPort } from '../../model/names.js'
import { tlsPort } from '../../redis/tls.js'
import { fingerprintIn, hasCertificates } from '../../tls/tls-view.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

/** Whether every node listens, and follows, as `spec.tls` asks; by what the nodes themselves say. */
export function tlsCondition(input: PlanInput, members: Members): ConditionValue {
  const { tls } = input
  if (tls === null) return conditionFalse('Off', 'connections are not encrypted')
  if (tls.mode !== 'off' && (tls.refused !== null || !hasCertificates(tls)))
    return conditionFalse('Refused', tls.refused ?? 'there is no certificate yet')
  const pendingNodes = members.wanted
    .filter(node => !matchesDesiredTls(input, node))
    .map(node => node.ordinal)
  if (pendingNodes.length > 0 || tls.mode === 'off')
    return conditionFalse('Applying', `${tls.mode} is not applied on node ${pendingNodes.join(', ')} yet`)
  const ends = tls.expiresAtMs === null ? '' : `; the first certificate ends on ${dayOf(tls.expiresAtMs)}`
  return conditionTrue('Applied', `${modeMessages[tls.mode]}${ends}`)
}

const modeMessages = {
  prefer: 'nodes talk to each other over TLS, clients may',
  require: 'every connection is encrypted',
}

export function certificateExpiringCondition({ tls, spec }: PlanInput): ConditionValue {
  const expiring = tls?.expiring ?? null
  if (expiring === null) return conditionFalse('None', '')
  const { subject, expiresAtMs } = expiring
  const { certificates } = spec.tls
  const advice =
    certificates.kind === 'files'
      ? `Put another one at ${certificates.certFile}; it is taken over within seconds`
      : `It should have been renewed; fix: flotilla status ${spec.name}, and see what keeps its node from being changed`
  return conditionTrue('ExpiresSoon', `${subject} ends on ${new Date(expiresAtMs).toISOString()}. ${advice}`)
}

function matchesDesiredTls({ tls }: PlanInput, node: Member): boolean {
  const transport = transportOf(node)
  if (tls === null || transport === null) return false
  const upstream = node.facts?.upstream ?? null
  const hasDesiredUpstream = upstream === null || upstream.port === (tls.mode === 'off' ? redisPort : tlsPort)
  const hasCertificate =
    tls.mode === 'off' ||
    (transport.fingerprint !== null && transport.fingerprint === fingerprintIn(tls, node.ordinal))
  // One that was built without TLS has no such port to close.
  const speaksTls = transport.tlsPort !== null && transport.tlsPort !== 0
  const isListening =
    (transport.plainPort !== 0) === (tls.mode !== 'require') && speaksTls === (tls.mode !== 'off')
  return isListening && hasCertificate && hasDesiredUpstream
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
