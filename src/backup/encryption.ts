import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption'
import { FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'

/**
 * Encryption at rest in the format of age (age-encryption.org/v1), which `age --decrypt -i key.txt` opens
 * without us. Loaded only where a backup is encrypted.
 */
export interface BackupKey {
  /** Where it came from, for messages. */
  readonly file: string
  /** `AGE-SECRET-KEY-1…`, which opens what was made for it. */
  readonly identity: Secret
}

/**
 * The key in a file that age-keygen has made: its comments, and one line.
 * @throws FlotillaError usage/invalid
 */
export function parseKeyFile(file: string, text: string): BackupKey {
  const keys = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const [identity] = keys
  if (keys.length === 1 && identity !== undefined && /^AGE-SECRET-KEY-(PQ-)?1[A-Z0-9]+$/.test(identity))
    return { file, identity: new Secret(identity) }
  throw new FlotillaError('usage/invalid', `${file} holds no key of age: one line AGE-SECRET-KEY-1…`, {
    hint: `Make one, and keep a copy where the backups are not: age-keygen -o ${file}`,
  })
}

export async function encrypted(
  bytes: AsyncIterable<Uint8Array>,
  { identity }: BackupKey,
): Promise<AsyncIterable<Uint8Array>> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity.reveal()))
  return piecesOf(await encrypter.encrypt(webStream(bytes)))
}

/** @throws FlotillaError backup/damaged where the key does not open it, or a piece of it was changed. */
export async function decrypted(
  bytes: AsyncIterable<Uint8Array>,
  { file, identity }: BackupKey,
): Promise<AsyncIterable<Uint8Array>> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity.reveal())
  let failedBelow: unknown = null
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes
    } catch (error) {
      failedBelow = error
      throw error
    }
  }
  const explained = (error: unknown): unknown => {
    if (failedBelow !== null) return failedBelow
    const reason = error instanceof Error ? error.message : String(error)
    return new FlotillaError('backup/damaged', `the key in ${file} does not open it: ${reason}`)
  }
  try {
    return explaining(piecesOf(await decrypter.decrypt(webStream(watched()))), explained)
  } catch (error) {
    throw explained(error)
  }
}

/** In base64, for where only text can stand. */
export async function sealText(text: string, { identity }: BackupKey): Promise<string> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity.reveal()))
  return Buffer.from(await encrypter.encrypt(text)).toString('base64')
}

/** @throws FlotillaError backup/damaged */
export async function openText(sealed: string, { file, identity }: BackupKey): Promise<string> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity.reveal())
  try {
    return await decrypter.decrypt(new Uint8Array(Buffer.from(sealed, 'base64')), 'text')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new FlotillaError('backup/damaged', `the key in ${file} does not open it: ${reason}`)
  }
}

async function* explaining(
  bytes: AsyncIterable<Uint8Array>,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    throw explain(error)
  }
}

function webStream(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const pieces = bytes[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await pieces.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        await pieces.return?.()
      },
    },
    { highWaterMark: 2 },
  )
}

async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const next = await reader.read()
      if (next.done) return
      yield next.value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
