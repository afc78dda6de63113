/** As `humanizeDuration` prints whole minutes. */
export function promqlDuration(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days}d ${hours % 24}h ${minutes % 60}m 0s`;
  return hours > 0 ? `${hours}h ${minutes % 60}m 0s` : `${minutes}m 0s`;
}
