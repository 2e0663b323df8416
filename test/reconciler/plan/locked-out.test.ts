import { test } from 'node:test'
import { master, memory, node, planIs, replica } from '../support/world.js'

const wrongPassword = { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } as const

test('nodes that another state directory made are named, with where their passwords are to be found', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(null),
      nodes: [
        node(0, { container: { name: 'shop-master' }, probe: wrongPassword }),
        node(1, { probe: wrongPassword }),
      ],
      seen: { resources: null },
    },
    `
      waits until node 0 answers: there is no record of who was master, so all histories are compared first
      waits until node 1 answers: there is no record of who was master, so all histories are compared first
      refuses (LockedOut): node 0 (shop-master), node 1 (shop-replica-1) live and do not accept the passwords in our state directory: another state directory made them, or somebody changed the users
        type: flotilla run --state <the directory that made them>   (if it is lost: flotilla down shop, which keeps the data, then flotilla up shop; or, without the data: flotilla down shop --volumes)
    `,
  )
})

test('a replica that does not let us in beside a well master is told how it is made anew', () => {
  planIs(
    { spec: { replicas: 2 }, nodes: [master(0), replica(1), node(2, { probe: wrongPassword })] },
    `
      waits until node 2 lets us in (WRONGPASS)
      refuses (LockedOut): node 2 (shop-replica-2) lives and does not accept the passwords in our state directory: another state directory made it, or somebody changed the users
        type: docker rm -f shop-replica-2   (made anew on the same volume, with our passwords)
    `,
  )
})

test('a node that has no room for one more client is waited for', () => {
  const full = { kind: 'denied', cause: 'other', reason: 'it has as many clients as it allows' } as const
  planIs(
    { spec: { replicas: 1 }, nodes: [master(0), node(1, { probe: full })] },
    `waits until node 1 lets us in (it has as many clients as it allows)`,
  )
})
