/** The browser that the tests drive. */
export function browserPath(): string;
/** Whether a program of this name can be started. */
export function onPath(program: string): boolean;
