export interface S3Place {
  /** `https://s3.eu-central-1.amazonaws.com`, without a slash at its end. */
  readonly endpoint: string
  readonly bucket: string
  /** Without slashes at its ends; empty: none. */
  readonly prefix: string
  readonly region: string
}
