import { createHmac, timingSafeEqual } from 'node:crypto'
import { flotillaLabel, nodeLabel } from '../runtime/labels.js'

/**
 * Labels can be written by anybody: Docker even copies those of an image to every container that is made of
 * it. So whatever Flotilla makes also carries a mark, a keyed digest over what it is, which only the holder
 * of the state directory's key can make. A mark is `<nonce>.<digest>`; the nonce is new for each thing that
 * is made, so that a mark that an image has caught (docker commit) is told from that of a container that was
 * made of it.
 */
export interface MarkedObject {
  readonly kind: 'container' | 'network' | 'volume'
  /** Of a network or a volume; a container's name is its role, and changes. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export function newMark(key: Buffer, engineObject: MarkedObject, nonce: string): string {
  return `${nonce}.${digestOf(key, engineObject, nonce)}`
}

export function isMarkOf(key: Buffer, engineObject: MarkedObject, mark: string): boolean {
  const [nonce = '', digest = ''] = mark.split('.')
  const expected = Buffer.from(digestOf(key, engineObject, nonce))
  const given = Buffer.from(digest)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function digestOf(key: Buffer, { kind, name, labels }: MarkedObject, nonce: string): string {
  const said = [kind, kind === 'container' ? '' : name, labels[flotillaLabel], labels[nodeLabel] ?? '', nonce]
  return createHmac('sha256', key).update(JSON.stringify(said)).digest('hex')
}
