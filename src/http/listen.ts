import { chmod, lstat, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { FlotillaError } from '../errors.js'
import { whyNotListening } from '../listen-address.js'
import { renderHttpAddress, type HttpAddress } from './address.js'

/**
 * Begins to answer at an address. A socket file that a killed daemon left behind is replaced.
 * @returns the address, with the port that was got where 0 was asked for.
 * @throws FlotillaError http/address-taken when it can't be had.
 */
export async function listen(app: FastifyInstance, address: HttpAddress): Promise<HttpAddress> {
  try {
    if (address.kind === 'tcp') {
      await app.listen({ host: address.host, port: address.port })
      return { ...address, port: (app.server.address() as AddressInfo).port }
    }
    await removeStaleSocket(address.path)
    await app.listen({ path: address.path })
    // As open as a port on loopback is. The folder says who may come near; what changes something needs the
    // token here too.
    await chmod(address.path, 0o666)
    return address
  } catch (error) {
    throw new FlotillaError(
      'http/address-taken',
      `can't answer HTTP at ${renderHttpAddress(address)}: ${whyNotListening(error)}`,
      { hint: 'Name another address with --http, or --http off.', cause: error },
    )
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return
  if (!found.isSocket()) throw new Error('there is a file of that name, and it is no socket')
  if (await isListening(path)) throw new Error('another process answers there')
  await rm(path, { force: true })
}

function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    const end = (responses: boolean): void => {
      socket.destroy()
      resolve(responses)
    }
    socket.setTimeout(2_000, () => end(true))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
