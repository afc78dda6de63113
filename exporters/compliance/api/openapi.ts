import type { z } from 'zod';
import { createDocument, type ZodOpenApiContentObject, type ZodOpenApiOperationObject } from 'zod-openapi';
import {
  controlDetailSchema,
  controlExportSchema,
  controlListSchema,
  controlQuerySchema,
  detailQuerySchema,
  exportQuerySchema,
  historyQuerySchema,
  historySchema,
  problemSchema,
} from './schemas.js';

export const API_PATH = '/api/v1';

/** The description of the API, from the schemas that validate its requests and answers. */
export function openApiDocument(version: string): ReturnType<typeof createDocument> {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Compliance controls',
      version,
      description: 'Read-only. Authentication and TLS are those of /metrics. An ETag comes with each answer.',
    },
    paths: {
      [`${API_PATH}/controls`]: { get: operation('List controls, worst first', controlQuerySchema, controlListSchema) },
      [`${API_PATH}/controls/{id}`]: {
        get: {
          ...operation('Show one control with what its checks saw', detailQuerySchema, controlDetailSchema),
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        },
      },
      [`${API_PATH}/export`]: {
        get: operation('Export controls with catalogue, filters and time', exportQuerySchema, controlExportSchema, {
          'application/oscal+json': { schema: { type: 'object' } },
          'text/csv': { schema: { type: 'string' } },
        }),
      },
      [`${API_PATH}/history`]: {
        get: operation('List changes of status, the newest first', historyQuerySchema, historySchema),
      },
    },
  });
}

function operation(
  summary: string,
  query: z.ZodObject,
  answer: z.ZodType,
  otherContent: ZodOpenApiContentObject = {},
): ZodOpenApiOperationObject {
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: problemSchema } },
  });
  return {
    summary,
    requestParams: { query },
    responses: {
      '200': {
        description: 'What was asked for.',
        headers: { ETag: { schema: { type: 'string' } } },
        content: { 'application/json': { schema: answer }, ...otherContent },
      },
      '304': { description: 'It is what If-None-Match names.' },
      '400': problem('A parameter is wrong; the detail says which and what is expected.'),
      '404': problem('There is none of this name.'),
      '503': problem('The evidence store cannot be read.'),
    },
  };
}
