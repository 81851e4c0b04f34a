/** What an error code of ours means to the reader, in words; a code without words stays as it is. */
export function useErrorText(): (code: string) => string {
  const { t, te } = useI18n()
  return code => te(`errors.${code}`) ? t(`errors.${code}`) : code
}
