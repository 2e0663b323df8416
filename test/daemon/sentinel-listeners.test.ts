import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SentinelListeners } from '../../src/daemon/sentinel-listeners.js'
import { readSentinelSetting } from '../../src/daemon/sentinel-setting.js'
import { FlotillaError } from '../../src/errors.js'
import type { EventSink } from '../../src/events/catalogue.js'
import { renderListenAddress, type ListenAddress } from '../../src/listen-address.js'
import type { NetworkFacts } from '../../src/model/engine.js'
import { Secret } from '../../src/secret.js'
import { manualClock } from '../reconciler/support/manual-clock.js'

/** A machine that has these addresses and an engine with these networks. */
function machine(options: {
  readonly addresses: readonly string[]
  readonly password?: string
  readonly has?: Set<string>
  readonly subnets?: readonly string[]
}) {
  const { addresses, password, has = new Set(['127.0.0.1']), subnets = [] } = options
  const told: string[] = []
  const clock = manualClock()
  const events: EventSink = {
    publish: (code, fields) => void told.push(`${code} ${String(Object.values(fields)[0])}`),
  }
  const known: NetworkFacts[] = subnets.map((subnet, index) => ({
    ...{ networkId: `${index}`, name: `n${index}`, labels: {}, driver: 'bridge', subnets: [subnet] },
  }))
  const listen = (address: ListenAddress): Promise<ListenAddress> => {
    const missing = Object.assign(new Error('no'), { code: 'EADDRNOTAVAIL' })
    return has.has(address.host) || has.has('*')
      ? Promise.resolve(address)
      : Promise.reject(new FlotillaError('sentinel/address-taken', 'x', { cause: missing }))
  }
  const parsed = addresses.map(text => {
    const [host = '', port] = text.split(':')
    return { host, port: Number(port) }
  })
  const setting = { addresses: parsed, password: password === undefined ? null : new Secret(password) }
  const subnetsOf = { known, refresh: () => Promise.resolve() }
  const listeners = new SentinelListeners(setting, { server: { listen }, subnets: subnetsOf, events, clock })
  return { listeners, told, clock, has, known }
}

describe('where the daemon listens', () => {
  test('loopback and a bridge of the engine need no password', async () => {
    const { listeners, told } = machine({
      addresses: ['127.0.0.1:26379', '172.30.0.1:26379'],
      has: new Set(['127.0.0.1', '172.30.0.1']),
      subnets: ['172.30.0.0/16'],
    })
    await listeners.start()
    assert.deepEqual(told, ['sentinel.listening 127.0.0.1:26379', 'sentinel.listening 172.30.0.1:26379'])
  })

  for (const host of ['0.0.0.0'])
    test(`${host} needs one`, async () => {
      const address = `${host}:26379`
      const open = machine({ addresses: [address], has: new Set(['*']) })
      await assert.rejects(
        () => open.listeners.start(),
        (error: unknown) => error instanceof FlotillaError && error.code === 'sentinel/unsafe',
      )
      const safe = machine({ addresses: [address], has: new Set(['*']), password: 'x' })
      await safe.listeners.start()
      assert.deepEqual(safe.told, [`sentinel.listening ${address}`])
    })

  test('an address that this machine does not have yet is listened at once it has it, and no sooner', async () => {
    const { listeners, told, clock, has, known } = machine({ addresses: ['172.30.0.1:26379'] })
    await listeners.start()
    assert.deepEqual(told, ['sentinel.waiting 172.30.0.1:26379'])
    const later = async (): Promise<void> => {
      clock.advance(2_000)
      for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setImmediate(resolve))
    }
    await later()
    assert.equal(told.length, 1)
    const bridge = { networkId: 'b', name: 'b', labels: {}, driver: 'bridge', subnets: ['172.30.0.0/16'] }
    known.push(bridge)
    has.add('172.30.0.1')
    await later()
    assert.deepEqual(told.slice(1), ['sentinel.listening 172.30.0.1:26379'])
    listeners.stop()
  })
})

describe('what is typed', () => {
  test('addresses come one by one or with commas between, and localhost is loopback', async () => {
    const { addresses } = await readSentinelSetting({
      sentinel: ['127.0.0.1:26379,[::1]:26379', 'localhost:7'],
    })
    assert.deepEqual(addresses.map(renderListenAddress), ['127.0.0.1:26379', '[::1]:26379', '127.0.0.1:7'])
    assert.deepEqual(await readSentinelSetting({}), { addresses: [], password: null })
  })

  for (const text of ['here', 'example.com:26379', '1.2.3.4:99999'])
    test(`${text} is no address`, async () => {
      await assert.rejects(() => readSentinelSetting({ sentinel: [text] }), /that is no address/)
    })

  test('a password file that is not there is told by its name', async () => {
    await assert.rejects(
      () => readSentinelSetting({ sentinelPasswordFile: '/nowhere/at/all' }),
      /--sentinel-password-file: \/nowhere\/at\/all is not there/,
    )
  })
})
