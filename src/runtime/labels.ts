/**
 * Flotilla touches only what carries these labels, and the proof that they are its own (markLabel). The
 * prefixes com.docker, io.docker and org.dockerproject are reserved by Docker.
 */
export const flotillaLabel = 'io.flotilla.flotilla'
export const nodeLabel = 'io.flotilla.node'
export const specHashLabel = 'io.flotilla.spec-hash'
/** Proves that this state directory made it: see src/ownership/mark.ts. */
export const markLabel = 'io.flotilla.mark'
/**
 * In place of all of ours on what carries them and is not proven to be ours: the flotilla that it says it is
 * of. Never on the engine.
 */
export const unprovenLabel = 'io.flotilla.unproven'
export const versionLabel = 'io.flotilla.version'
/**
 * On a container that only answers questions about its image, for some seconds: one that is found belongs to
 * a Flotilla that died.
 */
export const probeLabel = 'io.flotilla.trial'
/**
 * On a container whose server was started on a backup, for as long as it is compared: one that is found
 * while nobody does that belongs to a Flotilla that died.
 */
export const restoredLabel = 'io.flotilla.restored'
/** On the container of a flotilla's gateway. */
export const gatewayLabel = 'io.flotilla.gateway'
/** On an image that stands in for one that could not be pulled: says what is really in it. */
export const fallbackImageLabel = 'io.flotilla.stand-in'

/** On a container that was made of an image by its id: the reference that it was made for. */
export const referenceLabel = 'io.flotilla.image'

/** The flotilla and ordinal that a set of labels names; null when they are not ours or are damaged. */
export function readNodeLabels(
  labels: Readonly<Record<string, string>>,
): { readonly flotilla: string; readonly ordinal: number } | null {
  const flotilla = labels[flotillaLabel]
  const ordinal = labels[nodeLabel]
  if (flotilla === undefined || ordinal === undefined || !/^\d{1,4}$/.test(ordinal)) return null
  return { flotilla, ordinal: Number(ordinal) }
}

/** The flotilla whose gateway carries these labels; null when none does. */
export function readGatewayLabels(labels: Readonly<Record<string, string>>): string | null {
  return labels[gatewayLabel] === undefined ? null : (labels[flotillaLabel] ?? null)
}
