//! What a reader would see of a text: no control sequences, no invisible characters, progress bars at their last state.

mod bar;

use std::borrow::Cow;

pub use bar::ProgressBar;

const ESCAPE: char = '\u{1b}';

/// Whether nothing in the text needs a second look: printable ASCII, line ends and tabs.
pub(super) fn is_plain(text: &str) -> bool {
    // Without an early end, so that it goes by vectors.
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

/// The text without control sequences and invisible characters; carriage returns stay.
///
/// Gone are CSI, OSC (so the address of an OSC 8 link; its text stays), DCS, SOS, PM and APC sequences in their 7 and 8
/// bit forms, all other C0 and C1 controls, DEL, bidirectional controls, and what has no width. A joiner or variation
/// selector stays where it makes an emoji, and joiners between letters of the scripts that need them.
pub(super) fn without_invisible(text: &str) -> Cow<'_, str> {
    let ordinary = ordinary(text);
    if ordinary.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    out.push_str(ordinary);
    let mut rest = Rest { text, at: ordinary.len(), unterminated_to: 0 };
    while let Some(char) = rest.next() {
        match char {
            ESCAPE => rest.skip_escape(),
            '\u{9b}' => rest.skip_csi(),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => rest.skip_string(),
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' if joins(out.chars().next_back(), char, rest.peek()) => {
                out.push(char);
            }
            _ if is_ordinary(char) => out.push(char),
            _ => {}
        }
        let ordinary = self::ordinary(rest.tail());
        out.push_str(ordinary);
        rest.at = rest.at.saturating_add(ordinary.len());
    }
    Cow::Owned(out)
}

/// The beginning of a text that stays as it is.
fn ordinary(text: &str) -> &str {
    let end = text.find(|char| !is_ordinary(char)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether a character stays whatever its neighbours are.
fn is_ordinary(char: char) -> bool {
    match char {
        ' '..='~' | '\n' | '\t' | '\r' => true,
        ..='\u{9f}' | '\u{2028}' | '\u{2029}' => false,
        _ => !is_invisible(char),
    }
}

/// A text without control characters as it is shown: each line that carriage returns overwrote in its last state.
pub(super) fn last_states(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if line.contains('\r') {
            out.push_str(&bar::last_state(line));
        } else {
            out.push_str(line);
        }
        out.push_str(end);
    }
    out
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
    /// Up to here no control string ends, so that a text full of openings is not searched again for each.
    unterminated_to: usize,
}

impl Rest<'_> {
    fn tail(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.tail().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at = self.at.saturating_add(char.len_utf8());
        Some(char)
    }

    fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.next();
        }
    }

    fn skip_if(&mut self, accept: impl Fn(char) -> bool) {
        if self.peek().is_some_and(accept) {
            self.next();
        }
    }

    /// What follows ESC, as ECMA-48 has it.
    fn skip_escape(&mut self) {
        match self.peek() {
            Some('[') => {
                self.next();
                self.skip_csi();
            }
            Some(']' | 'P' | 'X' | '^' | '_') => {
                self.next();
                self.skip_string();
            }
            Some(' '..='/') => {
                self.skip_while(|char| matches!(char, ' '..='/'));
                self.skip_if(|char| matches!(char, '0'..='~'));
            }
            // Only the two-character sequences that programs do print: of others the letter stays, since it may be the
            // first one of a word that must be recognised.
            Some('7' | '8' | '=' | '>' | 'c' | 'D' | 'E' | 'H' | 'M' | 'N' | 'O' | 'Z' | '\\') => {
                self.next();
            }
            _ => {}
        }
    }

    fn skip_csi(&mut self) {
        self.skip_while(|char| matches!(char, '0'..='?'));
        self.skip_while(|char| matches!(char, ' '..='/'));
        // `[` ends none that a program prints, and begins a redaction mark.
        self.skip_if(|char| matches!(char, '@'..='Z' | '\\'..='~'));
    }

    /// A control string up to its terminator; where the line ends without one, only the opening goes.
    fn skip_string(&mut self) {
        if self.at < self.unterminated_to {
            return;
        }
        let ends = |char| matches!(char, '\u{7}' | '\u{18}' | '\u{1a}' | ESCAPE | '\u{9c}' | '\n');
        let length = self.tail().find(ends).unwrap_or(self.tail().len());
        let end = self.at.saturating_add(length);
        match self.text.get(end..).and_then(|tail| tail.chars().next()) {
            None | Some('\n') => self.unterminated_to = end,
            Some(ESCAPE) => {
                self.at = end;
                if self.tail().starts_with("\u{1b}\\") {
                    self.at = end.saturating_add(2);
                }
            }
            Some(terminator) => self.at = end.saturating_add(terminator.len_utf8()),
        }
    }
}

/// Characters that have no width or change the direction of their neighbours (Unicode's `Default_Ignorable_Code_Point`
/// and `Bidi_Control`, and the interlinear annotation controls).
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a joiner or variation selector does its work between these neighbours.
fn joins(before: Option<char>, joiner: char, after: Option<char>) -> bool {
    let pictographic =
        |char| matches!(char, '©' | '®' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}') && !is_invisible(char);
    let joining_script = |char| matches!(char, '\u{600}'..='\u{dff}');
    let (Some(before), after) = (before, after.unwrap_or(' ')) else { return false };
    match joiner {
        '\u{200d}' => {
            (pictographic(before) || before == '\u{fe0f}') && pictographic(after)
                || joining_script(before) && joining_script(after)
        }
        '\u{200c}' => joining_script(before) && joining_script(after),
        _ => pictographic(before) || matches!(before, '0'..='9' | '#' | '*') && after == '\u{20e3}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> String {
        last_states(&without_invisible(text))
    }

    #[test]
    fn only_what_can_be_seen_stays() {
        for (text, expected) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\u{1b}[31mred\u{1b}[0m \u{1b}[1;38;5;200mbold\u{1b}[m", "red bold"),
            ("\u{9b}31mred\u{9b}0m", "red"),
            ("\u{1b}[?25lhidden cursor\u{1b}[?25h\u{1b}[2K", "hidden cursor"),
            ("\u{1b}]8;;https://evil.example/\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]8;;https://evil.example/\u{7}link\u{1b}]8;;\u{7}", "link"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{9d}0;title\u{9c}text", "text"),
            ("\u{1b}P1$r0m\u{1b}\\text", "text"),
            ("\u{90}dcs\u{9c}a\u{1b}_apc\u{1b}\\b\u{1b}^pm\u{1b}\\c\u{1b}Xsos\u{1b}\\d", "abcd"),
            ("\u{1b}]8;;never ends\nnext line", "8;;never ends\nnext line"),
            ("\u{1b}]cut by\u{1b}[31mred", "red"),
            ("\u{1b}(Bcharset\u{1b}creset\u{1b}7saved\u{1b}\u{1b}[0m.", "charsetresetsaved."),
            ("\u{1b}hf", "hf"),
            ("bell\u{7} nul\0 del\u{7f} back\u{8} c1\u{81}", "bell nul del back c1"),
            ("form\u{c}feed next\u{85}line sep\u{2028}par", "form feed next line sep par"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{61c}e", "abcde"),
            ("z\u{200b}e\u{2060}r\u{feff}o\u{ad}", "zero"),
            ("tag\u{e0041}\u{e0042}\u{e007f}s\u{e0100}", "tags"),
            ("a\u{fe0f}b\u{200d}c\u{200c}d", "abcd"),
            ("✈\u{fe0f} ✈\u{fe0f}\u{fe0f}", "✈\u{fe0f} ✈\u{fe0f}"),
            (
                "👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
                "👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}",
            ),
            ("می\u{200c}خواهم क्\u{200d}ष", "می\u{200c}خواهم क्\u{200d}ष"),
            ("日本語、한국어。中文", "日本語、한국어。中文"),
            ("", ""),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}]", ""),
        ] {
            let seen = visible(text);
            assert_eq!(seen, expected, "{text:?}");
            assert_eq!(visible(&seen), expected, "{text:?} again");
        }
    }

    #[test]
    fn an_overwritten_line_keeps_its_last_state() {
        for (text, expected) in [
            (" 10%|#   |\r 50%|##  |\r100%|####|", "100%|####|"),
            ("10%\r100%\r", "100%"),
            ("10%\r100%\r\r\nnext\r\n", "100%\nnext\n"),
            ("10%\r\u{1b}[K100%\r\u{1b}[K", "100%"),
            ("\r", ""),
            ("dos\r\nlines\r\n", "dos\nlines\n"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_full_of_openings_takes_one_pass() {
        let openings = "\u{1b}]".repeat(200_000);
        assert_eq!(visible(&openings), "");
        let openings = "\u{9d}".repeat(500_000);
        assert_eq!(visible(&openings), "");
    }

    #[test]
    fn joiners_and_selectors_stay_only_where_they_join() {
        for kept in
            ["👩\u{200d}💻", "❤\u{fe0f}\u{200d}🔥", "ب\u{200d}ب", "ب\u{200c}ب", "✈\u{fe0f}", "1\u{fe0f}\u{20e3}"]
        {
            assert_eq!(without_invisible(kept), kept);
        }
        for (text, expected) in [
            ("a\u{200d}💻", "a💻"),
            ("👩\u{200d}a", "👩a"),
            ("ب\u{200d}a", "بa"),
            ("a\u{200d}ب", "aب"),
            ("ب\u{200c}a", "بa"),
            ("a\u{200c}ب", "aب"),
            ("1\u{fe0f}a", "1a"),
            ("a\u{fe0f}\u{20e3}", "a\u{20e3}"),
            ("\u{200d}💻", "💻"),
        ] {
            assert_eq!(without_invisible(text), expected);
        }
    }
}
