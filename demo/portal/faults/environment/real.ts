import type { Tokens } from '../../auth/jwt.js';
import type { PortalPool } from '../../database/pool.js';
import type { PortalEncryption } from '../../encryption/portal-encryption.js';
import type { CertificateSwitch } from '../../http/tls.js';
import type { EnvironmentRule } from '../rule.js';
import { InvalidFault } from '../rule.js';
import type { AuditTrailFaults } from './audit-trail.js';
import type { DatabaseControl, Environment, Undo } from './environment.js';
import type { RegisterFaults } from './registers.js';
import { holdLock } from './table-lock.js';
import { hideRelation } from './table-missing.js';
import { expireAllSessions } from './token-expiry.js';

export interface RealEnvironmentParts {
  readonly databaseUrl: string;
  readonly pool: PortalPool;
  readonly tokens: Tokens;
  readonly certificate: CertificateSwitch | undefined;
  readonly databaseControl: DatabaseControl | undefined;
  readonly encryption: PortalEncryption;
  readonly auditTrail: AuditTrailFaults;
  readonly registers: RegisterFaults;
}

/** These faults are real: locked tables are locked, missing tables are missing, a stopped database is stopped. */
export function realEnvironment(parts: RealEnvironmentParts): Environment {
  return { apply: (rule) => apply(rule, parts) };
}

async function apply(rule: EnvironmentRule, parts: RealEnvironmentParts): Promise<Undo> {
  switch (rule.kind) {
    case 'database_down':
      return takeDatabaseDown(parts);
    case 'table_lock':
      return holdLock(parts.databaseUrl, rule.params.table);
    case 'table_missing':
      return hideRelation(parts.databaseUrl, rule.params.table);
    case 'token_expiry':
      return expireAllSessions(parts.databaseUrl, parts.tokens, rule.params.answer === 'login_page');
    case 'plaintext_written':
      return parts.encryption.writePlaintext(rule.params.rows);
    case 'nonce_reused':
      return parts.encryption.reuseNonce();
    case 'rotation_stalled':
      return parts.encryption.stallRotation(rule.params.ageDays);
    case 'key_service_slow':
      return parts.encryption.slowKeyService(rule.params.ms);
    case 'key_service_unavailable':
      return parts.encryption.loseKeyService();
    case 'ciphertext_swapped':
      return parts.encryption.swapRows();
    case 'audit_trigger_disabled':
      return parts.auditTrail.disableTrigger(rule.params.table);
    case 'unaudited_change':
      return parts.auditTrail.changeUnaudited(rule.params.table);
    case 'audit_record_rewritten':
      return parts.auditTrail.rewriteRecord(rule.params.table);
    case 'audit_row_deleted':
      return parts.auditTrail.deleteRecord(rule.params.table);
    case 'request_overdue':
      return parts.registers.leaveRequestOpen();
    case 'breach_open':
      return parts.registers.leaveBreachOpen(rule.params.hours);
    case 'backup_missed':
      return parts.registers.missBackup();
    case 'register_missing':
      return parts.registers.hideRegister();
    case 'certificate':
      if (!parts.certificate) {
        throw new InvalidFault(['certificate: the portal speaks plain HTTP; start it with TLS (--tls)']);
      }
      return parts.certificate.useValidFor(rule.params.days);
  }
}

async function takeDatabaseDown({ pool, databaseControl }: RealEnvironmentParts): Promise<Undo> {
  if (databaseControl) {
    await databaseControl.stop();
    return () => databaseControl.start();
  }
  await pool.cutOff();
  return () => pool.reconnect();
}
