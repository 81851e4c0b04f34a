/** A connection's health as one word of the `health` vocabulary; maintenance is wanted and hides the rest. */
export const connectionHealth = (connection: { readonly maintenance: boolean, readonly healthy: boolean | null }): 'maintenance' | 'unknown' | 'healthy' | 'failing' =>
  connection.maintenance ? 'maintenance' : connection.healthy === null ? 'unknown' : connection.healthy ? 'healthy' : 'failing'
