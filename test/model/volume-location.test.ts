import assert from 'node:assert/strict'
import test from 'node:test'
import { locationsOverlap, locationOf, renderLocation } from '../../src/model/volume-location.js'
import { complaints, manifest } from '../manifest/samples.js'

const local = (options: Record<string, string>) => locationOf({ driver: 'local', options })
const placed = (options: Record<string, string>) => {
  const location = local(options)
  return location === null ? null : renderLocation(location)
}

test('a place is the folder, the share or the device that the options lead to, however it is written', () => {
  assert.equal(placed({ type: 'none', o: 'bind', device: '/srv//a/../redis/' }), '/srv/redis')
  assert.equal(placed({ type: 'nfs', o: 'addr=10.0.0.5,rw', device: ':/redis' }), '10.0.0.5:/redis')
  assert.equal(placed({ type: 'nfs', o: 'rw', device: 'nas:/redis' }), 'nas:/redis')
  assert.equal(placed({ type: 'cifs', o: 'username=x', device: '//nas/redis' }), 'nas:/redis')
  assert.equal(placed({ type: 'btrfs', o: 'subvol=one', device: '/dev/sdb' }), '/dev/sdb#one')
  assert.equal(placed({ type: 'overlay', o: 'lowerdir=/l,upperdir=/u,workdir=/w', device: 'overlay' }), '/u')
})

test('what gives each volume memory or a folder of its own is no place that two could share', () => {
  assert.equal(placed({}), null)
  assert.equal(placed({ type: 'tmpfs', device: 'tmpfs', o: 'size=1g' }), null)
  assert.equal(locationOf({ driver: 'rexray/ebs', options: { size: '10', volumetype: 'gp3' } }), null)
})

test('two places are the same where one is in the other, and not where only their names begin alike', () => {
  const at = (device: string, more: Record<string, string> = {}) =>
    local({ device, ...more }) ?? assert.fail()
  assert.ok(locationsOverlap(at('/srv/redis'), at('/srv/redis/shop')))
  assert.ok(locationsOverlap(at('/'), at('/srv')))
  assert.ok(!locationsOverlap(at('/srv/redis-1'), at('/srv/redis-10')))
  assert.ok(!locationsOverlap(at(':/redis', { o: 'addr=a' }), at(':/redis', { o: 'addr=b' })))
  assert.ok(!locationsOverlap(at('/dev/sdb', { o: 'subvol=1' }), at('/dev/sdb', { o: 'subvol=2' })))
  assert.ok(locationsOverlap(at('/dev/sdb'), at('/dev/sdb', { o: 'subvol=2' })))
})

const withVolume = (volume: string, name = 'shop') =>
  manifest(name, `  replicas: 2\n  persistence: { volume: ${volume} }`)

test('one device for all nodes is refused, whatever the driver calls it, with what to write', () => {
  const told = [
    '{ options: { type: none, o: bind, device: /srv/redis } }',
    '{ options: { type: nfs, o: "addr=10.0.0.5", device: ":/redis" } }',
    '{ options: { type: ext4, device: /dev/sdb1 } }',
    '{ driver: local-persist, options: { mountpoint: "/srv/{flotilla}" } }',
    '{ driver: vieux/sshfs, options: { sshcmd: "a@b:/x" } }',
  ].map(volume => complaints(withVolume(volume)).map(line => line.replace(/^.*?persistence/, 'persistence')))
  const because =
    "that is one place for all nodes, and servers that share a folder destroy each other's data;"
  assert.deepEqual(told, [
    [
      `persistence.volume.options.device can't be "/srv/redis": ${because} write device: "/srv/redis/{flotilla}-{ordinal}"`,
    ],
    [
      `persistence.volume.options.device can't be ":/redis": ${because} write device: ":/redis/{flotilla}-{ordinal}"`,
    ],
    [`persistence.volume.options.device can't be "/dev/sdb1": ${because} let {ordinal} name one for each`],
    [
      `persistence.volume.options.mountpoint can't be "/srv/{flotilla}": ${because} write mountpoint: "/srv/{flotilla}/{ordinal}"`,
    ],
    [
      `persistence.volume.options.sshcmd can't be "a@b:/x": ${because} write sshcmd: "a@b:/x/{flotilla}-{ordinal}"`,
    ],
  ])
})

test('what differs by the node is taken, and so is what all nodes may have in common', () => {
  for (const volume of [
    '{ options: { type: none, o: bind, device: "/srv/{flotilla}/{ordinal}" } }',
    '{ options: { type: nfs, o: "addr=10.0.0.1{ordinal}", device: ":/redis" } }',
    '{ options: { type: btrfs, o: "subvol=redis-{ordinal}", device: /dev/sdb } }',
    '{ options: { type: tmpfs, device: tmpfs, o: size=1g } }',
    '{ driver: rexray/ebs, options: { size: "10" } }',
  ])
    assert.deepEqual(complaints(withVolume(volume)), [], volume)
})
