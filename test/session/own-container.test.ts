import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idsOfOwnMounts } from '../../src/session/own-container.js'

const own = 'a'.repeat(64)
const other = 'b'.repeat(64)

test('a container knows itself by the files that Docker mounts into it', () => {
  const table = [
    '1 2 0:1 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/X',
    `3 1 8:1 /var/lib/docker/containers/${own}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw`,
    `4 1 8:1 /var/lib/docker/containers/${own}/hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw`,
    '',
  ].join('\n')
  assert.deepEqual(new Set(idsOfOwnMounts(table)), new Set([own]))
})

test('a container of an engine that runs beside this process is not taken for its own', () => {
  const table = [
    `5 1 0:60 / /var/lib/docker/containers/${other}/mounts/shm rw,nosuid - tmpfs shm rw,size=65536k`,
    `6 1 8:1 /var/lib/docker/containers/${other}/hostname /mnt/elsewhere/hostname rw - ext4 /dev/sda1 rw`,
  ].join('\n')
  assert.deepEqual(idsOfOwnMounts(table), [])
})
