/**
 * Loaded before a program that `demo` or `dev` starts over a channel (`node --import`): when the starter is gone, even by SIGKILL, the
 * program ends as on SIGTERM instead of keeping its ports and its data.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
