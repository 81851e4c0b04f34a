export interface ProvisioningEvents {
  /** A saga has a step to run (new, or due again). */
  'provisioning.saga-due': { sagaId: string }
  /** Look for sagas that are due or whose worker was lost. */
  'provisioning.recover-due': { requestedBy: string }
  /** Compare all hypervisors with the books. */
  'provisioning.drift-due': { requestedBy: string }
  /** Begin the backups that are due, tell of those that fail, delete what ended services left. */
  'provisioning.backups-due': { requestedBy: string }
  /** Read from every panel which backups its accounts have. */
  'provisioning.account-backups-due': { requestedBy: string }
  /** Begin what approved requests for many services wait for, and write down how what was begun ended. */
  'provisioning.bulk-due': { requestedBy: string }
  /** Hold traffic against what is included: tell, slow down, lift. */
  'provisioning.traffic-due': { requestedBy: string }
  /** Synchronise what all connections offer. */
  'infrastructure.sync-due': { requestedBy: string }
  /** Write the wanted name of this address to the name server. */
  'infrastructure.ptr-due': { address: string }
  /** Wish names by the template for addresses of machines that have none, after this one. */
  'infrastructure.names-due': { after: string | null, by: string }
  /** Ask all hypervisors for the state of nodes and machines. */
  'infrastructure.collect-due': { requestedBy: string }
  /** Count the stock of products from what is stored. */
  'infrastructure.stock-due': { requestedBy: string }
}
