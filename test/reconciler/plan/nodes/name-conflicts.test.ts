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
      1 start-container 2 shop-replica-2
      2 follow 2 master=0
      3 apply-config 2
      hold NameConflict
        docker rename shop-replica-1 shop-replica-1-old
        docker rm -f shop-replica-1
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
      1 start-container 0 shop-replica-0
      wait 0 1000ms
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
      hold NameConflict
        docker rename shop-master shop-master-old
        docker rm -f shop-master
    `,
    'name-conflicts/a stranger with the masters name is left alone and the master',
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
      hold NameConflict
        docker network rm shop
    `,
    'name-conflicts/a network that is not ours holds everything that would have to',
  )
})

test('a volume that is not ours holds its node only', () => {
  planIs(
    {
      nodes: settledNodes(0),
      seen: { resources: resources({ volumes: ['shop-0'], foreignVolumes: ['shop-1'] }) },
    },
    `
      1 create-volume 2 volume=shop-2
      2 create-container 2 shop-replica-2
      3 start-container 2 shop-replica-2
      4 follow 2 master=0
      5 apply-config 2
      hold NameConflict
        docker volume rm shop-1
        spec.persistence.volume.name
    `,
    'name-conflicts/a volume that is not ours holds its node only',
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
      hold DuplicateNode
        docker rm -f dddddddddddd
    `,
    'name-conflicts/a second container of one node is refused and left alone',
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
      wait 0 1000ms
      hold DuplicateNode
        docker rm -f dddddddddddd
    `,
    'name-conflicts/a second container that holds the masters name does not make the',
  )
})

test('a container that answers to a name of ours on a network of ours is a conflict, and is not touched', () => {
  const impostor = { ...foreignContainer('web'), dnsNames: 'shop-master', network: 'frontend' }
  planIs(
    { nodes: settledNodes(2), seen: { aliasConflicts: [impostor] } },
    `
      hold NameConflict
        docker network disconnect frontend web
    `,
    'name-conflicts/a container that answers to a name of ours on a network',
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
      hold NameConflict
        flotilla claim shop
    `,
    'name-conflicts/what carries our labels without the proof that it is ours is',
  )
})
