import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sentinelsIn } from '../../src/redis/client/sentinels.js'

const line = (name: string, addr: string): string =>
  `id=7 addr=${addr} laddr=10.0.0.2:6379 fd=9 name=${name} age=5 idle=0 flags=P db=0 sub=1 psub=0 cmd=subscribe user=default`

test('Sentinels are known by the names of their connections, each host once, and nobody else is taken for one', () => {
  const list = [
    line('sentinel-1a2b3c4d-pubsub', '10.0.0.9:41234'),
    line('sentinel-1a2b3c4d-cmd', '10.0.0.9:41236'),
    line('sentinel-5e6f7a8b-pubsub', '[fd00::5]:41000'),
    line('', '10.0.0.7:5000'),
    line('my-sentinel-1a2b3c4d-pubsub', '10.0.0.8:5000'),
    line('sentinel-watcher-pubsub', '10.0.0.8:5001'),
    '',
  ].join('\n')
  assert.deepEqual(sentinelsIn(list), ['10.0.0.9', '[fd00::5]'])
  assert.deepEqual(sentinelsIn(''), [])
})
