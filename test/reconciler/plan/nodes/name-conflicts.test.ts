import { test } from 'node:test'
import {
  container,
  follower,
  master,
  memory,
  nothingThere,
  planIs,
  replica,
  resources,
  settledNodes,
  stopped,
} from '../../support/world.js'

const foreignContainer = (name: string) => ({ name, containerId: 'f'.repeat(64), image: 'nginx' })

test("a stranger with a replica's name is left alone, and so is that replica; the rest goes on", () => {
  planIs(
    {
      nodes: [master(0, { followers: [] }), stopped(2)],
      seen: { foreignContainers: [foreignContainer('shop-replica-1')] },
    },
    `
      stage 1
        start shop-replica-2  # it ended with exit code 137
      stage 2
        node 2 follows node 0  # it has just been started, and has to be told whom to follow
      stage 3
        tune node 2 for its version  # its process may be new
      refuses (NameConflict): the container shop-replica-1 (ffffffffffff, image nginx) is not Flotilla's, and the name is needed
        type: docker rename shop-replica-1 shop-replica-1-old, or docker rm -f shop-replica-1
    `,
  )
})

test("a stranger with the master's name does not keep a stopped master from being started", () => {
  planIs(
    {
      spec: { replicas: 0 },
      nodes: [stopped(0)],
      seen: { foreignContainers: [foreignContainer('shop-master')] },
    },
    `
    stage 1
      start shop-replica-0  # it ended with exit code 137
    waiting for: node 0, the master: it is started on its own data
  `,
  )
})

test("a stranger with the master's name is left alone, and the master serves under its old name", () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }, { container: { name: 'shop-replica-0' } }), replica(1)],
      seen: { foreignContainers: [foreignContainer('shop-master')] },
    },
    `
      refuses (NameConflict): the container shop-master (ffffffffffff, image nginx) is not Flotilla's, and the name is needed
        type: docker rename shop-master shop-master-old, or docker rm -f shop-master
    `,
  )
})

test('a network that is not ours holds everything that would have to be created in it', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(null),
      seen: { resources: { ...nothingThere, network: { kind: 'foreign', networkId: 'net-9' } } },
    },
    `
      refuses (NameConflict): the network shop exists and is not Flotilla's, so nothing can be created in it
        type: docker network rm shop, or give the flotilla another metadata.name
    `,
  )
})

test('a volume that is not ours holds its node only', () => {
  planIs(
    {
      nodes: settledNodes(0),
      seen: { resources: resources({ volumes: ['shop-0'], foreignVolumes: ['shop-1'] }) },
    },
    `
      stage 1
        create volume shop-2  # node 2 has no volume yet
      stage 2
        create container shop-replica-2 (node 2)  # it is wanted and has no container
      stage 3
        start shop-replica-2  # it is wanted
      stage 4
        node 2 follows node 0  # it has just been started, and has to be told whom to follow
      stage 5
        tune node 2 for its version  # its process may be new
      refuses (NameConflict): the volume shop-1 exists and is not node 1's; using it could overwrite what it holds
        type: docker volume rm shop-1 (after saving what it holds), or give the flotilla another metadata.name or spec.persistence.volume.name
    `,
  )
})

test('a second container of one node is refused and left alone', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: settledNodes(1),
      seen: {
        resources: null,
        duplicates: [container(1, { name: 'copy-of-1', containerId: 'd'.repeat(64) })],
      },
    },
    `
      refuses (DuplicateNode): the container copy-of-1 (dddddddddddd) carries the labels of a node that exists already; two containers on one volume would destroy it
        type: docker rm -f dddddddddddd
    `,
  )
})

test("a second container that holds the master's name does not make the plan fail", () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }, { container: { name: 'shop-replica-0' } }), replica(1)],
      seen: {
        resources: null,
        duplicates: [container(1, { name: 'shop-master', containerId: 'd'.repeat(64) })],
      },
    },
    `
      waiting for: the container dddddddddddd gives up the name shop-master, which is node 0's
      refuses (DuplicateNode): the container shop-master (dddddddddddd) carries the labels of a node that exists already; two containers on one volume would destroy it
        type: docker rm -f dddddddddddd
    `,
  )
})

test('a container that answers to a name of ours on a network of ours is a conflict, and is not touched', () => {
  const impostor = { ...foreignContainer('web'), dnsNames: 'shop-master', network: 'frontend' }
  planIs(
    { nodes: settledNodes(2), seen: { aliasConflicts: [impostor] } },
    `
      refuses (NameConflict): the container web (ffffffffffff, image nginx) is not a node and answers to shop-master on the network frontend too: who asks for that name reaches one or the other by chance
        type: docker network disconnect frontend web   (it can be connected again without that alias or hostname)
    `,
  )
})

test('what carries our labels without the proof that it is ours is claimed by a person, or goes', () => {
  planIs(
    {
      nodes: [master(0), stopped(2)].slice(0, 1),
      spec: { replicas: 1 },
      seen: { foreignContainers: [{ ...foreignContainer('shop-replica-1'), hasOurLabels: true }] },
    },
    `
      refuses (NameConflict): the container shop-replica-1 (ffffffffffff, image nginx) carries the labels of shop, but not the mark of this state directory, so it is not touched; its name is needed
        type: flotilla claim shop   (if it is yours, from another state directory or from this one before it was restored), or docker rm -f shop-replica-1   (if it is not)
    `,
  )
})
