/** For `node --import`: the package that KOP_TEST_HIDE names is not found, as where npm left it out. */
import { register } from 'node:module';

const hooks = `
export async function resolve(specifier, context, next) {
  if (specifier !== ${JSON.stringify(process.env.KOP_TEST_HIDE)}) return next(specifier, context);
  throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
