import { fingerprintIn, hasCertificates } from '../../../tls/tls-view.js'
import { redisPort } from '../../../model/names.js'
import { tlsPort } from '../../../redis/tls.js'
import type { Members } from '../members/select-members.js'
import { isInService, type Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../../model/condition-value.js'
import { transportOf } from './replication-tls.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Action, Refusal } from '../../../model/plan.js'
import type { TransportFacts } from '../../../model/redis.js'
import type { ConditionContext, Setting } from './setting.js'

/**
 * From plain text to TLS and back, while clients read and write and no link breaks for longer than one
 * partial resync takes:
 *
 * 1. what is to be open is opened on every node (the encrypted port with its certificate, the plain one);
 * 2. then the replicas move their links over, one at a time, each only while all others are in sync;
 * 3. then what is to be closed is closed, on every node.
 *
 * Each step follows from how the nodes say that they are connected, so one that was cut short is gone on
 * with, from wherever it is. A certificate that is to be another one is step 1 again: new connections get it,
 * those that there are stay.
 */
export const tlsSetting: Setting<'TlsApplied' | 'CertificateExpiring'> = {
  isApplied: (input, node) => input.tls === null || matchesDesiredTls(input, node),
  plan: (input, members, { master, above }) => {
    const whole = planTls(input, members, master)
    return above === 'acting' ? onlyOpenPorts(whole) : whole
  },
  inSteps: true,
  conditions: { TlsApplied: tlsCondition, CertificateExpiring: certificateExpiringCondition },
}

function planTls(input: PlanInput, members: Members, master: number): Contribution {
  const { tls } = input
  if (tls === null) return {}
  const refusals = whyNotUseTls(input, members)
  if (lacksCertificates(input)) return { refusals }
  const nodes = members.wanted.filter(node => transportOf(node) !== null)
  const opening = nodes.flatMap(node => openingOf(input, node))
  if (opening.length > 0) return { refusals, actions: opening.map(action => ({ band: 'follow', action })) }
  if (refusals.length > 0) return { refusals }
  const replicaToMove = nodes.find(node => mustMove(input, node))
  if (replicaToMove !== undefined) return moveReplicationLink(input, members, { replicaToMove, master })
  const closing = members.wanted.every(isInService) ? nodes.flatMap(node => closingOf(input, node)) : []
  return { actions: closing.map(action => ({ band: 'settle', action })) }
}

/** To listen in one more way disturbs nobody, and a node that is told to follow may need it for that. */
function onlyOpenPorts({ actions = [], refusals = [] }: Contribution): Contribution {
  const opens = ({ action }: PlacedAction): boolean =>
    action.kind === 'load-certificate' || (action.kind === 'set-port' && action.open)
  return { actions: actions.filter(opens), refusals }
}

/** TLS is asked for, and there is nothing to do it with. */
export function lacksCertificates({ tls }: PlanInput): boolean {
  return tls !== null && tls.mode !== 'off' && !hasCertificates(tls)
}

/** Nodes stay as they are, whatever they are; nothing is made of a half. */
export function whyNotUseTls({ tls, spec }: PlanInput, members: Members): readonly Refusal[] {
  if (tls === null || tls.mode === 'off') return []
  if (tls.refused !== null)
    return [
      {
        code: 'TlsRefused',
        reason: `${tls.refused}. ${hasCertificates(tls) ? 'The nodes keep the certificate that they have' : 'No node is touched'}`,
        remedy: `fix ${filesOf(spec.tls)}, which spec.tls.files of ${spec.name} names; they are read again every few seconds`,
      },
    ]
  const without = members.wanted.filter(node => transportOf(node)?.tlsPort === null)
  const [first] = without
  return first === undefined ? [] : [builtWithoutTls(spec, first.seen?.container.image ?? spec.image)]
}

/** Told by a node that runs it, or by a probe before there is one. */
export function builtWithoutTls({ name }: Pick<FlotillaSpec, 'name'>, image: string): Refusal {
  return {
    code: 'TlsRefused',
    reason: `the server of the image ${image} was built without TLS`,
    remedy: `change spec.image of ${name} to one with TLS (redis:8 and valkey/valkey:8 have it), or spec.tls to off`,
  }
}

function filesOf({ certificates }: PlanInput['spec']['tls']): string {
  if (certificates.kind === 'generated') return 'the files'
  const { certFile, keyFile, caFile } = certificates
  return `${certFile}, ${keyFile} or ${caFile}`
}

function openingOf({ tls, spec }: PlanInput, node: Member): readonly Action[] {
  const transport = transportOf(node)
  if (tls === null || transport === null || transport.tlsPort === null) return []
  const { ordinal } = node
  const fingerprint = fingerprintIn(tls, ordinal)
  if (tls.mode !== 'off' && transport.tlsPort === 0)
    return [{ kind: 'load-certificate', ordinal, cause: `spec.tls of ${spec.name} is ${tls.mode}` }]
  if (tls.mode !== 'off' && (fingerprint === null || fingerprint !== transport.fingerprint))
    return [
      { kind: 'load-certificate', ordinal, cause: 'another certificate is in force, or its own is due' },
    ]
  if (tls.mode !== 'require' && transport.plainPort === 0)
    return [
      {
        kind: 'set-port',
        ordinal,
        port: 'plain',
        open: true,
        cause: `spec.tls of ${spec.name} is ${tls.mode}`,
      },
    ]
  return []
}

function mustMove({ tls }: PlanInput, node: Member): boolean {
  const upstream = node.facts?.upstream
  if (node.bucket !== 'online' || upstream === null || upstream === undefined) return false
  const wanted = tls?.mode === 'off' ? redisPort : tlsPort
  return upstream.port !== wanted
}

/** Never two at once: a master that asks for replicas in sync would refuse writes. */
function moveReplicationLink(
  input: PlanInput,
  members: Members,
  { replicaToMove, master }: { readonly replicaToMove: Member; readonly master: number },
): Contribution {
  const outOfSync = members.wanted.find(node => !isInService(node))
  const { ordinal } = replicaToMove
  const kind = input.tls?.mode === 'off' ? 'plain text' : 'TLS'
  if (outOfSync !== undefined)
    return {
      waits: [
        {
          what: `node ${outOfSync.ordinal} is in sync: then the replicas go over to ${kind}, one at a time`,
          ordinal: outOfSync.ordinal,
          recheckInMs: 1_000,
        },
      ],
    }
  return {
    actions: [
      {
        band: 'follow',
        action: { kind: 'follow', ordinal, master, reconnect: false, cause: `its link goes over to ${kind}` },
      },
    ],
  }
}

function closingOf({ tls, spec }: PlanInput, node: Member): readonly Action[] {
  const transport = transportOf(node)
  if (tls === null || transport === null || tls.mode === 'prefer') return []
  const port = tls.mode === 'off' ? 'encrypted' : 'plain'
  if (!isOpenAs(transport, port) || !isReachedBy(node, tls.mode === 'off' ? redisPort : tlsPort)) return []
  const cause = `spec.tls of ${spec.name} is ${tls.mode}, and nobody needs the ${port} port any more`
  return [{ kind: 'set-port', ordinal: node.ordinal, port, open: false, cause }]
}

/** One that was built without TLS has no such port, and does not know the option that would close it. */
function isOpenAs(
  { plainPort, tlsPort: encryptedPort }: TransportFacts,
  port: 'plain' | 'encrypted',
): boolean {
  const listensAt = port === 'plain' ? plainPort : encryptedPort
  return listensAt !== null && listensAt !== 0
}

/**
 * Where nodes are reached by published ports, one that publishes only the other port is to be recreated
 * before.
 */
function isReachedBy({ seen }: Member, port: number): boolean {
  const published = seen?.container.publishedPorts ?? []
  return published.length === 0 || published.some(one => one.containerPort === port)
}

/** Whether every node listens, and follows, as `spec.tls` asks; by what the nodes themselves say. */
function tlsCondition(input: PlanInput, { members }: ConditionContext): ConditionValue {
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

function certificateExpiringCondition({ tls, spec }: PlanInput): ConditionValue {
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
