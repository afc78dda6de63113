/** As `humanizeDuration` prints whole minutes. */
export function promqlDuration(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours}h ${minutes % 60}m 0s` : `${minutes}m 0s`;
}
