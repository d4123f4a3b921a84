/* Put the dashboard together: build.mjs FOLDER. The modules become one classic script, because pages
 * opened as files may not load modules and small web servers send no content type. Beside index.html
 * and its files goes tierwatch.html, which is all of it in one file. No byte depends on when or where. */

import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [, , out] = process.argv;
const read = (name) => readFileSync(join(here, name), 'utf8');
const libraries = [
    ['mqtt/dist/mqtt.min.js', 'mqtt/LICENSE.md'],
    ['uplot/dist/uPlot.iife.min.js', 'uplot/LICENSE'],
    ['uplot/dist/uPlot.min.css', 'uplot/LICENSE'],
];
const importLine = /^import\s+(\{[^}]*\})\s+from\s+'(\.\/[^']+)';$/gm;
const exportWord = /^export (?=(?:async )?(?:const|let|class|function)\b)/gm;
const exported = /^export (?:const|let|class|function|async function)\s+(\w+)/gm;

/* Modules in the order in which they need each other, each once. */
function order(name, seen = new Map()) {
    if (seen.has(name)) return seen;
    const text = read(name);
    seen.set(name, ''); /* modules that need each other in a circle would find nothing here */
    for (const [, , from] of text.matchAll(importLine))
        order(normalize(join(dirname(name), from)), seen);
    seen.delete(name);
    return seen.set(name, text);
}

/* Each module is a function of its own that gives what it exports. */
function bundle(entry) {
    const parts = [];
    for (const [name, text] of order(entry)) {
        const body = text
            .replace(
                importLine,
                (_, names, from) =>
                    `const ${names} = modules['${normalize(join(dirname(name), from))}'];`,
            )
            .replace(exportWord, '');
        if (/^(import|export)\b/m.test(body))
            throw new Error(
                `${name}: only "import {names} from './file.js';" and "export" before a declaration`,
            );
        const names = [...text.matchAll(exported)].map(([, n]) => n);
        parts.push(`modules['${name}'] = (() => {\n${body}return {${names.join(', ')}};\n})();\n`);
    }
    return `'use strict';\n(() => {\nconst modules = {};\n${parts.join('\n')}})();\n`;
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/* The page with its scripts and styles inside, which the content policy names by their digests. */
function inline(page, files) {
    const digests = {script: [], style: []};
    const put = (kind, name) => {
        const text = files
            .get(name)
            .replaceAll('</script', '<\\/script')
            .replaceAll('<!--', '<\\!--');
        digests[kind].push(hash(text));
        return `<${kind}>${text}</${kind}>`;
    };
    const scripts = [];
    const rest = page
        .replace(/<link rel="stylesheet" href="([^"]+)">/g, (_, name) => put('style', name))
        .replace(/<script defer src="([^"]+)"><\/script>\n/g, (_, name) => {
            scripts.push(put('script', name));
            return '';
        });
    return rest
        .replace('</body>', () => `${scripts.join('\n')}\n</body>`)
        .replace("script-src 'self'", `script-src ${digests.script.join(' ')}`)
        .replace("style-src 'self'", `style-src ${digests.style.join(' ')}`);
}

mkdirSync(out, {recursive: true});
const files = new Map([
    ['app.js', bundle('js/app.js')],
    ['style.css', read('style.css')],
]);
for (const [path, licence] of libraries) {
    const text = read(join('node_modules', path)).replace(/^\/\/# sourceMappingURL=.*$/gm, '');
    const notice = read(join('node_modules', licence)).trim();
    files.set(path.split('/').pop(), `/*! ${path.split('/')[0]}\n${notice}\n*/\n${text}`);
}
const page = read('index.html');
for (const [name, text] of files) writeFileSync(join(out, name), text);
writeFileSync(join(out, 'index.html'), page);
writeFileSync(join(out, 'tierwatch.html'), inline(page, files));
