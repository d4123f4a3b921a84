/* Texts come from the wire, so from attackers. What steers a terminal, turns the direction of
 * reading or can not be seen is written out, and nothing is ever read as markup. */

/* Controls, format characters (bidi, zero width, tags), lone surrogates, private use, separators of
 * lines; then what is drawn as nothing: fillers, the blank Braille cell, variation selectors. */
const unseen =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/gu;

function written(character) {
    const code = character.codePointAt(0);
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `\u2039U+${code.toString(16).toUpperCase().padStart(4, '0')}\u203a`;
}

export const longestText = 4000;

/* `text` as it may be shown: at most `longest` characters, an ellipsis where it was cut. */
export function visible(text, longest = longestText) {
    const whole = String(text);
    const shown = whole.length > longest ? `${whole.slice(0, longest)}\u2026` : whole;
    return shown.replace(unseen, written);
}

/* A value of an alert: strings without quotes, the rest as JSON. */
export function valueText(value) {
    if (value === undefined) return '';
    return typeof value === 'string' ? visible(value) : visible(JSON.stringify(value));
}

/* One word of a POSIX shell. */
export function shellWord(text) {
    return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/* A YAML scalar that is read back as this very string; JSON's quoting is YAML's as well. */
export function yamlText(text) {
    if (/^[a-zA-Z][\w./-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text))
        return text;
    return JSON.stringify(text.replace(/\p{Cs}/gu, '\ufffd')).replace(unseen, escaped);
}

/* YAML writes characters beyond the first plane as one, JSON as two [YAML 1.1 5.6]. */
function escaped(character) {
    const code = character.codePointAt(0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/* "sha256:36e584625228…" of a digest: enough to compare by eye. */
export function shortDigest(digest) {
    return digest.length > 20 ? `${digest.slice(0, 19)}\u2026` : digest;
}
