/* Many alerts at once, without holding up the page: a file of any size, line by line. */

const slice = 12; /* ms of work at a time */
const pause = () =>
    new Promise((done) => {
        setTimeout(done, 0);
    });

/* each(item) for all of `items`, with pauses. */
export async function inSlices(items, each) {
    let began = performance.now();
    for (const item of items) {
        each(item);
        if (performance.now() - began > slice) {
            await pause();
            began = performance.now();
        }
    }
}

/* line(text) for each that is not empty; progress(lines) now and then, and false from it ends the
 * reading. Returns the number of lines. A line is handed over only up to `longest` characters, so
 * that a file without any can not fill the memory. */
export async function readLines(file, longest, line, progress) {
    const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
    let rest = '',
        lines = 0,
        began = performance.now();
    for (;;) {
        const {done, value} = await reader.read();
        rest += value ?? (done ? '\n' : '');
        let from = 0;
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
            const text = rest.slice(from, end).trim();
            from = end + 1;
            if (text === '') continue;
            line(text);
            lines++;
            if (performance.now() - began > slice) {
                if (progress(lines) === false) {
                    await reader.cancel();
                    return lines;
                }
                await pause();
                began = performance.now();
            }
        }
        rest = rest.slice(from);
        if (rest.length > longest) rest = rest.slice(0, longest + 1);
        if (done) return lines;
    }
}
