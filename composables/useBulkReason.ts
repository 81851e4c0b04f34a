/** Why an act is not done to a service, in few words; what a task says itself stays as it is. */
export function useBulkReason(): (reason: string) => string {
  const { t, te } = useI18n()
  const errorText = useErrorText()
  return reason => te(`bulk.reasons.${reason}`) ? t(`bulk.reasons.${reason}`) : errorText(reason)
}
