//! Whether lines are the same, but for what differs from run to run: hashes, times, figures.

use std::collections::BTreeMap;

/// What is the same in the chapter and here, although it differs each time.
pub(crate) struct Same {
    pub(crate) places: Vec<(&'static str, String)>,
    /// Hashes and processes: as the chapter names them, and as they are here.
    pub(crate) names: BTreeMap<String, String>,
}

impl Same {
    /// What the chapter types, with the names that things have here.
    pub(crate) fn real(&self, text: &str) -> String {
        let places = self.places.iter().map(|(shown, real)| (*shown, real));
        let names = self.names.iter().map(|(shown, real)| (shown.as_str(), real));
        places.chain(names).fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    pub(crate) fn lines(&mut self, expected: &[&str], found: &[&str]) -> Result<(), String> {
        let mut found = found.iter();
        let mut skips = false;
        for expected in expected {
            if *expected == "…" {
                skips = true;
                continue;
            }
            loop {
                let line = found.next().ok_or_else(|| format!("{expected:?} was not seen"))?;
                match self.line(expected, line) {
                    Ok(()) => break,
                    Err(_) if skips => {}
                    Err(why) => return Err(why),
                }
            }
            skips = false;
        }
        match found.next() {
            Some(more) if !skips => Err(format!("{more:?} is not shown")),
            _ => Ok(()),
        }
    }

    pub(crate) fn line(&mut self, expected: &str, found: &str) -> Result<(), String> {
        let places = self.places.iter();
        let expected =
            places.fold(expected.to_owned(), |it, (shown, real)| it.replace(shown, real));
        let (shown, real) = (words(&expected), words(found));
        let differs = || Err(format!("expected {expected:?}\nfound    {found:?}"));
        if shown.len() != real.len() {
            return differs();
        }
        let mut new = BTreeMap::new();
        for at in 0..shown.len() {
            let (shown_word, word) = (shown[at], real[at]);
            let is_process = at > 0 && shown[at - 1] == "process";
            if is_hash(shown_word) && is_hex(word, shown_word.len()) || is_process {
                let known = self.names.get(shown_word).or_else(|| new.get(shown_word));
                if known.is_some_and(|known| known != word) && !is_process {
                    return differs();
                }
                new.insert(shown_word.to_owned(), word.to_owned());
                continue;
            }
            let is_same = shown_word == word
                || is_figure(&shown, at) && is_figure(&real, at)
                || at > 0 && is_figure(&shown, at - 1) && is_same_unit(shown_word, word);
            if !is_same {
                return differs();
            }
        }
        // What is paid is in the till.
        let long = |words: &[&str]| -> Vec<String> {
            let long = words.iter().filter(|word| word.len() > 5 && is_number(word));
            long.map(ToString::to_string).collect()
        };
        if let ([paid, till], [here, there]) = (&long(&shown)[..], &long(&real)[..])
            && (paid == till) != (here == there)
        {
            return differs();
        }
        self.names.extend(new);
        Ok(())
    }
}

/// What a line is made of, without spaces.
fn words(line: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let len = match rest.find(|c| !is_part(c)) {
            Some(0) => first.len_utf8(),
            Some(len) => len,
            None => rest.len(),
        };
        let (word, left) = rest.split_at(len);
        words.push(word);
        rest = left.trim_start();
    }
    words
}

fn is_hex(word: &str, len: usize) -> bool {
    word.len() == len && word.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// One that the chapter shows has digits and letters: others are words and numbers.
fn is_hash(word: &str) -> bool {
    let is_mixed = word.contains(|c: char| c.is_ascii_digit()) && !is_number(word);
    is_mixed && (is_hex(word, 6) || is_hex(word, 64))
}

fn is_number(word: &str) -> bool {
    let has_digits_alone = word.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    has_digits_alone && word.parse::<f64>().is_ok()
}

/// A number that differs each time: a duration, a count, a size, a time of day.
fn is_figure(words: &[&str], at: usize) -> bool {
    const COUNTED: [&str; 14] = [
        "s", "min", "call", "calls", "panic", "panics", "bytes", "MiB", "in", "sales", "failed",
        "cents", ":", "-",
    ];
    let (word, next) = (words[at].trim_end_matches(".snapshot"), words.get(at + 1));
    let number = word.trim_end_matches(['s', 'm', 'µ', 'n']);
    let is_duration = number.len() < word.len() && is_number(number);
    let before = at.checked_sub(1).map(|before| words[before]);
    let is_counted = next.is_some_and(|next| COUNTED.contains(next))
        || matches!(before, Some("backup" | ":" | "-"));
    is_duration || is_number(word) && (is_counted || word.len() > 4)
}

/// What is counted, once or often; seconds, or minutes.
fn is_same_unit(one: &str, other: &str) -> bool {
    let is_time = |word| matches!(word, "s" | "min");
    one.trim_end_matches('s') == other.trim_end_matches('s') || is_time(one) && is_time(other)
}
