import Docker from 'dockerode'

/** What a method of dockerode's gives to its modem to send. */
export interface ModemRequest {
  readonly method: string
  /** Ends in `?` where the route takes a query. */
  readonly path: string
  readonly options?: object & { readonly _query?: object; readonly _body?: object }
  readonly [other: string]: unknown
}

type Callback = (error: Error | null, result?: unknown) => void

/**
 * dockerode, each of whose methods sends what `send` is given and settles as `send` does: deadline, signal,
 * statuses and the reading of the answer are one place's business and no method's, since some ignore an abort
 * signal and all wait without end for a body that breaks off.
 */
export class InterceptedDocker extends Docker {
  constructor(send: (modemRequest: ModemRequest) => Promise<unknown>) {
    const dial = (modemRequest: ModemRequest, callback: Callback): void => {
      // Some methods read a field of the result, whatever it is.
      send(placeOptions(modemRequest)).then(result => callback(null, result ?? {}), callback)
    }
    super({ modem: { dial } } as object)
  }

  // dockerode puts names into paths as they are.
  override getContainer(idOrName: string): Docker.Container {
    return super.getContainer(encodeURIComponent(idOrName))
  }

  override getNetwork(id: string): Docker.Network {
    return super.getNetwork(encodeURIComponent(id))
  }

  override getVolume(name: string): Docker.Volume {
    return super.getVolume(encodeURIComponent(name))
  }

  /** `registry:5000/team/redis:8@sha256:…` keeps its slashes, as the route takes them. */
  override getImage(name: string): Docker.Image {
    return super.getImage(name.split('/').map(encodeURIComponent).join('/'))
  }
}

export function isRead({ method }: ModemRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Options for the body of a route that takes a query too. dockerode's types don't know this way, docker-modem
 * does.
 */
export function inBody<T extends object>(body: T, query: object = {}): T {
  return { _query: query, _body: body } as unknown as T
}

/**
 * A method's options go into the URL or into the body. The modem puts those of a POST whose route takes a
 * query into both, and whoever logs URLs would read a container's environment.
 */
function placeOptions({ path, options = {}, ...rest }: ModemRequest): ModemRequest {
  const takesQuery = path.endsWith('?')
  const { _query = {}, _body = {} } = isPlaced(options)
    ? options
    : takesQuery
      ? { _query: options }
      : { _body: options }
  // The modem appends the query to a path that ends in `?`, and sends no body for `{}`.
  const bare = path.replace(/\?$/, '')
  return {
    ...rest,
    path: Object.keys(_query).length === 0 ? bare : `${bare}?`,
    options: { _query, _body },
  }
}

function isPlaced(options: object): boolean {
  return '_query' in options || '_body' in options
}
