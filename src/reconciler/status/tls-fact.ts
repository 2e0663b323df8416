import type { PlanInput } from '../plan/input.js'
import type { Census } from '../plan/census.js'
import type { ClassifiedNode } from '../plan/classify.js'
import { transportOf } from '../plan/links.js'
import { factsOf } from '../plan/classify.js'
import { redisPort } from '../names.js'
import { tlsPort } from '../../redis/tls.js'
import { fingerprintIn, isInForce } from '../../tls/sight.js'
import { no, yes, type Fact } from './fact.js'

/** Whether every node listens, and follows, as `spec.tls` asks; by what the nodes themselves say. */
export function tlsFact(input: PlanInput, census: Census): Fact {
  const { tls } = input
  if (tls === null) return no('Off', 'connections are not encrypted')
  if (tls.mode !== 'off' && (tls.refused !== null || !isInForce(tls)))
    return no('Refused', tls.refused ?? 'there is no certificate yet')
  const behind = census.wanted.filter(node => !isAsAsked(input, node)).map(node => node.ordinal)
  if (behind.length > 0 || tls.mode === 'off')
    return no('Applying', `${tls.mode} is not applied on node ${behind.join(', ')} yet`)
  const ends = tls.endsAtMs === null ? '' : `; the first certificate ends on ${dayOf(tls.endsAtMs)}`
  return yes('Applied', `${words[tls.mode]}${ends}`)
}

const words = {
  prefer: 'nodes talk to each other over TLS, clients may',
  require: 'every connection is encrypted',
}

export function expiringFact({ tls, spec }: PlanInput): Fact {
  const expiring = tls?.expiring ?? null
  if (expiring === null) return no('None', '')
  const { whose, endsAtMs } = expiring
  const { certificates } = spec.tls
  const remedy =
    certificates.kind === 'files'
      ? `Put another one at ${certificates.certFile}; it is taken over within seconds`
      : `It should have been renewed; type: flotilla status ${spec.name}, and see what keeps its node from being changed`
  return yes('EndsSoon', `${whose} ends on ${new Date(endsAtMs).toISOString()}. ${remedy}`)
}

function isAsAsked({ tls }: PlanInput, node: ClassifiedNode): boolean {
  const transport = transportOf(node)
  if (tls === null || transport === null) return false
  const upstream = factsOf(node)?.upstream ?? null
  const followsAsAsked = upstream === null || upstream.port === (tls.mode === 'off' ? redisPort : tlsPort)
  const hasCertificate =
    tls.mode === 'off' ||
    (transport.fingerprint !== null && transport.fingerprint === fingerprintIn(tls, node.ordinal))
  // One that was built without TLS has no such port to close.
  const speaksTls = transport.tlsPort !== null && transport.tlsPort !== 0
  const isListening =
    (transport.plainPort !== 0) === (tls.mode !== 'require') && speaksTls === (tls.mode !== 'off')
  return isListening && hasCertificate && followsAsAsked
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
