/** Where each part listens unless told otherwise: the ports everybody knows these programs by. */
export const defaultPorts = {
  portal: 8001,
  admin: 8002,
  exporters: 9464,
  prometheus: 9090,
  alertmanager: 9093,
  /** Where the shipped Alertmanager configuration sends. */
  alerts: 9095,
  grafana: 3000,
} as const;

export type PortName = keyof typeof defaultPorts;
export type Ports = Readonly<Record<PortName, number>>;

export class InvalidPorts extends Error {
  override readonly name = 'InvalidPorts';
}

/**
 * @example parsePorts('portal=8101,grafana=3100')
 * @example parsePorts('any') // whatever is free
 */
export function parsePorts(text: string): Ports {
  const ports: Record<PortName, number> = { ...defaultPorts };
  for (const part of text.split(',')) {
    if (part === 'any') {
      for (const name of portNames()) {
        ports[name] = 0;
      }
      continue;
    }
    const [name = '', value = ''] = part.split('=');
    const port = Number(value);
    if (!isPortName(name)) {
      throw new InvalidPorts(`'${name}' is none of ${portNames().join(', ')}, and not 'any'.`);
    }
    if (!/^\d+$/.test(value) || port > 65_535) {
      throw new InvalidPorts(`'${value}' is no port for ${name}; write ${name}=${defaultPorts[name]}, or 0 for any.`);
    }
    ports[name] = port;
  }
  return ports;
}

function portNames(): readonly PortName[] {
  return Object.keys(defaultPorts).filter(isPortName);
}

function isPortName(name: string): name is PortName {
  return Object.hasOwn(defaultPorts, name);
}

export interface DemoOptions {
  readonly ports: Ports;
  /** Kept after the end; without it a fresh folder that goes with the demo. */
  readonly dataDir?: string;
  readonly scale?: number;
  readonly pathStyle: 'underscore' | 'kebab';
  /** The portal speaks HTTPS, so that its certificate can near its end. */
  readonly withTls: boolean;
  /** As the portal's admin route takes them. */
  readonly faults: readonly unknown[];
  /** Speed of the scripted bad afternoon, when it is to be played. */
  readonly badAfternoonSpeed?: number;
  readonly withPrometheus: boolean;
  readonly withGrafana: boolean;
  readonly isFast: boolean;
  readonly isJson: boolean;
}
