import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath } from '../support/stack/needed-tools.mjs';
import { packYaml, TestProcess, workflowYaml } from '../support/workflow/process.js';
import { httpServer } from '../support/workflow/server.js';

let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: browserPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});
afterAll(() => browser.close());

describe('the landing page in a browser', () => {
  test.each(['light', 'dark'] as const)('is readable in %s, on a desk and on a telephone', async (colorScheme) => {
    const { page, complaints } = await opened(colorScheme);
    await page.getByRole('heading', { name: 'Workflows', level: 2 }).waitFor();
    expect(await page.getByText('missed: look: status: status 500').first().isVisible()).toBe(true);
    const line = page.locator('.summary > li', { has: page.getByRole('heading', { name: 'Workflows' }) });
    expect(await line.innerText()).toMatch(
      /needs attention[\s\S]*Workflows: 1 of 1 needs attention: look@shop \(look: status/,
    );
    const [text, background] = await page.evaluate<string[]>(
      '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
    );
    expect(contrast(text ?? '', background ?? '')).toBeGreaterThan(7);
    await page.setViewportSize({ width: 375, height: 800 });
    // A table may scroll in its own frame; the page itself must not.
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375);
    expect(complaints).toEqual([]);
  });

  test('leads from the last failures to the log of each', async () => {
    const { page } = await opened('light');
    const failures = page.locator('section', { has: page.getByRole('heading', { name: 'Last failures' }) });
    const first = failures.locator('tbody tr').first();
    expect(await first.locator('td').allInnerTexts()).toEqual([
      'look',
      'shop',
      'look: status: status 500, expected 200',
      expect.stringMatching(/\d/),
      'log',
    ]);
    await first.getByRole('link', { name: 'log' }).click();
    await expect.poll(() => page.locator('body').innerText()).toContain('status 500, expected 200');
  });
});

async function opened(colorScheme: 'light' | 'dark'): Promise<{ page: Page; complaints: string[] }> {
  const portal = await httpServer((_, response) => {
    response.statusCode = 500;
    response.end('no');
  });
  const yaml = packYaml(
    `shop: { title: Shop, baseUrl: '${portal.url}' }`,
    workflowYaml('look', 'schedule: { interval: 1s, timeout: 900ms, jitter: 0% }'),
  );
  const { url } = await TestProcess.start(yaml);
  await fetch(`${url}/probe?workflow=look`);
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

/** WCAG's contrast of two `rgb(...)` colours. */
function contrast(first: string, second: string): number {
  const [a, b] = [luminance(first), luminance(second)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+(\.\d+)?/g) ?? []).map((value) => {
    const share = Number(value) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
