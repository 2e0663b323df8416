/** Where a gateway listens and where its files are. */
export interface GatewayLayout {
  /** Null: every address. */
  readonly host: string | null
  readonly ports: { readonly master: number; readonly replicas: number; readonly admin: number }
  readonly folder: string
  /** For its sockets; anybody may make files in it. */
  readonly socketFolder: string
}

/** In a container of ours. The ports of the host are the manifest's; these never change. */
export const containerGatewayLayout: GatewayLayout = {
  host: null,
  ports: { master: 6379, replicas: 6380, admin: 9999 },
  folder: '/etc/flotilla/gateway',
  socketFolder: '/tmp',
}

/** Ordinals that it has a place for: those below. More than a flotilla has nodes, even while it rolls. */
export const gatewaySlots = 256

export interface GatewayPaths {
  readonly config: string
  readonly lua: string
  /** Certificate and key of the admin port. */
  readonly certificate: string
  /** Who may have signed the certificate of whoever administers it. */
  readonly authorities: string
  /** How it logs in to a node that it asks after a restart. */
  readonly login: string
  /** Who may have signed the nodes' certificates. */
  readonly nodeAuthorities: string
  /** What it shows a node that asks for a certificate, with its key. */
  readonly nodeCertificate: string
  /** Which of the three above it has. */
  readonly filesDigest: string
  /** Written by the gateway itself: whom it was last pointed at. */
  readonly pointing: string
  readonly adminSocket: string
  readonly checkSocket: string
}

export function gatewayPaths({ folder, socketFolder }: GatewayLayout): GatewayPaths {
  return {
    config: `${folder}/haproxy.cfg`,
    lua: `${folder}/gateway.lua`,
    certificate: `${folder}/admin.pem`,
    authorities: `${folder}/admin-ca.pem`,
    login: `${folder}/login`,
    nodeAuthorities: `${folder}/nodes-ca.pem`,
    nodeCertificate: `${folder}/nodes.pem`,
    filesDigest: `${folder}/files`,
    pointing: `${folder}/pointing`,
    adminSocket: `${socketFolder}/flotilla-admin.sock`,
    checkSocket: `${socketFolder}/flotilla-check.sock`,
  }
}
