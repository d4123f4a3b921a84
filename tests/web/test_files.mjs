/* Files as they come: from Windows, cut short, from a program that is newer, of another kind, very
 * long; and one after the other without waiting. */

import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {dashboard, is, like, ok, openPage, run, until, work} from './lib.mjs';

const lines = readFileSync(join(work, 'plant.jsonl'), 'utf8').trim().split('\n');
const all = new Set(lines.map((l) => JSON.parse(l).id)).size;
const put = (name, content) => {
    const path = join(work, name);
    writeFileSync(path, content);
    return path;
};
const newer = lines[0].replace('tierwatch.alert/1', 'tierwatch.alert/2');
const event = '{"ts":"2026-03-01T08:00:01.123456Z","packet":1,"protocol":"opcua","action":"write"}';
const without = new Set(lines.slice(0, -1).map((l) => JSON.parse(l).id)).size;

const files = [
    ['windows.jsonl', `\ufeff${lines.join('\r\n')}\r\n`, `${all} of ${all} alerts`],
    ['bare.jsonl', lines.join('\n'), `${all} of ${all} alerts`],
    [
        'cut.jsonl',
        lines.join('\n').slice(0, -40),
        `${without} of ${without} alerts  \u00b7  not understood: 1`,
    ],
    [
        'mixed.jsonl',
        [newer, '', event, '[]', 'null', '\u0000\u0001', ...lines, ''].join('\n'),
        `${all} of ${all} alerts  \u00b7  not understood: 5`,
    ],
];
const link = (page) => page.textContent('.link');
const shown = (page) => page.textContent('.shown');

await run(async () => {
    const page = await openPage(pathToFileURL(join(dashboard, 'tierwatch.html')).href);
    for (const [name, content, want] of files) {
        await page.setInputFiles('input[type=file]', put(name, content));
        await until(async () => (await link(page)).includes(name));
        is(await shown(page), want, `${name} is read`);
    }

    await page.setInputFiles('input[type=file]', put('other.pcap', `${event}\n${event}`));
    await page.waitForSelector('dialog.source[open]');
    like(
        await page.textContent('dialog.source'),
        /other\.pcap: 2 lines, 0 alerts, 2 lines were no alerts/,
        'a file without any alert is not just empty',
    );
    await page.setInputFiles('input[type=file]', put('nothing.jsonl', ''));
    await until(async () => (await page.textContent('dialog.source')).includes('nothing.jsonl'));
    like(await page.textContent('dialog.source'), /nothing\.jsonl: 0 lines, 0 alerts/, 'nor an empty one');

    /* A file that takes a while, and another one before it is read. */
    const long = [];
    for (let i = 0; long.length < 60000; i++)
        for (const l of lines)
            long.push(l.replace(/"id":"[^"]*"/, `"id":"${i}-${JSON.parse(l).id.slice(0, 20)}"`));
    const slow = put('slow.jsonl', long.join('\n'));
    await page.setInputFiles('input[type=file]', slow);
    await until(async () => /slow\.jsonl: [1-9]/.test(await page.textContent('dialog.source')));
    await page.setInputFiles('input[type=file]', put('quick.jsonl', lines.join('\n')));
    await until(async () => (await link(page)).includes('quick.jsonl'));
    await page.waitForTimeout(1500);
    is(await shown(page), `${all} of ${all} alerts`, 'the file that is chosen last is the one that is shown');
    like(await link(page), /quick\.jsonl/, 'and named');
    ok(page.said.length === 0, 'the console has no complaint', page.said.join('\n'));
});
