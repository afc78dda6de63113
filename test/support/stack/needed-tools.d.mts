/** The browser that the tests drive. */
export function browserPath(): string;
