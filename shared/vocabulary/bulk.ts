/** What can be asked for many services at once. */
export const bulkActs = ['start', 'shutdown', 'reboot', 'stop', 'suspend', 'resume', 'backup', 'move', 'retry', 'terminate'] as const
export type BulkAct = typeof bulkActs[number]
export const bulkStatuses = ['asked', 'running', 'paused', 'done', 'stopped', 'refused', 'withdrawn', 'expired'] as const
export type BulkStatus = typeof bulkStatuses[number]
/** `left_out`: it could not, or changed before its turn; `stopped`: the request was stopped before its turn. */
export const bulkItemStatuses = ['waiting', 'begun', 'done', 'failed', 'left_out', 'stopped'] as const
export type BulkItemStatus = typeof bulkItemStatuses[number]
/** Services of one request. */
export const bulkMost = 500
